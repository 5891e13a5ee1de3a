import type { SeatPlan, Show } from '../src/contracts/catalog.ts';
import { newId } from '../src/contracts/ids.ts';
import type { SettingKey } from '../src/contracts/settings.ts';
import type { Profile } from '../src/contracts/user.ts';
import type { OwnedFact } from '../src/runtime/service-runtime.ts';
import { type ShowCommand, type ShowState, shows as showDecider } from '../src/services/catalog/decider.ts';
import { insertUser } from '../src/services/user/projection.ts';
import type { Cluster } from './cluster.ts';
import { sleep } from './process.ts';
import type { Random } from './random.ts';
import { beginning } from './timers.ts';

/** One hall for all shows: 24 seats that some fight for, and an area for a few who stand. */
const seatNumbers = 8;
const rows = ['A', 'B', 'C'];
export const standingRoom = 6;

export interface Person {
  readonly userId: string;
  readonly profile: Profile;
}

/** What is on sale and to whom: the facts that the catalogue and the user service publish, by their own deciders. */
export class Venue {
  readonly plan: SeatPlan;
  readonly shows: Show[];
  readonly people: readonly Person[];
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #registered = new Set<string>();
  /** How long things last, differently in each run: in some of them no hold outlives a slow payment. */
  readonly #temper: readonly (readonly [SettingKey, readonly number[]])[] = [
    ['holdTtlMs', [15_000, 40_000, 120_000, 300_000]],
    ['paymentGraceMs', [0, 5_000, 60_000]],
    ['paymentAttemptsMax', [1, 3]],
    ['quoteTtlMs', [10_000, 120_000]],
    ['notificationGraceMs', [0, 2_000]],
  ];
  readonly #states = new Map<string, { state: ShowState; version: number }>();
  readonly #settings = new Map<string, number>();

  constructor(options: {
    readonly cluster: Cluster;
    readonly random: Random;
    readonly shows: number;
    readonly people: number;
  }) {
    const { cluster, random } = options;
    this.#cluster = cluster;
    this.#random = random;
    this.plan = planOf();
    this.shows = Array.from({ length: options.shows }, (_, index) => showOf(this.plan, index, random));
    this.people = Array.from({ length: options.people }, (_, index) => personOf(index, random));
  }

  /** All seats of the hall in plan order. */
  get seats(): readonly string[] {
    return rows.flatMap((row) => Array.from({ length: seatNumbers }, (_, index) => `S-${row}-${index + 1}`));
  }

  async open(): Promise<void> {
    const plan = this.plan;
    await this.#publish('catalog', [
      {
        type: 'SeatPlanPublished',
        stream: `plans/${plan.seatPlanId}`,
        streamVersion: 1,
        key: plan.seatPlanId,
        subject: plan.seatPlanId,
        data: plan,
      },
    ]);
    for (const [key, values] of this.#temper) await this.change(key, this.#random.pick(values));
    for (const show of this.shows.slice(1)) await this.command(show.showId, { type: 'ScheduleShow', show });
    for (const person of this.people) if (this.#random.chance(0.7)) await this.register(person);
  }

  /** The first show comes late, when some want to book it already. */
  async announce(): Promise<void> {
    const [show] = this.shows;
    if (show === undefined || this.show(show.showId).status !== 'absent') return;
    await sleep(this.#random.between(0, 40_000));
    await this.command(show.showId, { type: 'ScheduleShow', show });
  }

  /** Makes somebody's account, unless they have one: as registering does, but for the hash of a password, which nobody needs. */
  async register({ userId, profile }: Person): Promise<void> {
    if (this.#registered.has(userId)) return;
    this.#registered.add(userId);
    const { name, email = null, phone = null, locale } = profile;
    const account = { userId, email, name, phone, locale, roles: ['customer'], passwordHash: null, external: false };
    const about = { stream: `user-profiles/${userId}`, streamVersion: 1, key: userId, subject: userId };
    const { rows } = await this.#cluster.database('user').transaction(Date.now(), async (transaction) => {
      await insertUser(transaction, account);
      await transaction.publish({ type: 'UserProfileChanged', ...about, data: profile });
    });
    this.#cluster.notify('user', rows);
  }

  show(showId: string): ShowState {
    return this.#states.get(showId)?.state ?? showDecider.initialState;
  }

  /** Changes a show as the organizer's request does. */
  async command(showId: string, command: ShowCommand): Promise<void> {
    const known = this.#states.get(showId) ?? { state: showDecider.initialState, version: 0 };
    const facts: OwnedFact[] = [];
    for (const event of showDecider.decide(known.state, command)) {
      if (event.type === 'ShowCommandRefused') return;
      known.state = showDecider.evolve(known.state, event);
      known.version += 1;
      const { version: streamVersion } = known;
      facts.push({
        type: event.type,
        stream: `shows/${showId}`,
        streamVersion,
        key: showId,
        subject: showId,
        data: event.data,
      });
    }
    this.#states.set(showId, known);
    await this.#publish('catalog', facts);
  }

  async change(key: SettingKey, value: unknown): Promise<void> {
    const version = (this.#settings.get(key) ?? 0) + 1;
    this.#settings.set(key, version);
    const data = { key, value, version, who: 'organizer', when: new Date().toISOString(), why: 'simulation' };
    await this.#publish('catalog', [
      { type: 'SettingChanged', stream: `settings/${key}`, streamVersion: version, key, subject: key, data },
    ]);
  }

  /** The request itself is never lost here: what becomes of its facts is what is simulated. */
  async #publish(service: string, facts: readonly OwnedFact[]): Promise<void> {
    const stored = await this.#cluster.database(service).publish(facts, Date.now());
    this.#cluster.notify(service, stored);
  }
}

