import { visa } from '../../tests/support/client.ts';
import { type BareServer, withBareServer } from '../baselines/run-bare-server.ts';
import { runRequests } from '../load/run-requests.ts';
import { type Counted, withSubscribers } from '../load/run-subscribers.ts';
import { cpuOf, processorTime } from '../measure/processor-time.ts';
import { type Figure, type Goal, pairsOf, saturated } from './goal.ts';
import { loosened, type Stage } from './stage.ts';

/** Who follow one show, and its bookings meanwhile: so few that they cost no more than telling of them does. */
const followers = 1_000;
const bookingsPerSecond = 5;
/** Who follow all of the shows, while as many bookings are made as can be. */
const crowd = 5_000;
/** So many that both have enough to do, and few enough to be answered at once. */
const postsPerSecond = 1_500;
const postConnections = 32;

const streamOf = (showId: string) => `/v1/shows/${showId}/availability/stream`;

/**
 * What a message to a follower costs: ours, as much as a booked show with followers costs more than one without, before it and
 * after it; and bare.
 */
async function messageCosts(stage: Stage, bare: BareServer): Promise<{ readonly ours: number; readonly bare: number }> {
  const show = await stage.scene.open(1);
  const pace = { ratePerSecond: bookingsPerSecond };
  const alone = [await stage.book({ pace, show })];
  let before: Counted = { messages: 0, bytes: 0 };
  const watched = await withSubscribers(
    { url: stage.system.url, paths: show.map(streamOf), count: followers },
    async (counted) => {
      before = await counted();
      const booked = await stage.book({ pace, show });
      return { booked, after: await counted() };
    },
  );
  alone.push(await stage.book({ pace, show }));
  const messages = watched.after.messages - before.messages;
  const bytes = Math.round((watched.after.bytes - before.bytes) / messages);
  const { warmUpMs, measuredMs } = stage.sizes;
  // Counted from the first booking to the last; what it costs was measured without the warm-up.
  const perSecond = (messages / followers / (warmUpMs + measuredMs)) * 1_000;
  const without = alone.reduce((sum, { spent }) => sum + spent.cpu.services, 0) / alone.length;
  const more = watched.booked.spent.cpu.services - without;
  const measuredMessages = (perSecond * followers * measuredMs) / 1_000;
  return {
    ours: (more * 1_000_000) / measuredMessages,
    bare: await bareCost(bare, { bytes, perSecond, measuredMs }),
  };
}

async function bareCost(
  bare: BareServer,
  { bytes, perSecond, measuredMs }: { readonly bytes: number; readonly perSecond: number; readonly measuredMs: number },
): Promise<number> {
  return withSubscribers({ url: bare.url, paths: ['/stream'], count: followers }, async (counted) => {
    bare.push({ bytes, perSecond });
    const before = { cpu: cpuOf(processorTime(bare.pid)), ...(await counted()) };
    await new Promise((resolve) => setTimeout(resolve, measuredMs));
    const after = { cpu: cpuOf(processorTime(bare.pid)), ...(await counted()) };
    return ((after.cpu - before.cpu) * 1_000_000) / (after.messages - before.messages);
  });
}

async function ofMessages(stage: Stage, bare: BareServer): Promise<readonly Figure[]> {
  const costs = [];
  for (let run = 0; run < stage.sizes.pairs; run += 1) costs.push(await messageCosts(stage, bare));
  return [
    {
      what: 'a message to a follower ÷ bare socket.write',
      ...{ unit: '', values: costs.map((each) => each.ours / each.bare), wanted: { atMost: 1.5 } },
    },
    { what: 'a message to a follower', unit: 'µs', values: costs.map(({ ours }) => ours) },
    { what: 'bare socket.write', unit: 'µs', values: costs.map((each) => each.bare) },
  ];
}

async function ofCrowd(stage: Stage): Promise<readonly Figure[]> {
  const watched = async () => {
    const show = await stage.scene.open(stage.sizes.shows);
    const plan = { url: stage.system.url, paths: show.map(streamOf), count: crowd };
    return withSubscribers(plan, () => stage.book({ pace: saturated, show }));
  };
  const pairs = await pairsOf(stage, watched, () => stage.book({ pace: saturated }));
  const ratio = pairs.map(([many, none]) => many.ticketedPerSecond / none.ticketedPerSecond);
  return [
    { what: `bookings with ${crowd} followers ÷ none`, unit: '', values: ratio, wanted: { atLeast: 0.8 } },
    { what: `bookings with ${crowd} followers`, unit: '/s', values: pairs.map(([many]) => many.ticketedPerSecond) },
    { what: 'bookings with none', unit: '/s', values: pairs.map(([, none]) => none.ticketedPerSecond) },
  ];
}

/** On a system that stores requests and takes none up, so that only the request itself is counted. */
async function ofPosts({ mode, sizes }: Stage, bare: BareServer): Promise<readonly Figure[]> {
  const { stage, loosen } = await loosened(mode, sizes, 'without-taking');
  try {
    const show = await stage.scene.open(sizes.shows);
    loosen();
    const plan = {
      requests: show.map((showId) => ({
        path: '/v1/bookings',
        body: JSON.stringify({ showId, bestAvailable: { count: 1 }, payment: visa }),
      })),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${stage.scene.tokens[0]}` },
      ...{ status: 202, ratePerSecond: postsPerSecond, connections: postConnections },
      ...{ warmUpMs: sizes.warmUpMs, measuredMs: sizes.measuredMs },
    };
    const probe = {
      read: async () => ({ cpu: processorTime(bare.pid), commits: 0, walBytes: 0 }),
    };
    const pairs = await pairsOf(
      stage,
      () => stage.watched((ours) => runRequests({ ...plan, url: stage.system.url }, ours)),
      () => runRequests({ ...plan, url: bare.url }, probe),
    );
    const cost = (part: 'services' | 'postgres', { spent, answered }: (typeof pairs)[number][number]) =>
      (spent.cpu[part] * 1_000_000) / answered;
    const ratio = pairs.map(([ours, theirs]) => cost('services', ours) / cost('services', theirs));
    return [
      { what: 'POST /v1/bookings ÷ bare Fastify', unit: '', values: ratio, wanted: { atMost: 2.5 } },
      { what: 'POST /v1/bookings', unit: 'µs', values: pairs.map(([ours]) => cost('services', ours)) },
      { what: 'its PostgreSQL', unit: 'µs', values: pairs.map(([ours]) => cost('postgres', ours)) },
      { what: 'bare Fastify', unit: 'µs', values: pairs.map(([, theirs]) => cost('services', theirs)) },
    ];
  } finally {
    await stage.stop();
  }
}

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly requestBody: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
        };
      }
    >
  >;
}

export const fanOut: Goal = {
  name: 'fan-out',
  says: 'processor time of a message to a follower of a seat map ÷ bare socket.write; bookings a second with 5,000 followers ÷ none; POST /v1/bookings ÷ a bare Fastify handler that validates the same body',
  modes: ['embedded'],
  async measure(stage) {
    const { body } = await stage.scene.admin.get<Described>('/openapi.json');
    const bodySchema = body.paths['/v1/bookings']?.post.requestBody.content['application/json']?.schema;
    if (bodySchema === undefined) throw new Error('the description does not say what a booking is asked with');
    return withBareServer({ bodySchema }, async (bare) => [
      ...(await ofMessages(stage, bare)),
      ...(await ofCrowd(stage)),
      ...(await ofPosts(stage, bare)),
    ]);
  },
};
