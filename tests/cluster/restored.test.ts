import { roles } from '../../src/composition/roles.ts';
import { clusterGround } from '../support/cluster.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { describeRestored } from '../support/restored-databases.ts';
import { administrator } from '../support/servers.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'silent',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

if (await kafkaOrSkip('databases that were restored from a backup'))
  describeRestored(async () => {
    const ground = await clusterGround(environment);
    return {
      environment: () => ground.environment,
      start: async () => ({ postgres: ground.postgres, ...(await ground.start(roles)) }),
      whileStopped: (work) => work(ground.postgres),
      stop: () => ground.stop(),
    };
  });
