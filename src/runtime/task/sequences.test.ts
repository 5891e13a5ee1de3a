import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verdictOn } from './sequences.ts';

describe('what the sequence of a record says', () => {
  const headers = (sequence: unknown, timeline: unknown = 1, source = '/fullhouse/booking') => ({
    ce_source: source,
    ce_timeline: String(timeline),
    ce_sequence: String(sequence),
  });
  const head = { timeline: 1, sequence: 7 };
  const kindOf = (...[sent, known]: [ReturnType<typeof headers>, typeof head | undefined]) =>
    verdictOn('booking-events', sent, known).kind;

  test('the first one met is taken, whatever its number', () => {
    assert.deepEqual(verdictOn('booking-events', headers(41), undefined), {
      kind: 'next',
      head: { timeline: 1, sequence: 41 },
    });
  });

  test('the next goes on, the same and earlier ones were seen', () => {
    assert.deepEqual(
      [8, 7, 6, 1].map((sequence) => kindOf(headers(sequence), head)),
      ['next', 'seen', 'seen', 'seen'],
    );
  });

  test('beyond the next, something is missing, and it is told what', () => {
    assert.deepEqual(verdictOn('booking-events', headers(11), head), { kind: 'gap', expected: 8, found: 11 });
  });

  test('a later timeline starts a new count; an earlier one is over', () => {
    assert.deepEqual(verdictOn('booking-events', headers(1, 2), head), {
      kind: 'next',
      head: { timeline: 2, sequence: 1 },
    });
    assert.equal(kindOf(headers(900, 1), { timeline: 2, sequence: 1 }), 'seen');
  });

  test('a count that is none, or of somebody who does not own the topic, says nothing', () => {
    const foreign = [headers('x'), headers(0), headers(-1), headers(1.5), headers(8, 'x'), headers(8, 1, '/somebody')];
    assert.deepEqual(
      foreign.map((each) => kindOf(each, head)),
      foreign.map(() => 'foreign'),
    );
    assert.equal(verdictOn('booking-events', {}, head).kind, 'foreign');
  });
});
