import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PartitionBuffer } from './partition-buffer.ts';

const recordsMax = 4;

function filled(count: number): PartitionBuffer {
  const buffer = new PartitionBuffer({ first: 0, next: 10, recordsMax });
  for (let n = 0; n < count; n += 1) {
    buffer.add({
      ...{ topic: 'letters', partition: 0, key: 'k', headers: {}, value: null },
      offset: 10 + n,
      timestamp: 0,
    });
  }
  return buffer;
}

const offsetsFrom = (buffer: PartitionBuffer, offset: number) =>
  buffer.from(offset, 100)?.map((record) => record.offset);

describe('the newest records of a partition', () => {
  test('are kept until everybody has them', () => {
    const buffer = filled(3);
    buffer.keepFrom(11);
    assert.equal(buffer.from(10, 100), undefined);
    assert.deepEqual(offsetsFrom(buffer, 11), [11, 12]);
    buffer.keepFrom(10);
    assert.deepEqual(offsetsFrom(buffer, 11), [11, 12], 'what has been let go of does not come back');
  });

  test('are gone where nobody wants any, and go on at the same offset', () => {
    const buffer = filled(3);
    buffer.keepFrom(Number.POSITIVE_INFINITY);
    assert.equal(buffer.from(12, 100), undefined);
    assert.deepEqual(offsetsFrom(buffer, 13), []);
    assert.equal(buffer.next, 13);
  });

  test('are few, however far somebody is behind', () => {
    const buffer = filled(2 * recordsMax);
    assert.equal(buffer.from(13, 100), undefined);
    assert.deepEqual(offsetsFrom(buffer, 14), [14, 15, 16, 17]);
  });
});
