import type { Configuration } from '../../configuration.ts';
import type { Logger } from '../../logger.ts';
import type { KafkaAccess } from './cluster.ts';

/** How this installation gets at its Kafka; `undefined` where it has none. */
export function kafkaAccess(
  configuration: Configuration,
  { clientId, logger }: { readonly clientId: string; readonly logger: Logger },
): KafkaAccess | undefined {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_TLS_CA, KAFKA_SASL_MECHANISM: mechanism } = configuration;
  if (KAFKA_BROKERS === undefined) return undefined;
  const { KAFKA_SASL_USERNAME: username = '', KAFKA_SASL_PASSWORD: password = '' } = configuration;
  return {
    brokers: KAFKA_BROKERS,
    clientId,
    logger,
    tls: KAFKA_TLS ? (KAFKA_TLS_CA === undefined ? {} : { ca: KAFKA_TLS_CA }) : undefined,
    sasl: mechanism === undefined ? undefined : { mechanism, username, password },
  };
}
