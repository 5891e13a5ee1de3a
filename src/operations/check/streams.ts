import { type ServiceName, topics } from '../../contracts/topics.ts';
import { dayMs } from '../../runtime/housekeeping/retentions.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { Installation } from '../installation.ts';
import type { Examination } from './finding.ts';

/** Counting without gaps: versions of streams, sequences of channels, and what of them is on the topics. */

const versions = {
  name: 'versions-without-gaps',
  promise: 2,
  says: 'stream versions run from 1 without a gap',
} as const;
const sequences = {
  name: 'sequences-without-gaps',
  promise: 2,
  says: 'sequences of each channel run without a gap to the last one given',
} as const;
const onTopic = {
  name: 'events-on-topics',
  promise: 2,
  says: 'every stored event that its topic can still hold is on it',
} as const;

/** Records of one page. */
const pageRecordsMax = 1_000;
/** Streams of one question. */
const streamsMax = 50_000;
const wrongShown = 1_000;

interface StreamsRow {
  readonly count: number;
  readonly last: string | null;
  readonly wrong: readonly {
    readonly stream: string;
    readonly count: number;
    readonly first: number;
    readonly last: number;
  }[];
}

/** Of the next streams: how many they are, the last one, and those that do not count from 1 without a gap. */
export const nextStreams = `
  with streams as (
    select stream, count(*)::int as count, min(stream_version) as first, max(stream_version) as last
    from events where stream > $1 group by stream order by stream limit $2)
  select count(*)::int as count, max(stream) as last,
    (select coalesce(json_agg(w), '[]') from (
      select * from streams where first <> 1 or last <> count limit $3) as w) as wrong
  from streams`;

export const versionExamination: Examination = {
  invariants: [versions],
  examine: async function* ({ definitions, query }) {
    for (const { name } of definitions) {
      for (let after: string | null = ''; after !== null; ) {
        const [page]: readonly StreamsRow[] = await query<StreamsRow>(name as ServiceName, nextStreams, [
          ...[after, streamsMax, wrongShown],
        ]);
        if (page === undefined) break;
        yield { looked: { [versions.name]: page.count } };
        for (const { stream, count, first, last } of page.wrong) {
          const says = `${name} has ${count} events of ${stream} with versions ${first} to ${last}`;
          yield { finding: { invariant: versions.name, key: `${name} ${stream}`, says } };
        }
        after = page.last;
      }
    }
  },
};

interface ChannelRow {
  readonly channel: string;
  readonly partition: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** As the task row remembers it, in the same moment. */
  readonly given: number | null;
}

function channelsOf({ query }: Installation, service: string): Promise<readonly ChannelRow[]> {
  return query<ChannelRow>(
    service as ServiceName,
    `select channel, e.partition, count(*)::int as count, min(sequence) as first, max(sequence) as last,
       (select (t.sequences ->> channel)::bigint from tasks t where t.partition = e.partition) as given
     from events e group by channel, e.partition order by 1, 2`,
  );
}

interface LastRow {
  readonly partition: number;
  readonly last: number;
  /** When it was decided: milliseconds since 1970. */
  readonly time: number;
}

/** The last event that is stored for each partition of a topic: a look at the end of an index each. */
function lastOf({ query }: Installation, service: ServiceName, topic: string) {
  return query<LastRow>(
    service,
    `select partition, last, time::float8 from tasks t, lateral (
       select sequence as last, time from events e where e.channel = $1 and e.partition = t.partition
       order by sequence desc limit 1
     ) as stored order by partition`,
    [topic],
  );
}

export const sequenceExamination: Examination = {
  invariants: [sequences],
  examine: async function* (installation) {
    for (const { name } of installation.definitions) {
      for (const { channel, partition, count, first, last, given } of await channelsOf(installation, name)) {
        yield { looked: { [sequences.name]: count } };
        if (first === 1 && last === count && last === given) continue;
        const says = `${name} has ${count} events on ${channel === '' ? 'no topic' : channel}/${partition} with sequences ${first} to ${last}, the task has given ${given}`;
        yield { finding: { invariant: sequences.name, key: `${name} ${channel} ${partition}`, says } };
      }
    }
  },
};

interface RecordsRow {
  readonly count: number;
  readonly first: number | null;
  readonly last: number | null;
}

interface PublishedBy {
  readonly topic: string;
  readonly partition: number;
  readonly source: string;
}

/** The sequences on a topic's partition, read record by record: they may have come more than once. */
async function publishedOf(log: Log, { topic, partition, source }: PublishedBy): Promise<RecordsRow> {
  const { first, next } = await log.bounds({ topic, partition });
  const seen = new SeenSequences();
  for (let offset = first; offset < next; ) {
    const page = await log.read({ topic, partition, offset }, pageRecordsMax);
    for (const { headers } of page) if (headers['ce_source'] === source) seen.add(Number(headers['ce_sequence']));
    offset = (page.at(-1)?.offset ?? next - 1) + 1;
  }
  return seen.row;
}

/** Counts sequences without keeping them: each comes in its order the first time, and what comes again is passed over. */
class SeenSequences {
  #first: number | null = null;
  #last: number | null = null;
  #count = 0;

  add(sequence: number): void {
    if (this.#last !== null && sequence <= this.#last) return;
    this.#first ??= sequence;
    this.#last = sequence;
    this.#count += 1;
  }

  get row(): RecordsRow {
    return { count: this.#count, first: this.#first, last: this.#last };
  }
}

export const topicExamination: Examination = {
  invariants: [onTopic],
  examine: async function* (installation) {
    for (const { name, owner, retentionDays } of Object.values(topics)) {
      if (retentionDays === 'compacted') continue;
      const keptFrom = Date.now() - retentionDays * dayMs;
      for (const { partition, last, time } of await lastOf(installation, owner, name)) {
        const records = { topic: name, partition, source: `/fullhouse/${owner}` };
        const { count, first, last: published } = await publishedOf(installation.log, records);
        yield { looked: { [onTopic.name]: count } };
        // Retention removes from the beginning; nothing else may be missing. What came since the last one was asked for is there too.
        const isThere = published !== null && published >= last;
        if (isThere && first !== null && count === published - first + 1) continue;
        if (count === 0 && time < keptFrom) continue;
        const held = count === 0 ? 'none of its events' : `${count} of the events ${first} to ${published}`;
        const says = `${name}/${partition} has ${held}; the last one stored is ${last}`;
        yield { finding: { invariant: onTopic.name, key: `${name}/${partition}`, says } };
      }
    }
  },
};
