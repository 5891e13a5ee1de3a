import { z } from 'zod';
import type { Operate } from '../runtime/asked-operations.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { discardParked, redriveParked } from './parked.ts';
import { replay, replayQuery } from './replay.ts';
import { republish, republishQuery } from './republish.ts';

const named = z.strictObject({ name: z.string().min(1).max(200) });

/** What the owner of a task does when it is asked from another process: `atOwner` asks it so. */
export function operating(installation: Installation): Operate {
  // Nobody who asks from elsewhere can take it back.
  const { signal } = new AbortController();
  return async (operation, input) => {
    switch (operation) {
      case 'redrive':
        return redriveParked(installation, named.parse(input).name);
      case 'discard':
        return discardParked(installation, named.parse(input).name);
      case 'replay':
        return (await all(replay(installation, replayQuery.parse(input), signal)))[0];
      case 'republish':
        return (await all(republish(installation, republishQuery.parse(input), signal))).slice(-1);
      default:
        throw new OperationRefused('not_found', `There is no operation "${operation}".`);
    }
  };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
