import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LogTopic, LogUnavailable } from '../src/runtime/log/log.ts';
import { installClock } from './clock.ts';
import { Faults, withoutNothing } from './faults.ts';
import { Groups } from './groups.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import { Trace } from './trace.ts';

const topic: LogTopic = { name: 'booking-movie', id: 'an id', partitions: 2, retentionDays: 7 };
const group = 'fullhouse-booking';

/** Runs something on a virtual clock, to its end or until nothing is left that could happen. */
async function simulated(work: (world: Surroundings) => Promise<void>): Promise<void> {
  const clock = installClock(1);
  let isDone = false;
  try {
    const trace = new Trace({ elapsed: () => clock.elapsed(), story: false });
    const faults = new Faults({ seed: 1, without: withoutNothing, trace });
    const working = work({ seed: 1, trace, faults }).then(() => {
      isDone = true;
    });
    await clock.run(() => isDone);
    assert.ok(isDone, 'it waits for something that never comes');
    await working;
  } finally {
    clock.uninstall();
  }
}

/** A group of one, and what it was told. */
async function ownerIn(world: Surroundings) {
  const groups = new Groups([topic]);
  const owner = new SimulatedProcess('booking/1', world);
  const told: string[] = [];
  await groups.join(owner, {
    ...{ group, topic: topic.name },
    onAssigned: async (partitions) => void told.push(`assigned ${partitions}`),
    onRevoked: async (partitions) => void told.push(`revoked ${partitions}`),
  });
  return { groups, owner, told };
}

describe('a simulated group', () => {
  it('does not wait for a former owner that dies while it hears that it is one', () =>
    simulated(async (world) => {
      const groups = new Groups([topic]);
      const owner = new SimulatedProcess('booking/1', world);
      const onRevoked = () => {
        owner.kill();
        return new Promise<never>(() => undefined);
      };
      await groups.join(owner, { group, topic: topic.name, onAssigned: async () => undefined, onRevoked });
      await groups.named('booking')?.deafen(owner);
      await groups.named('booking')?.hear(owner);
    }));

  it('takes away once from a former owner that is told twice at the same time that it is one', () =>
    simulated(async (world) => {
      const { groups, owner, told } = await ownerIn(world);
      await groups.named('booking')?.deafen(owner);
      await Promise.all([groups.named('booking')?.hear(owner), groups.named('booking')?.hear(owner)]);
      assert.deepEqual(told, ['assigned 0,1', 'revoked 0,1', 'assigned 0,1']);
    }));

  it('gives back what it has taken from a former owner, where nobody else was given it meanwhile', () =>
    simulated(async (world) => {
      const { groups, owner, told } = await ownerIn(world);
      const booking = groups.named('booking');
      await Promise.all([booking?.hear(owner), booking?.deafen(owner)]);
      assert.deepEqual(told, ['assigned 0,1', 'revoked 0,1', 'assigned 0,1']);
    }));

  it('has a member take over again what it could not, as a real one does', () =>
    simulated(async (world) => {
      const groups = new Groups([topic]);
      const told: (readonly number[])[] = [];
      const [first, second] = [new SimulatedProcess('booking/1', world), new SimulatedProcess('booking/2', world)];
      const onRevoked = async () => undefined;
      await groups.join(first, {
        ...{ group, topic: topic.name, onRevoked },
        onAssigned: async (partitions) => {
          told.push(partitions);
          if (told.length === 2) throw new LogUnavailable('the broker did not answer');
        },
      });
      const membership = await groups.join(second, {
        ...{ group, topic: topic.name, onRevoked },
        onAssigned: async () => undefined,
      });
      await membership.leave();
      assert.deepEqual(told, [[0, 1], [1], [1]]);
      assert.equal(first.dead, false);
    }));

  it('has a process end that cannot take over the first it is given', () =>
    simulated(async (world) => {
      const groups = new Groups([topic]);
      const process = new SimulatedProcess('booking/1', world);
      const onAssigned = () => Promise.reject(new LogUnavailable('the broker did not answer'));
      await groups.join(process, { group, topic: topic.name, onAssigned, onRevoked: async () => undefined });
      assert.equal(process.dead, true);
    }));
});
