import { randomUUID } from 'node:crypto';
import type { RecordStore } from './local-log.ts';
import type { LogRecord, LogTopic } from './log.ts';

/** Records in memory: the `memory` driver, for tests and simulation. */
export function createMemoryRecords(topics: readonly Omit<LogTopic, 'id'>[]): RecordStore {
  const partitions = new Map<string, LogRecord[]>();
  const recordsOf = (topic: string, partition: number): LogRecord[] => {
    const name = `${topic}/${partition}`;
    const known = partitions.get(name) ?? [];
    partitions.set(name, known);
    return known;
  };
  return {
    topics: topics.map((topic) => ({
      ...topic,
      id: randomUUID(),
      bounds: Array.from({ length: topic.partitions }, () => ({ first: 0, next: 0 })),
    })),
    async write(records) {
      for (const record of records) recordsOf(record.topic, record.partition).push(record);
    },
    sync: async () => undefined,
    async read(from, recordsMax) {
      return recordsOf(from.topic, from.partition).slice(from.offset, from.offset + recordsMax);
    },
    async close() {
      partitions.clear();
    },
  };
}
