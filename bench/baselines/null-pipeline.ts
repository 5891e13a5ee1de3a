import type { QueryConfig } from 'pg';
import type { Consumption, Log, LogRecord } from '../../src/runtime/log/log.ts';
import { bigints, ints, jsons, texts } from '../../src/runtime/store/postgres/arrays.ts';
import { PipelinedConnection } from '../../src/runtime/store/postgres/connection.ts';
import { type Drafted, draft, type Passage, passageOf, recordOf, typeOf } from './records.ts';
import { inputs, type Step, stepsOf } from './shape.ts';

/**
 * A service without any logic: takes what has arrived, writes the rows and publishes the records that a booking brings
 * about there, and does nothing else. Batched and self-clocked as ours are, one statement and one append a batch, with
 * the same driver, array format and log; so what ours takes longer for is what it decides and keeps track of.
 */
export interface BaselineService {
  /** A customer's request. */
  request(passage: Passage): void;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly name: string;
  readonly log: Log;
  readonly databaseUrl: string;
  readonly partitions: number;
  readonly onError: (error: Error) => void;
}

const batchInputsMax = 500;

interface Input extends Passage {
  readonly step: Step;
}

/** Tables of a service. */
export const tablesOf = (name: string): string => `
  create table ${table(name)}_events (partition int not null, sequence bigint not null, stream text not null,
    type text not null, data json not null, primary key (partition, sequence));
  create table ${table(name)}_documents (id text primary key, body json not null);
  create table ${table(name)}_positions (topic text not null, partition int not null, next bigint not null,
    primary key (topic, partition));`;

export const table = (name: string): string => name.replaceAll('-', '_');

export class NullService implements BaselineService {
  readonly #options: ServiceOptions & { readonly stores: boolean };
  readonly #connection: PipelinedConnection;
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #positions = new Map<string, number>();
  readonly #sequences: number[];
  #waiting: Input[] = [];
  #documents = 0;
  #running: Promise<void> | undefined;
  #publishing: Promise<void> = Promise.resolve();
  #consumption: Consumption | undefined;

  /** `stores`: whether it commits anything before it publishes. */
  constructor(options: ServiceOptions & { readonly stores: boolean; readonly sequences: number[] }) {
    this.#options = options;
    this.#sequences = options.sequences;
    this.#steps = stepsOf(options.name);
    this.#connection = new PipelinedConnection({ url: options.databaseUrl, applicationName: `null-${options.name}` });
  }

  async start(): Promise<void> {
    const { log, onError } = this.#options;
    const positions = await endsOf(log, inputs[this.#options.name] ?? [], this.#options.partitions);
    this.#consumption = log.consume({ positions, onRecords: async (records) => this.#take(records), onError });
  }

  request(passage: Passage): void {
    const step = this.#steps.get('Request');
    if (step !== undefined) this.#add({ ...passage, step });
  }

  #take(records: readonly LogRecord[]): void {
    for (const record of records) {
      this.#positions.set(`${record.topic}/${record.partition}`, record.offset + 1);
      const step = this.#steps.get(typeOf(record));
      if (step !== undefined) this.#add({ ...passageOf(record), step });
    }
  }

  #add(input: Input): void {
    this.#waiting.push(input);
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .catch(this.#options.onError);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchInputsMax);
      this.#waiting = this.#waiting.slice(batchInputsMax);
      const events: (Drafted & { readonly sequence: number })[] = [];
      const documents: string[] = [];
      for (const input of batch) {
        const drafted = draft(input.step, input);
        for (const event of drafted.events) events.push({ ...event, sequence: this.#next(event.partition) });
        documents.push(...drafted.documents);
      }
      if (this.#options.stores) await this.#connection.query([this.#statement(events, documents)]);
      // One publish in flight: the next batch commits meanwhile.
      await this.#publishing;
      const source = this.#options.name;
      const records = events.flatMap((event) => recordOf(event, { sequence: event.sequence, source }));
      this.#publishing = this.#options.log.append(records);
      this.#publishing.catch(this.#options.onError);
      for (const { type, topic, bookingId, partition } of events) {
        const step = topic === undefined ? this.#steps.get(type) : undefined;
        if (step !== undefined) this.#waiting.push({ step, bookingId, partition });
      }
    }
    this.#running = undefined;
  }

  #next(partition: number): number {
    const next = (this.#sequences[partition] ?? 0) + 1;
    this.#sequences[partition] = next;
    return next;
  }

  #statement(events: readonly (Drafted & { readonly sequence: number })[], documents: readonly string[]): QueryConfig {
    const positions = [...this.#positions].map(([at, next]) => ({ at: at.split('/'), next }));
    const name = table(this.#options.name);
    return {
      name: `batch-${name}`,
      text: `with positions as (insert into ${name}_positions select * from unnest($1::text[], $2::int[], $3::bigint[])
               on conflict (topic, partition) do update set next = excluded.next),
             documents as (insert into ${name}_documents select * from unnest($4::text[], $5::json[]))
             insert into ${name}_events select * from unnest($6::int[], $7::bigint[], $8::text[], $9::text[], $10::json[])`,
      values: [
        texts(positions.map(({ at }) => at[0])),
        ints(positions.map(({ at }) => Number(at[1]))),
        bigints(positions.map(({ next }) => next)),
        texts(documents.map(() => this.#documentId())),
        jsons(documents),
        ints(events.map(({ partition }) => partition)),
        bigints(events.map(({ sequence }) => sequence)),
        texts(events.map(({ bookingId }) => bookingId)),
        texts(events.map(({ type }) => type)),
        jsons(events.map(({ json }) => json)),
      ],
    };
  }

  /** Ascending, as ours are. */
  #documentId(): string {
    this.#documents += 1;
    return `${Date.now().toString(36)}-${String(this.#documents).padStart(12, '0')}-${this.#options.name}`;
  }

  async stop(): Promise<void> {
    await this.#consumption?.stop();
    await this.#running;
    await this.#publishing;
    await this.#connection.close();
  }
}

/** Where topics end now. */
export function endsOf(log: Log, topics: readonly string[], partitions: number) {
  const wanted = topics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  );
  return Promise.all(wanted.map(async (each) => ({ ...each, offset: (await log.bounds(each)).next })));
}
