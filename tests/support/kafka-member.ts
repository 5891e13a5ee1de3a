import { openKafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { testTopics } from '../../src/runtime/log/log.contract.ts';
import { accessTo } from './kafka.ts';

/** A member of a group in a process of its own, to be killed: says when it owns something. */
const log = await openKafkaLog({ ...accessTo(process.argv[2] ?? ''), topics: testTopics });
await log.join({
  group: 'fullhouse-members',
  topic: 'letters',
  onAssigned: async (partitions) => console.log(`owns ${partitions.join()}`),
  onRevoked: async () => {},
});
