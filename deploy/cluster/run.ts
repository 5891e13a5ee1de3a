import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type RoleName, serviceRoles } from '../../src/runtime/configuration.ts';
import { startLocalCluster } from './local-cluster.ts';

/** `npm run cluster`: the cluster mode on this machine until Ctrl-C, kept from one time to the next. */
const help = `Every service as a process of its own over a local Kafka and PostgreSQL, until Ctrl-C. Needs Java 17.
PORT names the gateway's port (default 8080).

  --instances <service>=<number>   processes of a service (default 1); may be given several times
  --observe                        a Prometheus that scrapes it, with our alerts, and a view of its traces
  --directory <path>               databases, log, keys (default: "cluster" in the data directory)

Example:
  npm run cluster -- --instances booking=2 --instances seat-inventory=3`;

const failed = 1;
const wrongUse = 2;
const instancesMax = 20;

function options() {
  const { values } = parseArgs({
    options: {
      instances: { type: 'string', multiple: true },
      directory: { type: 'string' },
      observe: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(help);
    process.exit(0);
  }
  const instances: Partial<Record<RoleName, number>> = {};
  for (const given of values.instances ?? []) {
    const [name = '', count = ''] = given.split('=');
    const role = serviceRoles.find((each) => each === name);
    if (role === undefined)
      throw new TypeError(`--instances: there is no "${name}"; there are: ${serviceRoles.join(', ')}`);
    if (!(Number.isInteger(Number(count)) && Number(count) >= 1 && Number(count) <= instancesMax))
      throw new TypeError(`--instances: ${given}: give a number from 1 to ${instancesMax}`);
    instances[role] = Number(count);
  }
  const data = process.env['FULLHOUSE_DATA_DIR'] || '.fullhouse';
  return { instances, observe: values.observe, directory: values.directory ?? join(data, 'cluster') };
}

try {
  const given = options();
  const environment = { FULLHOUSE_DEMO: 'true', ...process.env };
  const starting = startLocalCluster({ ...given, environment, onLine: (line) => console.log(line) });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    console.log('stopping …');
    void starting
      .then((cluster) => cluster.stop())
      .then(
        () => process.exit(0),
        () => process.exit(failed),
      );
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const { url, administrator, environmentFile } = await starting;
  console.log(`Administrator: ${administrator.email}, password ${administrator.password}`);
  console.log(`For the command line: . ${relative('.', environmentFile)}`);
  if (!stopping) console.log(`Fullhouse is ready at ${url}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof TypeError ? wrongUse : failed;
}
