import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogUnavailable } from '../log.ts';
import { encode, encodeBatch } from './record-batch.ts';
import { decode } from './records.ts';

const place = { topic: 'letters', partition: 3 };
const timestamp = 1_790_000_000_000;

const letter = (key: string, value: string | null, headers: Readonly<Record<string, string>> = {}) =>
  encode({ ...place, key, value, headers });

/** Batches as a broker keeps them: one after the other, each from an offset on. */
function stored(...batches: readonly { readonly from: number; readonly records: ReturnType<typeof encode>[] }[]) {
  return Buffer.concat(
    batches.map(({ from, records }) => {
      const batch = encodeBatch(records, { producerId: 7n, producerEpoch: 0, sequence: 0, timestamp });
      batch.writeBigInt64BE(BigInt(from), 0);
      return batch;
    }),
  );
}
const read = (from: number, batches: Buffer) => decode(place, from, { aborted: [], batches });

const transactional = 1 << 4;
const attributesAt = 22;

describe('records of Kafka', () => {
  it('are read as they were written', () => {
    const headers = { ce_id: 'a/1', 'content-type': 'application/json', ce_subject: 'ä'.repeat(40), empty: '' };
    const { records, next } = read(
      5,
      stored({ from: 5, records: [letter('kä', '{"a":1}', headers), letter('k', null)] }),
    );
    const about = { ...place, timestamp };
    assert.deepEqual(records, [
      { ...about, offset: 5, key: 'kä', value: '{"a":1}', headers },
      { ...about, offset: 6, key: 'k', value: null, headers: {} },
    ]);
    assert.equal(next, 7);
  });

  it('keep their own texts, whatever stood in the same place of the record before', () => {
    const texts = ['one', 'two', 'two', 'ten', 'one'];
    const written = texts.map((text, index) => letter('k', '1', { [index % 2 === 0 ? 'even' : 'odds']: text }));
    const { records } = read(0, stored({ from: 0, records: written }));
    assert.deepEqual(
      records.map(({ headers }) => Object.entries(headers)),
      texts.map((text, index) => [[index % 2 === 0 ? 'even' : 'odds', text]]),
    );
  });

  it('come from the offset that was asked for, and from batches that are whole', () => {
    const bytes = stored(
      { from: 10, records: [letter('a', '1'), letter('b', '2'), letter('c', '3')] },
      { from: 20, records: [letter('d', '4')] },
    );
    const { records, next } = read(11, bytes.subarray(0, bytes.length - 1));
    assert.deepEqual(
      records.map(({ offset, key }) => `${offset} ${key}`),
      ['11 b', '12 c'],
    );
    assert.equal(next, 13);
  });

  it('of a transaction that came to nothing are passed over', () => {
    const bytes = stored({ from: 0, records: [letter('never', '1')] }, { from: 1, records: [letter('a', '2')] });
    bytes[attributesAt] = transactional;
    const { records, next } = decode(place, 0, { aborted: [{ producerId: 7n, firstOffset: 0 }], batches: bytes });
    assert.deepEqual([records.map(({ key }) => key), next], [['a'], 2]);
  });

  it('that cannot be read are told by their place', () => {
    const unknownCodec = stored({ from: 4, records: [letter('a', '1')] });
    unknownCodec[attributesAt] = 5;
    const cut = stored({ from: 4, records: [letter('a', '1')] });
    cut.writeInt32BE(2, 57);
    for (const bytes of [unknownCodec, cut])
      assert.throws(
        () => read(4, bytes),
        (error) => error instanceof LogUnavailable && /letters\/3 from offset 4 on cannot be read/.test(error.message),
      );
  });
});
