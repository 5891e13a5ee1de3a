import type { ServiceName } from '../../contracts/topics.ts';
import type { Installation } from '../installation.ts';
import type { Examination, Report } from './finding.ts';

/** What requests store for themselves beside the facts that leave: a database restored from a backup may lack it. */

const keys = {
  name: 'keys-are-kept',
  promise: 2,
  says: 'every booking that was asked for has its idempotency key, as long as keys are kept',
} as const;
const accounts = {
  name: 'accounts-are-kept',
  promise: 2,
  says: 'every profile that was told of has its account, and every account with an address a password',
} as const;
const shows = {
  name: 'shows-are-kept',
  promise: 2,
  says: 'every show that was told of is in the catalogue, as it was told',
} as const;

const wrongShown = 1_000;
const clocksApartMs = 3_600_000;

/**
 * What is older than the oldest key may have had one whose time is over. A request is decided after it was accepted: what was
 * decided an hour before that time is older, whatever the clocks of two processes say, and need not be opened. The two are
 * subtracted as sets: no index leads from a booking to its key, and the keys are not to be read through for each of them,
 * however few there seem to be to a planner without statistics.
 */
export const lostKeys = `select subject as id from events where type = 'BookingRequested'
    and time >= (select min(stored_at) - ${clocksApartMs} from idempotency_keys)
    and extract(epoch from (data ->> 'acceptedAt')::timestamptz) * 1000 >= (select min(stored_at) from idempotency_keys)
  except select resource from idempotency_keys where scope like '%POST /v1/bookings'`;

interface Wrong {
  readonly id: string;
}

/** Rows that should not be, each with the sentence that says why. */
async function* wrong(
  { query }: Installation,
  {
    invariant,
    service,
    text,
    says,
  }: { invariant: string; service: ServiceName; text: string; says: (id: string) => string },
): AsyncGenerator<Report> {
  for (const { id } of await query<Wrong>(service, `${text} limit ${wrongShown}`))
    yield { finding: { invariant, key: id, says: says(id) } };
}

async function* counted(
  { query }: Installation,
  name: string,
  service: ServiceName,
  text: string,
): AsyncGenerator<Report> {
  const [row] = await query<{ readonly looked: number }>(service, `select count(*)::int as looked from ${text}`);
  yield { looked: { [name]: row?.looked ?? 0 } };
}

export const keptExamination: Examination = {
  invariants: [keys, accounts, shows],
  examine: async function* (installation) {
    yield* counted(installation, keys.name, 'user', 'idempotency_keys');
    yield* wrong(installation, {
      ...{ invariant: keys.name, service: 'user' },
      text: lostKeys,
      says: (id) => `${id} has lost its idempotency key: its request, sent again, would book again`,
    });
    yield* counted(installation, accounts.name, 'user', 'users');
    yield* wrong(installation, {
      ...{ invariant: accounts.name, service: 'user' },
      text: `select distinct subject as id from events e where channel = 'user-profiles'
             and not exists (select from users u where u.user_id = e.subject)`,
      says: (id) => `${id} was told of, and has no account`,
    });
    yield* wrong(installation, {
      ...{ invariant: accounts.name, service: 'user' },
      text: 'select user_id as id from users where email is not null and password_hash is null and not external',
      says: (id) => `${id} has lost its password and its roles: the password can be reset, roles given again`,
    });
    yield* counted(installation, shows.name, 'catalog', 'shows');
    yield* wrong(installation, {
      ...{ invariant: shows.name, service: 'catalog' },
      text: `select told.id from (select subject as id, max(stream_version) as version from events
               where channel = 'catalog' group by subject) told
             left join shows s on s.show_id = told.id where s.version is null or s.version < told.version`,
      says: (id) => `${id} is not in the catalogue as it was told last`,
    });
  },
};
