import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Idempotency } from '../service-runtime.ts';
import { plainly } from '../wording.ts';
import type { Endpoint, Principal } from './endpoint.ts';
import { type FieldError, invalid, Problem } from './problem.ts';
import { brokenText, escapePointer, isText } from './text.ts';

/** Reads what a request says and checks it; every refusal names the field and how to mend it. */

const waitSecondsMax = 30;
const emptyObject = Buffer.from('{}');

/** The bytes that came. No body at all is as good as `{}` where nothing in it is required. */
export function bodyOf({ body, rawBody }: Endpoint, request: FastifyRequest): Buffer {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const mayBeEmpty = raw.length === 0 && rawBody !== true && body !== undefined;
  return mayBeEmpty && body.safeParse({}).success ? emptyObject : raw;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(raw: Buffer): unknown {
  try {
    const text = utf8.decode(raw);
    const json: unknown = JSON.parse(text);
    // Only an escape can bring what is not text into JSON.
    const pointer = text.includes('\\u') ? brokenText(json) : undefined;
    if (pointer !== undefined) throw notText(pointer);
    return json;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const why = raw.length === 0 ? 'it is empty' : (error as Error).message;
    throw new Problem('malformed_json', `The body must be JSON in UTF-8: ${why}.`);
  }
}

function notText(pointer: string): Problem {
  return invalid(pointer, 'not_text', 'must be Unicode text without NUL characters and lone surrogates');
}

/** How often a header came: Node.js joins some and drops others. */
export function timesSent(request: FastifyRequest, name: string): number {
  const { rawHeaders = [] } = request.raw;
  return rawHeaders.filter((each, index) => index % 2 === 0 && each.toLowerCase() === name).length;
}

/** Checks against a schema; every wrong field is named by its pointer. */
export function checked(schema: z.ZodType | undefined, value: unknown, at: string): unknown {
  if (schema === undefined) return value;
  if (at !== '') {
    const broken = Object.entries(value as Record<string, unknown>).find(
      ([, text]) => ![text].flat().every((each) => isText(String(each))),
    );
    if (broken !== undefined)
      throw at === '/path'
        ? new Problem('not_found', 'There is no such thing: the path is not text.')
        : notText(`${at}/${broken[0]}`);
  }
  const parsed = schema.safeParse(value, { error: plainly });
  if (parsed.success) return parsed.data;
  // An id that cannot be one names nothing here.
  if (at === '/path')
    throw new Problem('not_found', `There is no such thing: ${parsed.error.issues[0]?.message ?? 'wrong id'}.`);
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, at));
  throw new Problem(
    'validation_failed',
    errors
      .slice(0, 5)
      .map(({ pointer, message }) => `${pointer === '' ? 'The body' : `${pointer}:`} ${message}`)
      .join('; '),
    { errors },
  );
}

function fieldErrors(issue: z.core.$ZodIssue, at: string): FieldError[] {
  const pointer = `${at}${issue.path.map((each) => `/${escapePointer(String(each))}`).join('')}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${escapePointer(key)}`,
      code: 'unknown_field',
      message: `there is no field "${key}"; remove it`,
    }));
  }
  const custom = issue.code === 'custom' ? (issue.params as { code?: string } | undefined)?.code : undefined;
  return [{ pointer, code: custom ?? issue.code, message: issue.message }];
}

/** 1 to 200 printable ASCII characters. */
const keySyntax = /^[\x20-\x7e]{1,200}$/;

export function idempotencyOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  principal: Principal,
  raw: Buffer,
): Idempotency | undefined {
  if (endpoint.idempotency === undefined) return undefined;
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') {
    if (endpoint.idempotency === 'honoured') return undefined;
    throw new Problem(
      'idempotency_key_missing',
      'Send an Idempotency-Key header: a new random value for each new request, the same one when you repeat it.',
    );
  }
  if (typeof key !== 'string' || !keySyntax.test(key) || timesSent(request, 'idempotency-key') > 1) {
    throw new Problem('idempotency_key_invalid', 'Send one Idempotency-Key with 1 to 200 printable ASCII characters.');
  }
  return {
    scope: `${principal.userId} ${endpoint.method} ${pathWith(request, encodeURIComponent)}`,
    key,
    bodyHash: createHash('sha256').update(raw).digest('base64url'),
  };
}

/** The path of a request as its route spells it, however it was written, with each of its values as `shown`. */
export function pathWith(
  { params, routeOptions: { url = 'none' } }: Pick<FastifyRequest, 'params' | 'routeOptions'>,
  shown: (value: string) => string,
): string {
  const values = params as Readonly<Record<string, string | undefined>>;
  return url.replace(/:(\w+)/g, (_, name: string) => shown(values[name] ?? ''));
}

/** `wait=N` among the preferences (RFC 7240), whose names mind no capitals and whose values may be quoted. */
const waitPreference = /(?:^|[,;\s])wait=("?)(\d{1,4})\1(?:$|[,;\s])/i;

export function waitMsOf(request: FastifyRequest): number {
  const { prefer } = request.headers;
  const seconds = typeof prefer === 'string' ? waitPreference.exec(prefer)?.[2] : undefined;
  return Math.min(Number(seconds ?? 0), waitSecondsMax) * 1_000;
}
