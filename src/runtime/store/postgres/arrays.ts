import type { QueryConfig } from 'pg';
import type { SqlValue, Statement } from '../../service.ts';

/**
 * Arrays as PostgreSQL reads them fastest: in its binary format (`array_send`), so that nothing is escaped here and
 * nothing is parsed there. The driver sends a buffer as a binary parameter.
 *
 *   dimensions int4 · has nulls int4 · element type oid · length int4 · lower bound int4 · each: length int4, bytes
 */
const oids = { int8: 20, int4: 23, text: 25, json: 114 } as const;

const headBytes = 20;
const lengthBytes = 4;
const nullLength = -1;
const wordValues = 2 ** 32;

function withHead(elementType: number, count: number, bytes: number, hasNulls: boolean): Buffer {
  const buffer = Buffer.allocUnsafe(headBytes + bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(elementType, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

type Text = string | null | undefined;

const roomForLength = '\0'.repeat(lengthBytes);

function strings(elementType: number, values: readonly Text[]): Buffer {
  return asciiStrings(elementType, values) ?? anyStrings(elementType, values);
}

/** Most of what is stored is ASCII: written by one call, with room left for the lengths. `undefined` where some is not. */
function asciiStrings(elementType: number, values: readonly Text[]): Buffer | undefined {
  let all = '';
  let hasNulls = false;
  for (const value of values) {
    if (value === null || value === undefined) hasNulls = true;
    all += value === null || value === undefined ? roomForLength : roomForLength + value;
  }
  // Any other character takes more than one byte.
  if (Buffer.byteLength(all) !== all.length) return undefined;
  const buffer = withHead(elementType, values.length, all.length, hasNulls);
  buffer.write(all, headBytes);
  let at = headBytes;
  for (const value of values) {
    const length = value === null || value === undefined ? nullLength : value.length;
    buffer.writeInt32BE(length, at);
    at += lengthBytes + Math.max(length, 0);
  }
  return buffer;
}

function anyStrings(elementType: number, values: readonly Text[]): Buffer {
  let bytes = 0;
  let hasNulls = false;
  for (const value of values) {
    if (value === null || value === undefined) hasNulls = true;
    else bytes += Buffer.byteLength(value);
  }
  const buffer = withHead(elementType, values.length, bytes + values.length * lengthBytes, hasNulls);
  let at = headBytes;
  for (const value of values) {
    const length = value === null || value === undefined ? nullLength : buffer.write(value, at + lengthBytes);
    buffer.writeInt32BE(length, at);
    at += lengthBytes + Math.max(length, 0);
  }
  return buffer;
}

/** `text[]` */
export function texts(values: readonly Text[]): Buffer {
  return strings(oids.text, values);
}

/** `json[]` of values that are JSON texts already. */
export function jsons(values: readonly Text[]): Buffer {
  return strings(oids.json, values);
}

/** `int[]`; throws `RangeError` for what is no 32-bit integer. */
export function ints(values: readonly (number | null | undefined)[]): Buffer {
  return fixed({
    ...{ elementType: oids.int4, size: 4, values },
    write: (buffer, value, at) => buffer.writeInt32BE(value, at),
  });
}

/** `bigint[]`; throws `RangeError` for what is no integer. */
export function bigints(values: readonly (number | null | undefined)[]): Buffer {
  return fixed({
    ...{ elementType: oids.int8, size: 8, values },
    write: (buffer, value, at) => {
      if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer`);
      buffer.writeInt32BE(Math.floor(value / wordValues), at);
      buffer.writeUInt32BE(value >>> 0, at + 4);
    },
  });
}

/** A column of a type that is known by its SQL name; one that is not travels as the driver writes arrays. */
export function columnOf(
  type: string,
  values: readonly (string | number | boolean | null)[],
): Buffer | readonly (string | number | boolean | null)[] {
  return type === 'text' ? texts(values as readonly Text[]) : values;
}

const encoders: Readonly<Record<string, ((values: readonly SqlValue[]) => Buffer) | undefined>> = {
  text: (values) => texts(values as readonly Text[]),
  int: (values) => ints(values as readonly (number | null)[]),
  bigint: (values) => bigints(values as readonly (number | null)[]),
};
/** By a statement's text, of which a service has few: the types of its parameters that are arrays. */
const arrayTypes = new Map<string, ReadonlyMap<number, string>>();

function arrayTypesOf(text: string): ReadonlyMap<number, string> {
  const known = arrayTypes.get(text);
  if (known !== undefined) return known;
  const types = new Map(
    [...text.matchAll(/\$(\d+)::(\w+)\[\]/g)].map(([, number, type = '']) => [Number(number), type]),
  );
  arrayTypes.set(text, types);
  return types;
}

function isArray(value: SqlValue | readonly SqlValue[]): value is readonly SqlValue[] {
  return Array.isArray(value);
}

/** A statement whose arrays travel in binary where its text says of what they are: `$1::text[]`. */
export function withArrays({ name, text, values }: Statement): QueryConfig {
  const types = arrayTypesOf(text);
  const encoded = values.map((value, index) => {
    const encode = encoders[types.get(index + 1) ?? ''];
    return isArray(value) && encode !== undefined ? encode(value) : value;
  });
  return { name, text, values: encoded };
}

function fixed<Value>({
  elementType,
  size,
  values,
  write,
}: {
  readonly elementType: number;
  readonly size: number;
  readonly values: readonly (Value | null | undefined)[];
  readonly write: (buffer: Buffer, value: Value, at: number) => void;
}): Buffer {
  const nulls = values.reduce((count, value) => (value === null || value === undefined ? count + 1 : count), 0);
  const bytes = (values.length - nulls) * size + values.length * lengthBytes;
  const buffer = withHead(elementType, values.length, bytes, nulls > 0);
  let at = headBytes;
  for (const value of values) {
    if (value === null || value === undefined) {
      buffer.writeInt32BE(nullLength, at);
      at += lengthBytes;
      continue;
    }
    buffer.writeInt32BE(size, at);
    write(buffer, value, at + lengthBytes);
    at += lengthBytes + size;
  }
  return buffer;
}
