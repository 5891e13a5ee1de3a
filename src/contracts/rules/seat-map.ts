/**
 * The state of every seat of a show, two bits each. A map is never changed: a change copies the chunks it touches and
 * shares the rest, so that a decision costs the same in a hall of 65,536 seats as in one of 50. A map does not know its
 * hall's size: a seat that nothing happened to is free.
 */
export const seatStates = { free: 0, held: 1, sold: 2, blocked: 3 } as const;
export type SeatState = keyof typeof seatStates;
const names = ['free', 'held', 'sold', 'blocked'] as const satisfies readonly SeatState[];

/** Seats per chunk, a power of two; a chunk is 64 bytes, the most that Node.js keeps among its small objects. */
export const chunkSeats = 256;
const chunkShift = 8;
const chunkMask = chunkSeats - 1;
const chunkBytes = chunkSeats / 4;
const emptyChunk = new Uint8Array(chunkBytes);

export interface SeatMap {
  /** Four seats a byte, low bits first. Chunks at the end that nothing happened to are left out. */
  readonly chunks: readonly Uint8Array[];
  /** Seats of each chunk that are not free. */
  readonly taken: readonly number[];
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
}

export const emptySeatMap: SeatMap = { chunks: [], taken: [], held: 0, sold: 0, blocked: 0 };

/** The state of one seat. */
export function seatState(map: SeatMap, index: number): SeatState {
  const chunk = map.chunks[index >> chunkShift];
  if (chunk === undefined) return 'free';
  const byte = chunk[(index & chunkMask) >> 2] ?? 0;
  return names[(byte >> ((index & 3) << 1)) & 3] ?? 'free';
}

/** Whether nobody has a seat. */
export function isFree(map: SeatMap, index: number): boolean {
  const chunk = map.chunks[index >> chunkShift];
  return chunk === undefined || (((chunk[(index & chunkMask) >> 2] ?? 0) >> ((index & 3) << 1)) & 3) === 0;
}

/** How many seats are not free. */
export function takenSeats(map: SeatMap): number {
  return map.held + map.sold + map.blocked;
}

/** The map with these seats in another state; an index may come twice. */
export function withSeats(map: SeatMap, indexes: readonly number[], state: SeatState): SeatMap {
  if (indexes.length === 0) return map;
  const chunks = map.chunks.slice();
  const taken = map.taken.slice();
  const counts: [number, number, number, number] = [0, map.held, map.sold, map.blocked];
  const copied = new Set<number>();
  const value = seatStates[state];
  for (const index of indexes) {
    const at = index >> chunkShift;
    const chunk = ownChunk(chunks, taken, copied, at);
    const byteAt = (index & chunkMask) >> 2;
    const shift = (index & 3) << 1;
    const byte = chunk[byteAt] ?? 0;
    const before = stateBits((byte >> shift) & 3);
    if (before === value) continue;
    chunk[byteAt] = (byte & ~(3 << shift)) | (value << shift);
    counts[before] -= 1;
    counts[value] += 1;
    if (before === 0) taken[at] = (taken[at] ?? 0) + 1;
    else if (value === 0) taken[at] = (taken[at] ?? 0) - 1;
  }
  return { chunks, taken, held: counts[1], sold: counts[2], blocked: counts[3] };
}

function stateBits(bits: number): 0 | 1 | 2 | 3 {
  return bits === 0 ? 0 : bits === 1 ? 1 : bits === 2 ? 2 : 3;
}

/** The chunk as this change's own copy; chunks up to it come into being. */
function ownChunk(chunks: Uint8Array[], taken: number[], copied: Set<number>, at: number): Uint8Array {
  while (chunks.length <= at) {
    chunks.push(emptyChunk);
    taken.push(0);
  }
  const chunk = chunks[at] ?? emptyChunk;
  if (copied.has(at)) return chunk;
  const copy = chunk.slice();
  chunks[at] = copy;
  copied.add(at);
  return copy;
}

/** The first free seat from `from` on, before `end`; `end` when there is none. Steps over full chunks and bytes. */
export function nextFree(map: SeatMap, from: number, end: number): number {
  let index = from;
  while (index < end) {
    const at = index >> chunkShift;
    const chunk = map.chunks[at];
    if (chunk === undefined) return index;
    if (map.taken[at] === chunkSeats) {
      index = (at + 1) << chunkShift;
      continue;
    }
    const byte = chunk[(index & chunkMask) >> 2] ?? 0;
    if (((byte | (byte >> 1)) & 0x55) === 0x55) index = (index | 3) + 1;
    else if (((byte >> ((index & 3) << 1)) & 3) === 0) return index;
    else index += 1;
  }
  return end;
}

/** The first seat from `from` on, before `end`, that is not free; `end` when there is none. */
export function nextTaken(map: SeatMap, from: number, end: number): number {
  let index = from;
  while (index < end) {
    const at = index >> chunkShift;
    const chunk = map.chunks[at];
    if (chunk === undefined) return end;
    if (map.taken[at] === 0) {
      index = (at + 1) << chunkShift;
      continue;
    }
    const byte = chunk[(index & chunkMask) >> 2] ?? 0;
    if (byte === 0) index = (index | 3) + 1;
    else if (((byte >> ((index & 3) << 1)) & 3) !== 0) return index;
    else index += 1;
  }
  return end;
}

/** Two bits a seat in plan order, low bits first, as base64: what HTTP and snapshots carry. */
export function encodeSeatMap(map: SeatMap, seatCount: number): string {
  const bytes = Buffer.alloc(Math.ceil(seatCount / 4));
  let offset = 0;
  for (const chunk of map.chunks) {
    const room = bytes.length - offset;
    // Chunks that nothing happened to are as the bytes are already.
    if (chunk !== emptyChunk && room > 0) bytes.set(room < chunkBytes ? chunk.subarray(0, room) : chunk, offset);
    offset += chunkBytes;
  }
  return bytes.toString('base64');
}

/** How many seats `encodeSeatMap` must be given so that nothing is lost. */
export function spannedSeats(map: SeatMap): number {
  return map.chunks.length * chunkSeats;
}

/** Reads what `encodeSeatMap` wrote. */
export function decodeSeatMap(base64: string): SeatMap {
  const bytes = Buffer.from(base64, 'base64');
  const chunks: Uint8Array[] = [];
  const taken: number[] = [];
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const chunk = new Uint8Array(chunkBytes);
    chunk.set(bytes.subarray(offset, offset + chunkBytes));
    let inChunk = 0;
    for (const byte of chunk) {
      if (byte === 0) continue;
      for (let shift = 0; shift < 8; shift += 2) {
        const state = stateBits((byte >> shift) & 3);
        counts[state] += 1;
        if (state !== 0) inChunk += 1;
      }
    }
    chunks.push(inChunk === 0 ? emptyChunk : chunk);
    taken.push(inChunk);
  }
  return { chunks, taken, held: counts[1], sold: counts[2], blocked: counts[3] };
}
