import { createHash } from 'node:crypto';
import type { ServiceDefinition, Split } from '../runtime/service.ts';
import type { Installation } from './installation.ts';
import type { ComparedTable } from './shadow.ts';

/** What follows from a service's streams alone: its timers, and the effects it intended. */

interface Row {
  readonly stream: string;
  readonly streamVersion: number;
  readonly subject: string;
  readonly type: string;
  readonly data: unknown;
}

interface AnyDecider {
  readonly initialState: unknown;
  readonly evolve: (state: unknown, event: unknown) => unknown;
  readonly deadline: (state: unknown) => number | undefined;
}

const pageMax = 10_000;

/** Every stream with its facts, one after the other. */
async function* streams({ query }: Installation, { name }: ServiceDefinition): AsyncGenerator<readonly Row[]> {
  let stream: Row[] = [];
  for (let after = { stream: '', version: 0 }; ; ) {
    const page = await query<Row>(
      name,
      `select stream, stream_version as "streamVersion", subject, type, data from events
       where (stream, stream_version) > ($1, $2) order by stream, stream_version limit $3`,
      [after.stream, after.version, pageMax],
    );
    for (const row of page) {
      if (stream[0] !== undefined && stream[0].stream !== row.stream) {
        yield stream;
        stream = [];
      }
      stream.push(row);
    }
    const end = page.at(-1);
    if (end === undefined || page.length < pageMax) break;
    after = { stream: end.stream, version: end.streamVersion };
  }
  if (stream.length > 0) yield stream;
}

/** The timers of all streams as they follow from their facts, against those that are set. */
export async function timersOf(installation: Installation, definition: ServiceDefinition): Promise<ComparedTable> {
  const rebuilt: string[] = [];
  for await (const rows of streams(installation, definition)) rebuilt.push(...timers(rows, definition));
  const live = await installation.query<{ readonly stream: string; readonly part: string; readonly dueAt: number }>(
    definition.name,
    'select stream, part, due_at as "dueAt" from deadlines',
  );
  const set = live.map(({ stream, part, dueAt }) => nameOf(stream, part, dueAt));
  const [hash, rebuiltHash] = [hashOf(set), hashOf(rebuilt)];
  const equal = hash === rebuiltHash;
  return { table: 'deadlines', rows: set.length, rebuiltRows: rebuilt.length, hash, rebuiltHash, equal };
}

/** Of one stream. Which kind it is shows by its facts: only its own decider knows them. */
function timers(rows: readonly Row[], definition: ServiceDefinition): readonly string[] {
  for (const { decider, shape } of Object.values(definition.streams)) {
    try {
      const known = decider as unknown as AnyDecider;
      return shape === 'whole' ? timerOfWhole(rows, known) : timersOfParts(rows, known);
    } catch {
      // Another kind's facts.
    }
  }
  return [];
}

function timerOfWhole(rows: readonly Row[], { initialState, evolve, deadline }: AnyDecider): readonly string[] {
  const dueAt = deadline(rows.reduce((state, row) => evolve(state, row), initialState));
  return dueAt === undefined ? [] : [nameOf(rows[0]?.stream ?? '', '', dueAt)];
}

function timersOfParts(rows: readonly Row[], { initialState, evolve, deadline }: AnyDecider): readonly string[] {
  const initial = initialState as Split<unknown, unknown>;
  const parts = new Map<string, unknown>();
  let { root } = initial;
  for (const row of rows) {
    const part = parts.get(row.subject) ?? initial.part;
    const next = evolve({ root, part }, row) as Split<unknown, unknown>;
    root = next.root;
    if (row.subject !== row.stream) parts.set(row.subject, next.part);
  }
  return [...parts].flatMap(([subject, part]) => {
    const dueAt = deadline({ root, part });
    return dueAt === undefined ? [] : [nameOf(rows[0]?.stream ?? '', subject, dueAt)];
  });
}

function nameOf(stream: string, part: string, dueAt: number): string {
  return `${stream} ${part} ${dueAt}`;
}

function hashOf(names: readonly string[]): string {
  return createHash('md5').update(names.toSorted().join('\n')).digest('hex');
}

/** Effects that were intended, by what became of them in the store in use. */
export interface Intended {
  readonly effects: number;
  /** A fact names the answer to it as its cause. */
  readonly answered: number;
  /** Under way. */
  readonly open: number;
  /** Its answer said nothing new: the stream had heard it from elsewhere, and went on. */
  readonly overtaken: number;
  /** Of these nobody knows: streams and versions. */
  readonly missing: readonly string[];
}

/** Writes down what a replay would do, and looks each of them up. */
export async function intended({ query }: Installation, { name, effects }: ServiceDefinition): Promise<Intended> {
  const rows = await query<{ readonly key: string; readonly answered: boolean; open: boolean; overtaken: boolean }>(
    name,
    `select i.stream || '/' || i.stream_version as key, a.causation_id is not null as answered,
       o.stream is not null as open,
       exists (select from events later where later.stream = i.stream and later.stream_version > i.stream_version) as overtaken
     from events i
     left join (select distinct causation_id from events where causation_id like '%/answer') a
       on a.causation_id = i.stream || '/' || i.stream_version || '/answer'
     left join open_effects o on o.stream = i.stream and o.stream_version = i.stream_version
     where i.type = any ($1)`,
    [Object.keys(effects ?? {})],
  );
  const unanswered = rows.filter(({ answered, open }) => !answered && !open);
  return {
    effects: rows.length,
    answered: rows.filter(({ answered }) => answered).length,
    open: rows.filter(({ answered, open }) => open && !answered).length,
    overtaken: unanswered.filter(({ overtaken }) => overtaken).length,
    missing: unanswered.filter(({ overtaken }) => !overtaken).map(({ key }) => key),
  };
}
