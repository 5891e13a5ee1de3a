import type { BindConfig } from 'pg';
import { BinaryParameter } from './arrays.ts';

/** Formats of parameters and results (PostgreSQL, 54.7 "Message Formats", Bind). */
const text = 0;
const binary = 1;

const codeBytes = 1;
const int16Bytes = 2;
const int32Bytes = 4;
const bindCode = 'B'.charCodeAt(0);
const nullLength = -1;

type Value = string | Buffer | BinaryParameter | null;

/**
 * The message that gives a statement its parameters, written in one go where `room` says: what the driver makes of large
 * parameters by itself it copies again each time its buffer grows.
 */
export function bindMessage(
  { portal = '', statement = '', values = [], valueMapper, binary: binaryResults }: BindConfig,
  room: (bytes: number) => Buffer,
): Buffer {
  const given = values.map(
    (value: unknown, index): Value =>
      value instanceof BinaryParameter ? value : (valueMapper?.(value, index) ?? value ?? null),
  );
  const lengths = given.map(lengthOf);
  const names = Buffer.byteLength(portal) + 1 + Buffer.byteLength(statement) + 1;
  const parameters = lengths.reduce((sum, length) => sum + int32Bytes + Math.max(length, 0), 0);
  const body = int32Bytes + names + int16Bytes + given.length * int16Bytes + int16Bytes + parameters + 2 * int16Bytes;
  const message = room(codeBytes + body);
  let at = message.writeUInt8(bindCode, 0);
  at = message.writeInt32BE(body, at);
  at += message.write(`${portal}\0${statement}\0`, at);
  at = message.writeUInt16BE(given.length, at);
  for (const value of given) at = message.writeInt16BE(value === null || typeof value === 'string' ? text : binary, at);
  at = message.writeUInt16BE(given.length, at);
  given.forEach((value, index) => {
    const length = lengths[index] ?? nullLength;
    at = message.writeInt32BE(length, at);
    if (typeof value === 'string') message.write(value, at);
    else if (value instanceof BinaryParameter) value.writeTo(message, at);
    else value?.copy(message, at);
    at += Math.max(length, 0);
  });
  at = message.writeInt16BE(1, at);
  message.writeInt16BE(binaryResults ? binary : text, at);
  return message;
}

function lengthOf(value: Value): number {
  if (value === null) return nullLength;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.byteLength;
}
