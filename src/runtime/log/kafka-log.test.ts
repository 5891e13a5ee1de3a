import { after, before, describe } from 'node:test';
import { kafkaOrSkip, startTestKafka, type TestKafka } from '../../../tests/support/kafka.ts';
import { openKafkaLog } from './kafka-log.ts';
import { logContract, testTopics } from './log.contract.ts';

if (await kafkaOrSkip('the log on Kafka')) {
  describe('a log on Kafka', () => {
    let kafka: TestKafka;
    before(async () => {
      kafka = await startTestKafka();
    });
    after(() => kafka.stop());

    logContract('kafka', async () => {
      await kafka.emptyTopics(testTopics);
      return openKafkaLog({ ...kafka.access, topics: testTopics });
    });
  });
}
