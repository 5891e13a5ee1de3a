import { randomUUID } from 'node:crypto';
import type { CallOptions, Client } from './client.ts';

/** Requests made from the OpenAPI description: right in form, about things that are not there. */

export interface Described {
  readonly method: string;
  readonly path: string;
  readonly roles: 'anyone' | readonly string[];
  readonly body: Schema | undefined;
}

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

interface Description {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly 'x-roles'?: readonly string[];
            readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
          }
        >
      >
    >
  >;
}

/** Every operation of `GET /openapi.json`. */
export async function describedOperations(client: Client): Promise<readonly Described[]> {
  const { body } = await client.get<Description>('/openapi.json');
  return Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      roles: operation['x-roles'] ?? ('anyone' as const),
      body: operation.requestBody?.content['application/json'].schema,
    })),
  );
}

const prefixes: Readonly<Record<string, string>> = {
  ...{ movieId: 'mov', theatreId: 'thr', screenId: 'scr', seatPlanId: 'pln', showId: 'shw', userId: 'usr' },
  ...{ bookingId: 'bkg', paymentId: 'pay', refundId: 'rfd', ticketId: 'tkt', transferId: 'trf', messageId: 'msg' },
};
const words: Readonly<Record<string, string>> = { key: 'holdTtlMs', provider: 'sandbox', parkedId: 'user.prk_0_0' };
const uuid = '00000000-0000-7000-8000-000000000000';

export function plausibleRequest({ method, path, body }: Described): {
  readonly path: string;
  readonly options: CallOptions;
} {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    prefixes[name] === undefined ? (words[name] ?? 'x') : `${prefixes[name]}_${uuid}`,
  );
  const options = method === 'GET' ? {} : { key: randomUUID(), ...(body === undefined ? {} : { body: sample(body) }) };
  return { path: filled, options };
}

/** The smallest value of a schema. */
function sample(schema: Schema): unknown {
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice !== undefined) return sample(choice);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      const required = schema.required ?? [];
      return Object.fromEntries(required.map((name) => [name, sample(schema.properties?.[name] ?? {})]));
    }
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0);
    case 'boolean':
      return false;
    case 'string':
      return text(schema);
    default:
      return 'x';
  }
}

function text({ pattern = '', format }: Schema): string {
  const prefix = /^\^([a-z]{3})_/.exec(pattern)?.[1];
  if (prefix !== undefined) return `${prefix}_${uuid}`;
  if (pattern === '^[A-Z]{3}$') return 'EUR';
  if (format === 'email') return `${randomUUID()}@example.com`;
  return format === 'date-time' ? '2099-01-01T20:00:00Z' : 'plausible text';
}
