import { Command } from 'commander';
import type { ParkedDetail, ParkedInput } from '../operations/parked.ts';
import { CommandRefused, inLine, say, sayJson, sayTable } from './answers.ts';
import type { Instance } from './asking.ts';
import { runningInstance } from './instance.ts';

/** Inputs that wait: seen, taken up again, or thrown away. */
export function parkedCommand(): Command {
  const command = new Command('parked')
    .description('inputs that could not be decided, and what waits behind them')
    .addHelpText('after', '\nExample:\n  fullhouse parked\n  fullhouse parked list --service booking');
  command
    .command('list', { isDefault: true })
    .description('what is parked, oldest first')
    .option('--service <name>', 'only of this service')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse parked list --service booking')
    .action(list);
  command
    .command('show')
    .argument('<id>', 'as the list names it')
    .description('one parked input with all of it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse parked show booking.prk_0_1767225600000000')
    .action(show);
  command
    .command('redrive')
    .argument('<id...>')
    .description('take inputs up again, with everything that waits behind them')
    .addHelpText('after', '\nExample:\n  fullhouse parked redrive booking.prk_0_1767225600000000')
    .action((ids: readonly string[]) =>
      oneByOne(ids, async (instance, path) => {
        const { redriven } = await instance.call<{ redriven: number }>('POST', `${path}/redrive`);
        say(`${redriven} taken up again; "fullhouse parked" lists what still waits`);
      }),
    );
  command
    .command('discard')
    .argument('<id...>')
    .description('throw inputs away for good and take up what waits behind them')
    .addHelpText('after', '\nExample:\n  fullhouse parked discard booking.prk_0_1767225600000000')
    .action((ids: readonly string[]) =>
      oneByOne(ids, async (instance, path, id) => {
        await instance.call('POST', `${path}/discard`);
        say(`${id} is thrown away`);
      }),
    );
  return command;
}

/** Does something about each of them; one that cannot be found, or is gone by now, keeps no other from it. */
async function oneByOne(
  ids: readonly string[],
  work: (instance: Instance, path: string, id: string) => Promise<void>,
): Promise<void> {
  const instance = await runningInstance();
  const refused: string[] = [];
  for (const id of ids) {
    try {
      await work(instance, `/ops/parked/${encodeURIComponent(id)}`, id);
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      refused.push(ids.length === 1 ? error.message : `${id}: ${error.message}`);
    }
  }
  if (refused.length > 0) throw new CommandRefused(refused.join('\n'));
}

async function list({ service, json }: { service?: string; json?: boolean }): Promise<void> {
  const query = service === undefined ? '' : `?service=${encodeURIComponent(service)}`;
  const { items } = await (await runningInstance()).call<{ items: readonly ParkedInput[] }>(
    'GET',
    `/ops/parked${query}`,
  );
  if (json === true) return sayJson(items);
  if (items.length === 0) return say('Nothing is parked.');
  sayTable(
    items.map(({ parkedId, subject, reason, what, parkedAt }) => ({ id: parkedId, subject, reason, what, parkedAt })),
  );
}

async function show(name: string, { json }: { json?: boolean }): Promise<void> {
  const instance = await runningInstance();
  for await (const found of instance.run<ParkedDetail>('parked', { name })) {
    if (json === true) return sayJson(found);
    const { parkedId, service, partition, subject, reason, detail, what, parkedAt, waiting } = found;
    say(inLine(`${parkedId}: ${what}`));
    say(`${service}, partition ${partition}, subject ${subject === '' ? '(cannot be read)' : inLine(subject)}`);
    say(`since ${parkedAt}, ${waiting} waiting with it`);
    say(`${reason}: ${inLine(detail)}\n`);
    say(JSON.stringify(found.arrival, null, 2));
  }
}
