import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startLocalKafka } from './local-kafka.ts';

/** `npm run kafka`: a local Apache Kafka until Ctrl-C, its records kept from one time to the next. */
const help = `A local Apache Kafka of one broker, until Ctrl-C. Needs Java 17; the first start fetches it with Maven.

  --port <number>       where it listens (default 9092)
  --directory <path>    its records and its log (default: "kafka" in the data directory)

Example:
  npm run kafka -- --port 19092`;

const defaultPort = 9092;
const failed = 1;
const wrongUse = 2;

function options(): { readonly port: number; readonly directory: string } {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, directory: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    console.log(help);
    process.exit(0);
  }
  const port = Number(values.port ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`--port: not a port: ${values.port}`);
  const data = process.env['FULLHOUSE_DATA_DIR'] || '.fullhouse';
  return { port, directory: values.directory ?? join(data, 'kafka') };
}

try {
  const kafka = await startLocalKafka(options());
  let isWanted = false;
  const stop = () => {
    isWanted = true;
    void kafka.stop();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  console.log(`Kafka is ready at ${kafka.brokers} (KAFKA_BROKERS=${kafka.brokers})`);
  // Nothing else keeps this process running.
  const alive = setInterval(() => {}, 2 ** 30);
  await kafka.ended;
  clearInterval(alive);
  if (!isWanted) {
    console.error('Kafka has ended by itself; see broker.log in its directory');
    process.exitCode = failed;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof TypeError ? wrongUse : failed;
}
