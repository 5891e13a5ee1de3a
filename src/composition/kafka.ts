import type { Configuration } from '../runtime/configuration.ts';
import { kafkaAccess } from '../runtime/log/kafka/access.ts';
import { type KafkaLog, openKafkaLog } from '../runtime/log/kafka-log.ts';
import type { Logger } from '../runtime/logger.ts';
import { topicsOf } from './services.ts';

/** Opens the log of the cluster mode: `KAFKA_BROKERS` has to be set. */
export function openClusterLog(configuration: Configuration, logger: Logger, clientId: string): Promise<KafkaLog> {
  const access = kafkaAccess(configuration, { clientId, logger });
  if (access === undefined) throw new Error('KAFKA_BROKERS is not set');
  return openKafkaLog({ ...access, topics: topicsOf(configuration.FULLHOUSE_PARTITIONS) });
}
