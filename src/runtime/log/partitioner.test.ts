import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { murmur2, partitionOf } from './partitioner.ts';

describe('the placement of keys', () => {
  // From Apache Kafka's own UtilsTest.testMurmur2.
  const vectors = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [key, hash] of Object.entries(vectors)) {
    test(`hashes ${key} as Kafka does`, () => assert.equal(murmur2(Buffer.from(key)), hash));
  }

  test('clears the sign before it takes the rest', () => {
    assert.equal(partitionOf('21', 12), (-973932308 & 0x7fffffff) % 12);
  });

  test('goes by the bytes of UTF-8', () => {
    assert.equal(partitionOf('schlüssel', 7), (murmur2(new TextEncoder().encode('schlüssel')) & 0x7fffffff) % 7);
  });

  test('spreads keys over all partitions and stays within them', () => {
    const used = new Set(Array.from({ length: 1_000 }, (_, index) => partitionOf(`shw_${index}`, 16)));
    assert.deepEqual(
      [...used].sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, partition) => partition),
    );
    assert.equal(partitionOf('anything', 1), 0);
  });
});
