import type { QueryConfig } from 'pg';
import type { SqlValue, Statement } from '../../service.ts';

/**
 * A parameter in PostgreSQL's binary format, not written yet: its message knows how long it is and has it written in its
 * place, so that its bytes are never copied. It is written once, and lets go of what it was made of: what a commit has sent
 * is far more than all else it waits with.
 *
 * Loops here count, since they run for every value that is stored: an iterator makes an object of each.
 */
export abstract class BinaryParameter {
  readonly byteLength: number;
  #isWritten = false;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  /** Into a buffer that has room for all of it from there on. Throws when it has been written before. */
  writeTo(buffer: Buffer, at: number): void {
    if (this.#isWritten) throw new Error('a parameter is sent once; make the statement anew');
    this.#isWritten = true;
    this.write(buffer, at);
  }

  protected abstract write(buffer: Buffer, at: number): void;

  /** By itself: what the driver asks for where it makes the message (`prepareValue` of `pg`). */
  toPostgres(): Buffer {
    const buffer = Buffer.allocUnsafe(this.byteLength);
    this.writeTo(buffer, 0);
    return buffer;
  }
}

/**
 * Arrays as PostgreSQL reads them fastest: in its binary format (`array_send`), so that nothing is escaped here and
 * nothing is parsed there.
 *
 *   dimensions int4 · has nulls int4 · element type oid · length int4 · lower bound int4 · each: length int4, bytes
 */
const oids = { int8: 20, int4: 23, text: 25, json: 114 } as const;

const headBytes = 20;
const lengthBytes = 4;
const nullLength = -1;
const wordValues = 2 ** 32;

function writeHead(buffer: Buffer, at: number, head: { elementType: number; count: number; hasNulls: boolean }): void {
  buffer.writeInt32BE(1, at);
  buffer.writeInt32BE(head.hasNulls ? 1 : 0, at + 4);
  buffer.writeInt32BE(head.elementType, at + 8);
  buffer.writeInt32BE(head.count, at + 12);
  buffer.writeInt32BE(1, at + 16);
}

type Text = string | null | undefined;

const roomForLength = '\0'.repeat(lengthBytes);

function strings(elementType: number, values: readonly Text[]): BinaryParameter {
  let all = '';
  let hasNulls = false;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) hasNulls = true;
    all += value === null || value === undefined ? roomForLength : roomForLength + value;
  }
  return new StringArray({ elementType, values, hasNulls, all });
}

class StringArray extends BinaryParameter {
  readonly #elementType: number;
  readonly #hasNulls: boolean;
  #values: readonly Text[];
  /** All of them, with room left for their lengths. */
  #all: string;

  constructor(from: {
    readonly elementType: number;
    readonly values: readonly Text[];
    readonly hasNulls: boolean;
    readonly all: string;
  }) {
    super(headBytes + Buffer.byteLength(from.all));
    this.#elementType = from.elementType;
    this.#values = from.values;
    this.#hasNulls = from.hasNulls;
    this.#all = from.all;
  }

  /** Most of what is stored is ASCII: all of it is written by one call, and a string is as long as its bytes. */
  protected write(buffer: Buffer, start: number): void {
    const values = this.#values;
    writeHead(buffer, start, { elementType: this.#elementType, count: values.length, hasNulls: this.#hasNulls });
    let at = start + headBytes;
    buffer.write(this.#all, at);
    const isAscii = this.byteLength - headBytes === this.#all.length;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const length =
        value === null || value === undefined ? nullLength : isAscii ? value.length : Buffer.byteLength(value);
      buffer.writeInt32BE(length, at);
      at += lengthBytes + Math.max(length, 0);
    }
    this.#values = [];
    this.#all = '';
  }
}

/** `text[]` */
export function texts(values: readonly Text[]): BinaryParameter {
  return strings(oids.text, values);
}

/** `json[]` of values that are JSON texts already. */
export function jsons(values: readonly Text[]): BinaryParameter {
  return strings(oids.json, values);
}

type Numeric = number | null | undefined;

class NumberArray extends BinaryParameter {
  readonly #type: NumberType;
  #values: readonly Numeric[];
  readonly #hasNulls: boolean;

  constructor(type: NumberType, values: readonly Numeric[]) {
    let nulls = 0;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) nulls += 1;
      else type.check(value);
    }
    super(headBytes + values.length * lengthBytes + (values.length - nulls) * type.size);
    this.#type = type;
    this.#values = values;
    this.#hasNulls = nulls > 0;
  }

  protected write(buffer: Buffer, start: number): void {
    const { elementType, size, write } = this.#type;
    const values = this.#values;
    writeHead(buffer, start, { elementType, count: values.length, hasNulls: this.#hasNulls });
    let at = start + headBytes;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const isNull = value === null || value === undefined;
      buffer.writeInt32BE(isNull ? nullLength : size, at);
      at += lengthBytes;
      if (isNull) continue;
      write(buffer, value, at);
      at += size;
    }
    this.#values = [];
  }
}

interface NumberType {
  readonly elementType: number;
  readonly size: number;
  /** Throws `RangeError` for what is none. */
  readonly check: (value: number) => void;
  readonly write: (buffer: Buffer, value: number, at: number) => void;
}

const int4: NumberType = {
  ...{ elementType: oids.int4, size: 4 },
  check: (value) => {
    if ((value | 0) !== value) throw new RangeError(`${value} is no 32-bit integer`);
  },
  write: (buffer, value, at) => buffer.writeInt32BE(value, at),
};

const int8: NumberType = {
  ...{ elementType: oids.int8, size: 8 },
  check: (value) => {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer`);
  },
  write: (buffer, value, at) => {
    buffer.writeInt32BE(Math.floor(value / wordValues), at);
    buffer.writeUInt32BE(value >>> 0, at + 4);
  },
};

/** `int[]`; throws `RangeError` for what is no 32-bit integer. */
export function ints(values: readonly Numeric[]): BinaryParameter {
  return new NumberArray(int4, values);
}

/** `bigint[]`; throws `RangeError` for what is no integer. */
export function bigints(values: readonly Numeric[]): BinaryParameter {
  return new NumberArray(int8, values);
}

/**
 * SQL for one row of each place of arrays, which are `$1` and so on. In its list of columns PostgreSQL takes a value of each
 * array at a time; `select * from unnest(...)` would copy all of them aside first: a fifth of what inserting events costs.
 */
export function rowsOf(...types: readonly string[]): string {
  return `select ${types.map((type, index) => `unnest($${index + 1}::${type}[])`).join(', ')}`;
}

/** A column of a type that is known by its SQL name; one that is not travels as the driver writes arrays. */
export function columnOf(
  type: string,
  values: readonly (string | number | boolean | null)[],
): BinaryParameter | readonly (string | number | boolean | null)[] {
  return type === 'text' ? texts(values as readonly Text[]) : values;
}

const encoders: Readonly<Record<string, ((values: readonly SqlValue[]) => BinaryParameter) | undefined>> = {
  text: (values) => texts(values as readonly Text[]),
  int: (values) => ints(values as readonly Numeric[]),
  bigint: (values) => bigints(values as readonly Numeric[]),
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
