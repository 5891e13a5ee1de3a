import { startLocalCluster } from '../../deploy/cluster/local-cluster.ts';

/** A cluster below a process of its own, so that what it uses up can be told apart: until its parent wants it to end. */
export interface ClusterPlan {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type FromCluster =
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly administrator: { readonly email: string; readonly password: string };
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'failed'; readonly message: string };

const tell = (message: FromCluster): void => void process.send?.(message);

process.once('message', async ({ directory, environment }: ClusterPlan) => {
  try {
    const given = { ...process.env, PORT: '0', LOG_LEVEL: 'error', FULLHOUSE_DEMO: 'false', ...environment };
    const cluster = await startLocalCluster({ directory, environment: given });
    process.once('message', () => void cluster.stop().finally(() => process.disconnect()));
    process.once('disconnect', () => void cluster.stop().finally(() => process.exit()));
    const { url, administrator } = cluster;
    tell({ kind: 'ready', url, administrator, environment: cluster.environment });
  } catch (error) {
    tell({ kind: 'failed', message: (error as Error).message });
    process.disconnect();
  }
});
