import { toHeaders } from '../../src/contracts/envelope.ts';
import type { OutgoingRecord } from '../../src/runtime/log/log.ts';
import type { Step, StepEvent } from './shape.ts';

/** What a baseline moves: one event on its way, with the envelope that ours have. */
export interface Passage {
  /** As long as a bookingId. */
  readonly bookingId: string;
  readonly partition: number;
}

/** An event that a step has brought about. */
export interface Drafted extends Passage {
  readonly type: string;
  readonly topic: StepEvent['topic'];
  readonly json: string;
}

const showId = (partition: number) => `shw_01a20250-9c64-71ee-922e-b116cef2351${partition}`;
const filler = 'x'.repeat(2_000);

/** What a step writes of a booking: its events, and the bodies of its documents. */
export function draft(
  step: Step,
  { bookingId, partition }: Passage,
): { readonly events: readonly Drafted[]; readonly documents: readonly string[] } {
  return {
    events: step.events.map(({ type, topic, length }) => ({
      ...{ bookingId, partition, type, topic },
      json: bodyOf(bookingId, partition, length),
    })),
    documents: step.documents.map((length) => bodyOf(bookingId, partition, length)),
  };
}

function bodyOf(bookingId: string, partition: number, length: number): string {
  const body = { bookingId, showId: showId(partition), rest: '' };
  const empty = JSON.stringify(body).length;
  return JSON.stringify({ ...body, rest: filler.slice(0, Math.max(0, length - empty)) });
}

/** The record that carries an event; `undefined` for one that is kept. */
export function recordOf(event: Drafted, { sequence, source }: { sequence: number; source: string }): OutgoingRecord[] {
  const { topic, partition, bookingId, type, json } = event;
  if (topic === undefined) return [];
  const headers = toHeaders({
    ...{ id: `${bookingId}/${sequence}`, type, version: 1, source, time: Date.now(), subject: bookingId },
    ...{ streamVersion: 1, causationId: bookingId, correlationId: bookingId, sequence, timeline: 1, data: null },
    traceparent: '00-13487d702d49bee9ac0e4aa5b7bdec8e-d1bdae3ff9f7b68d-00',
  });
  return [{ topic, partition, key: showId(partition), headers, value: json }];
}

/** Reads a record as any consumer has to: what it is, and its payload. */
export function passageOf(record: OutgoingRecord): Passage {
  const { bookingId } = JSON.parse(record.value ?? '{}') as { readonly bookingId: string };
  return { bookingId, partition: record.partition };
}

export const typeOf = (record: OutgoingRecord): string => record.headers['ce_type'] ?? '';
