import pg from 'pg';
import type { Consumption, LogRecord } from '../../src/runtime/log/log.ts';
import { type BaselineService, endsOf, type ServiceOptions, table } from './null-pipeline.ts';
import { type Drafted, draft, type Passage, passageOf, recordOf, typeOf } from './records.ts';
import { inputs, request, type Step, stepsOf } from './shape.ts';

/**
 * The way most services are written: one message, one transaction, one awaited send. A message that was seen before is
 * known by its inbox row; then the rows, the commit, and what is published.
 *
 *   plain    one message after the other in each partition, as clients do it that are given a handler for each message
 *   tuned    many bookings at a time, the messages of one in order; all of a transaction in one prepared statement, so that
 *            it takes one way to the database; a pool with room for them
 */
export type Form = 'plain' | 'tuned';

const forms: Readonly<
  Record<Form, { readonly lanes: number; readonly connections: number; readonly prepared: boolean }>
> = {
  plain: { lanes: 1, connections: 10, prepared: false },
  tuned: { lanes: 32, connections: 16, prepared: true },
};

export const inboxOf = (name: string): string => `create table ${table(name)}_inbox (message_id text primary key);`;

interface Message extends Passage {
  readonly messageId: string;
  readonly step: Step;
}

/** What a message brings about. */
interface Written {
  readonly name: string;
  /** Of the message, in the inbox. */
  readonly id: string;
  readonly events: readonly (Drafted & { readonly sequence: number })[];
  readonly documents: readonly string[];
}

export class ConventionalService implements BaselineService {
  readonly #options: ServiceOptions;
  readonly #form: (typeof forms)[Form];
  readonly #pool: pg.Pool;
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #running = new Set<Promise<void>>();
  readonly #sequences: number[];
  #consumption: Consumption | undefined;

  constructor(options: ServiceOptions & { readonly form: Form; readonly sequences: number[] }) {
    this.#options = options;
    this.#form = forms[options.form];
    this.#sequences = options.sequences;
    this.#steps = stepsOf(options.name);
    this.#pool = new pg.Pool({ connectionString: options.databaseUrl, max: this.#form.connections });
  }

  async start(): Promise<void> {
    const { name, log, partitions, onError } = this.#options;
    const positions = await endsOf(log, inputs[name] ?? [], partitions);
    this.#consumption = log.consume({ positions, onRecords: (records) => this.#handleAll(records), onError });
  }

  /** Each is a handler of its own, as HTTP servers have them. */
  request(passage: Passage): void {
    const step = this.#steps.get(request);
    if (step === undefined) return;
    const running = this.#handle({ ...passage, step, messageId: `${passage.bookingId}/request` })
      .catch(this.#options.onError)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #handleAll(records: readonly LogRecord[]): Promise<void> {
    const lanes = Array.from({ length: this.#form.lanes }, (): Message[] => []);
    for (const record of records) {
      const step = this.#steps.get(typeOf(record));
      if (step === undefined) continue;
      const passage = passageOf(record);
      lanes[laneOf(passage.bookingId, lanes.length)]?.push({
        ...passage,
        step,
        messageId: record.headers['ce_id'] ?? '',
      });
    }
    await Promise.all(
      lanes.map(async (messages) => {
        for (const message of messages) await this.#handle(message);
      }),
    );
    const read = records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 }));
    this.#options.log.commit(`conventional-${this.#options.name}`, read.slice(-1));
  }

  async #handle({ step, messageId, ...passage }: Message): Promise<void> {
    const name = table(this.#options.name);
    const { events, documents } = draft(step, passage);
    const sequenced = events.map((event) => ({ ...event, sequence: this.#next(event.partition) }));
    const written = { name, id: `${messageId}/${step.on}`, events: sequenced, documents };
    await (this.#form.prepared ? this.#writeAtOnce(written) : this.#writeOneByOne(written));
    const source = this.#options.name;
    await this.#options.log.append(sequenced.flatMap((event) => recordOf(event, { sequence: event.sequence, source })));
    for (const { type, topic, sequence } of sequenced) {
      const next = topic === undefined ? this.#steps.get(type) : undefined;
      if (next !== undefined)
        await this.#handle({ ...passage, step: next, messageId: `${passage.bookingId}/${sequence}` });
    }
  }

  async #writeOneByOne({ name, id, events, documents }: Written): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query('begin');
      await client.query(`insert into ${name}_inbox values ($1)`, [id]);
      for (const { partition, sequence, bookingId, type, json } of events)
        await client.query(`insert into ${name}_events values ($1, $2, $3, $4, $5)`, [
          ...[partition, sequence, bookingId, type, json],
        ]);
      for (const [index, body] of documents.entries())
        await client.query(`insert into ${name}_documents values ($1, $2)`, [`${id}/${index}`, body]);
      await client.query('commit');
    } finally {
      client.release();
    }
  }

  /** One statement is a transaction. */
  async #writeAtOnce({ name, id, events, documents }: Written): Promise<void> {
    await this.#pool.query({
      name: `handle-${name}`,
      text: `with inbox as (insert into ${name}_inbox values ($1)),
               documents as (insert into ${name}_documents
                 select $1 || '/' || number, body from unnest($7::json[]) with ordinality as each(body, number))
             insert into ${name}_events
             select * from unnest($2::int[], $3::bigint[], $4::text[], $5::text[], $6::json[])`,
      values: [
        id,
        events.map(({ partition }) => partition),
        events.map(({ sequence }) => sequence),
        events.map(({ bookingId }) => bookingId),
        events.map(({ type }) => type),
        events.map(({ json }) => json),
        documents,
      ],
    });
  }

  #next(partition: number): number {
    const next = (this.#sequences[partition] ?? 0) + 1;
    this.#sequences[partition] = next;
    return next;
  }

  async stop(): Promise<void> {
    await this.#consumption?.stop();
    await Promise.all(this.#running);
    await this.#pool.end();
  }
}

/** The same lane for all messages of a booking: their order is kept. */
function laneOf(bookingId: string, lanes: number): number {
  return Number.parseInt(bookingId.slice(-6), 16) % lanes;
}