function planOf(): SeatPlan {
  return {
    seatPlanId: newId('seatPlan'),
    name: 'The hall',
    sections: [
      {
        id: 'S',
        name: 'Stalls',
        priceCategory: 'standard',
        rows: rows.map((id) => ({ id, name: id, first: 1, last: seatNumbers, step: 1, accessible: [], companion: [] })),
      },
    ],
    areas: [{ area: 'standing', name: 'Standing', capacity: standingRoom, priceCategory: 'standing' }],
  };
}

function showOf(plan: SeatPlan, index: number, random: Random): Show {
  const startsAt = new Date(beginning + (index === 0 ? 40 * 60_000 : 30 * 3_600_000)).toISOString();
  return {
    showId: newId('show'),
    movie: { movieId: newId('movie'), title: `Film ${index + 1}` },
    theatre: { theatreId: newId('theatre'), name: 'The theatre', location: 'Vienna', timeZone: 'Europe/Vienna' },
    screen: { screenId: newId('screen'), number: index + 1 },
    startsAt,
    seatPlanId: plan.seatPlanId,
    priceCategories: [
      { name: 'standard', price: { amount: 1_000 + 100 * index, currency: 'EUR' } },
      { name: 'standing', price: { amount: index === 2 ? 0 : 500, currency: 'EUR' } },
    ],
    sales: { opensAt: new Date(beginning - 86_400_000).toISOString(), closesAt: startsAt },
    ...(random.chance(0.4) ? { seatsPerCustomerMax: random.between(2, 4) } : {}),
    refundPolicy: { untilMinutesBefore: 0, feePercent: random.chance(0.3) ? 10 : 0 },
    state: 'scheduled',
  };
}

function personOf(index: number, random: Random): Person {
  const userId = newId('user');
  const profile = {
    userId,
    name: `Person ${index + 1}`,
    locale: 'en',
    ...(random.chance(0.9) ? { email: `person${index + 1}@example.com` } : {}),
    ...(random.chance(0.6) ? { phone: `+431000${100 + index}` } : {}),
  };
  return { userId, profile };
}
