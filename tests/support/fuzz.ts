import { randomUUID } from 'node:crypto';
import { Random } from '../../simulation/random.ts';

/** Requests drawn from our own OpenAPI description: right in form, or spoilt in one place so that they must be refused. */

export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly roles: 'anyone' | readonly string[];
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
}

interface DescribedOperation {
  readonly 'x-roles'?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json'?: { readonly schema: Schema } } };
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

export function operationsIn({ paths }: Description): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path,
      roles: described['x-roles'] ?? ('anyone' as const),
      parameters: described.parameters ?? [],
      body: described.requestBody?.content['application/json']?.schema,
    })),
  );
}

export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body: string | undefined;
  /** What was done to it that it must be refused for; nothing where it may well be good. */
  readonly spoilt: string | undefined;
}

const uuid = '00000000-0000-7000-8000-000000000000';
const nasty = [
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    '💺'.repeat(50),
    '../../etc/passwd',
    '%00',
    "' or '1'='1",
    '{{7*7}}',
    '\r\nX-Injected: yes',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    'NaN',
    '-1',
    '1e999',
    '9'.repeat(400),
    '<script>alert(1)</script>',
    'é'.repeat(9_000),
  ],
];
const strange: readonly unknown[] = [null, true, -1, 0.5, 1e308, 2 ** 60, [], [[]], {}, { a: {} }, ...nasty];

/** Draws requests, always the same for the same seed. */
export class Fuzzer {
  readonly #random: Random;
  /** Ids of things that are there, by the name of the parameter that names them. */
  readonly #known: Readonly<Record<string, string>>;

  constructor(seed: number, known: Readonly<Record<string, string>>) {
    this.#random = new Random(seed);
    this.#known = known;
  }

  /** A request for an operation; every second one is spoilt. */
  request(operation: Operation): FuzzedRequest {
    const { method, path, parameters, body: schema } = operation;
    const headers: Record<string, string> = {};
    const query = this.#query(parameters);
    for (const { name, in: place } of parameters) if (place === 'header') headers[name.toLowerCase()] = randomUUID();
    if (this.#random.chance(0.1))
      headers['prefer'] = this.#random.pick(['wait=0', 'wait=', 'wait=-1', 'wait=1e9', 'x']);
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => this.#id(name));
    const request = { method, path: `${filled}${query}`, headers, spoilt: undefined };
    if (schema === undefined) return { ...request, body: undefined };
    headers['content-type'] = 'application/json';
    const value = this.value(schema);
    if (!this.#random.chance(0.5)) return { ...request, body: JSON.stringify(value) };
    return { ...request, ...this.#spoil(schema, value, headers), headers };
  }

  #id(name: string): string {
    const drawn = this.#random.next();
    if (drawn < 0.6) return this.#known[name] ?? `x_${uuid}`;
    if (drawn < 0.8) return `${(this.#known[name] ?? 'x').split('_')[0]}_${uuid}`;
    return encodeURIComponent(this.#random.pick(nasty).slice(0, 200).toWellFormed()) || 'x';
  }

  #query(parameters: readonly Parameter[]): string {
    const given = parameters.filter(({ in: place }) => place === 'query' && this.#random.chance(0.4));
    const pairs = given.map(({ name, schema }) => {
      const value = this.#random.chance(0.5) ? this.value(schema) : this.#random.pick(nasty).slice(0, 500);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${name}=${encodeURIComponent(text.toWellFormed())}`;
    });
    if (this.#random.chance(0.05)) pairs.push('unknown=1');
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  }

  /** A value of a schema: its limits are kept, what it names is often there. */
  value(schema: Schema, name = ''): unknown {
    const choice = schema.anyOf ?? schema.oneOf;
    if (choice !== undefined) return this.value(this.#random.pick(choice), name);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return this.#random.pick(schema.enum);
    switch (schema.type) {
      case 'object': {
        const required = new Set(schema.required ?? []);
        const fields = Object.entries(schema.properties ?? {}).filter(
          ([field]) => required.has(field) || this.#random.chance(0.4),
        );
        return Object.fromEntries(fields.map(([field, each]) => [field, this.value(each, field)]));
      }
      case 'array': {
        const least = schema.minItems ?? 0;
        const count = this.#random.between(least, Math.max(least, Math.min(schema.maxItems ?? 3, least + 2)));
        return Array.from({ length: count }, () => this.value(schema.items ?? {}));
      }
      case 'integer':
      case 'number': {
        const least = schema.minimum ?? 0;
        return this.#random.between(least, Math.min(schema.maximum ?? least + 1_000, least + 1_000));
      }
      case 'boolean':
        return this.#random.chance(0.5);
      case 'string':
        return this.#text(schema, name);
      default:
        return this.#random.pick(strange);
    }
  }

  #text({ pattern = '', format, minLength = 1, maxLength = 40 }: Schema, name: string): string {
    const known = this.#known[name];
    if (known !== undefined && this.#random.chance(0.8)) return known;
    const prefix = /^\^([a-z]{3})_/.exec(pattern)?.[1];
    if (prefix !== undefined) return `${prefix}_${uuid}`;
    if (pattern === '^[A-Z]{3}$') return 'EUR';
    if (format === 'email') return `${randomUUID()}@example.com`;
    if (format === 'date-time') return '2099-01-01T20:00:00Z';
    return 'seat '.repeat(20).slice(0, Math.max(minLength, Math.min(maxLength, 12)));
  }

  /** Spoils a body in one place, so that it cannot be of its schema any more. */
  #spoil(schema: Schema, value: unknown, headers: Record<string, string>): Pick<FuzzedRequest, 'body' | 'spoilt'> {
    const json = JSON.stringify(value);
    const required = schema.required ?? [];
    const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    const ways: readonly (() => Pick<FuzzedRequest, 'body' | 'spoilt'>)[] = [
      () => ({ body: json.slice(0, -1), spoilt: 'JSON that is cut off' }),
      () => ({ body: `${json}x`, spoilt: 'something behind the JSON' }),
      () => ({ body: JSON.stringify([value]), spoilt: 'an array around the body' }),
      () => ({ body: JSON.stringify(this.#random.pick(['words', 1, true])), spoilt: 'a body that is no object' }),
      () => ({ body: JSON.stringify({ ...object, notAField: 1 }), spoilt: 'a field nobody knows' }),
      () => ({ body: `{"__proto__":{"roles":["admin"]},${json.slice(1)}`, spoilt: 'a prototype' }),
      () => {
        headers['content-type'] = this.#random.pick(['text/plain', 'application/xml', 'multipart/form-data']);
        return { body: json, spoilt: 'another type of content' };
      },
      ...required.map((field) => () => {
        const { [field as never]: _, ...rest } = object as Record<string, unknown>;
        return { body: JSON.stringify(rest), spoilt: `no ${field}` };
      }),
      ...required.map((field) => () => ({
        body: JSON.stringify({ ...object, [field]: { spoilt: [[]] } }),
        spoilt: `${field} of another type`,
      })),
    ];
    return this.#random.pick(ways)();
  }
}
