import type { Statement } from './service.ts';

/**
 * What one instance of a service tells the others, so that none of them has to ask again and again: that request rows wait
 * for their owner, that documents have changed which somebody may be waiting for, that references have arrived which
 * parked inputs may be waiting for. Drivers: `local` (instances in one process, most often one) and `postgres`; one
 * contract suite runs over both. Notices only wake: who misses one is told that it did, and looks at the database.
 */
export interface Notices {
  /** Statements for the transaction that makes it true: others are told with its commit, and not without it. */
  telling(notice: Notice): readonly Statement[];
  /** To be called once that transaction has committed. */
  told(notice: Notice): void;
  /** Hears the notices of other instances, not one's own. Resolves once none is missed any more. */
  follow(follower: Follower): Promise<Following>;
}

export interface Notice {
  readonly requests?: readonly { readonly requestId: string; readonly partition: number }[];
  readonly documents?: readonly { readonly view: string; readonly id: string }[];
  readonly references?: readonly { readonly topic: string; readonly key: string }[];
  /** Asked by operators, or answered. */
  readonly operations?: readonly { readonly operationId: string; readonly partition: number }[];
}

export interface Follower {
  readonly onNotice: (notice: Notice) => void;
  /** Some may have been missed: everything has to be looked at once. */
  readonly onMissed: () => void;
}

export interface Following {
  /** Why notices do not come at the moment. */
  readonly trouble: string | undefined;
  stop(): Promise<void>;
}

export function isEmpty({ requests = [], documents = [], references = [], operations = [] }: Notice): boolean {
  return requests.length + documents.length + references.length + operations.length === 0;
}

/** The instances of a service in one process. Each takes notices of its own; alone, nobody is told anything. */
export function createLocalNotices(): () => Notices {
  const followers = new Map<Notices, Follower>();
  return () => {
    const own: Notices = {
      telling: () => [],
      told(notice) {
        if (followers.size === (followers.has(own) ? 1 : 0) || isEmpty(notice)) return;
        for (const [of, follower] of followers) if (of !== own) follower.onNotice(notice);
      },
      async follow(follower) {
        followers.set(own, follower);
        return {
          trouble: undefined,
          stop: async () => {
            followers.delete(own);
          },
        };
      },
    };
    return own;
  };
}
