/**
 * Kafka's own placement of keys: murmur2 over the key's UTF-8 bytes, sign bit cleared, modulo the partition count
 * (`org.apache.kafka.common.utils.Utils.murmur2`, `BuiltInPartitioner`), so that foreign producers agree with us.
 */
export function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** Whether a record lies where no producer of ours puts one with its key. */
export function isMisplaced(
  { key, partition }: { readonly key: string; readonly partition: number },
  partitions: number,
) {
  return partitionOf(key, partitions) !== partition;
}

const seed = 0x9747b28c;
const mix = 0x5bd1e995;

export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = seed ^ length;
  let at = 0;
  while (length - at >= 4) {
    let word = byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    word = Math.imul(word, mix);
    word ^= word >>> 24;
    word = Math.imul(word, mix);
    hash = Math.imul(hash, mix) ^ word;
    at += 4;
  }
  const left = length - at;
  if (left === 3) hash ^= byte(data, at + 2) << 16;
  if (left >= 2) hash ^= byte(data, at + 1) << 8;
  if (left >= 1) hash = Math.imul(hash ^ byte(data, at), mix);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, mix);
  hash ^= hash >>> 15;
  return hash;
}

function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}
