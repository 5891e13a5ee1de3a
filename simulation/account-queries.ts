/** What the user service asks and writes of accounts in SQL, in memory. */

/** An account, as its row has it. */
export interface Account {
  readonly userId: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly phone: string | null;
  readonly locale: string | null;
  readonly roles: readonly string[];
  readonly passwordHash: string | null;
  readonly external: boolean;
  readonly version: number;
  readonly erasedAt: number | undefined;
}

export type Accounts = Map<string, Account>;

type Row = Readonly<Record<string, unknown>>;
type Query = (tables: { readonly users: Accounts }, values: readonly unknown[]) => readonly Row[];

/** As long as the access tokens of somebody who was erased may be good. */
const recentlyMs = 20 * 60_000;

function accountIn(users: Accounts, userId: unknown): readonly Account[] {
  const account = users.get(String(userId));
  return account === undefined ? [] : [account];
}

const idOf = ({ userId }: Account): Row => ({ userId });
const accountRow = ({ erasedAt, ...row }: Account): Row => ({ ...row, erased: erasedAt !== undefined });

export const accountQueries: readonly (readonly [begins: string, query: Query])[] = [
  [
    'select user_id as "userId" from users where erased_at >',
    ({ users }) => [...users.values()].filter(({ erasedAt = 0 }) => erasedAt > Date.now() - recentlyMs).map(idOf),
  ],
  [
    'select user_id as "userId", email, name, phone, locale, roles, password_hash as "passwordHash", external, version, erased_at is not null as erased from users where user_id',
    ({ users }, [userId]) => accountIn(users, userId).map(accountRow),
  ],
  [
    'select erased_at is not null as erased from users where user_id = $1 for share',
    ({ users }, [userId]) => accountIn(users, userId).map(({ erasedAt }) => ({ erased: erasedAt !== undefined })),
  ],
  // Nobody administers here.
  [`select user_id as "userId" from users where 'admin' = any`, () => []],
  [
    'insert into users',
    ({ users }, [userId, email, name, phone, locale, roles, passwordHash, external]) => {
      const account = { userId, email, name, phone, locale, roles, passwordHash, external, version: 1 } as Account;
      users.set(String(userId), account);
      return [{ user_id: userId }];
    },
  ],
  [
    'update users set email = null',
    ({ users }, [userId, version]) => {
      users.set(String(userId), {
        ...{ userId: String(userId), email: null, name: null, phone: null, locale: null, passwordHash: null },
        ...{ roles: [], external: false, version: Number(version), erasedAt: Date.now() },
      });
      return [];
    },
  ],
  // Nobody signs in here, forgets a password or has to wait in a room.
  ['delete from password_resets', () => []],
  ['update user_sessions set ended_at', () => []],
  ['delete from waiting_places', () => []],
];
