import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kafkaAdmin, kafkaOrSkip, startTestKafka, type TestKafka } from '../../../../tests/support/kafka.ts';
import { kcatOrSkip, kcatWriteLines } from '../../../../tests/support/kcat.ts';
import { type KafkaLog, openKafkaLog } from '../kafka-log.ts';
import { follow, record, testTopics } from '../log.contract.ts';
import { batchesIn } from './batches.ts';
import { Cluster } from './cluster.ts';
import { fetchOnce } from './fetch-session.ts';

/** Codecs of batches, by their number in Kafka (KIP-98, KIP-110). */
const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
type Codec = keyof typeof codecs;

const codecBits = 0b111;
const what = 'batches that foreign producers compress';
const count = 500;

if ((await kafkaOrSkip(what)) && (await kcatOrSkip(what))) {
  describe(what, () => {
    let kafka: TestKafka;
    let log: KafkaLog;
    before(async () => {
      kafka = await startTestKafka();
      await kafka.emptyTopics(testTopics);
      log = await openKafkaLog({ ...kafka.access, topics: testTopics });
    });
    after(async () => {
      await log?.close();
      await kafka?.stop();
    });

    const setCompression = (topic: string, value: string) =>
      kafkaAdmin(kafka, (admin) =>
        admin.incrementalAlterConfigs({
          resources: [
            {
              resourceType: 2,
              resourceName: topic,
              configs: [{ name: 'compression.type', value, configOperation: 0 }],
            },
          ],
        }),
      );
    /** How the batches from an offset on lie in the log. */
    const codecsFrom = async (topic: string, offset: number): Promise<readonly Codec[]> => {
      const cluster = new Cluster(kafka.access);
      await cluster.watch([topic], () => {});
      const topicId = cluster.topics.get(topic)?.id ?? '';
      const wanted = { topic, partition: 0, name: topic, topicId, offset };
      const asking = { cluster, purpose: 'read', node: cluster.leader(topic, 0), waitMs: 0 } as const;
      const [fetched] = await fetchOnce(asking, [wanted]);
      await cluster.close();
      const batches = fetched === undefined ? [] : [...batchesIn(fetched.answer.batches)];
      const found = batches.map(({ attributes }) => attributes & codecBits);
      return (Object.keys(codecs) as Codec[]).filter((codec) => found.includes(codecs[codec]));
    };
    /** What a producer that is not ours writes, in batches of which no one is the last of a fetch by chance. */
    const write = async (topic: string, codec: Codec): Promise<readonly string[]> => {
      const lines = Array.from({ length: count }, (_, each) => `${codec} ${each} ${'x'.repeat(each)}`);
      await kcatWriteLines(kafka.broker.brokers, { topic, partition: 0, codec, batchMax: 60 }, lines);
      return lines;
    };

    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      test(`by ${codec} are read as any other, between our own`, async () => {
        await setCompression('letters', 'producer');
        const { next: offset } = await log.bounds({ topic: 'letters', partition: 0 });
        const follower = follow(log, [{ topic: 'letters', partition: 0, offset }]);
        await log.append([record('before')]);
        const lines = await write('letters', codec);
        await log.append([record('after')]);
        await follower.arrived(count + 2);
        assert.deepEqual(follower.values(), ['before', ...lines, 'after']);
        // From the middle of a batch on, as whoever takes over may begin.
        const page = await log.read({ topic: 'letters', partition: 0, offset: offset + 100 }, 10);
        assert.deepEqual(
          page.map(({ value }) => value),
          lines.slice(99, 109),
        );
        await follower.stop();
        assert.deepEqual(follower.errors, []);
        assert.deepEqual(await codecsFrom('letters', offset + 1), ['none', codec]);
      });

      test(`by ${codec} lie uncompressed on a topic as "fullhouse topics create" makes it`, async () => {
        const { next: offset } = await log.bounds({ topic: 'numbers', partition: 0 });
        const lines = await write('numbers', codec);
        const page = await log.read({ topic: 'numbers', partition: 0, offset }, count);
        assert.deepEqual(
          page.map(({ value }) => value),
          lines,
        );
        assert.deepEqual(await codecsFrom('numbers', offset), ['none']);
      });
    }
  });
}
