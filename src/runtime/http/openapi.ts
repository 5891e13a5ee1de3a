import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { problemCodes } from './problem.ts';

/** The OpenAPI 3.1 description of endpoints, made from the schemas that check their requests. */
export function openApiOf(
  endpoints: readonly Endpoint[],
  info: { readonly title: string; readonly version: string; readonly description: string },
) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of endpoints) {
    const path = `/v1${endpoint.path}`;
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = operation(endpoint);
  }
  return {
    openapi: '3.1.0',
    info: { ...info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map((each) => each.tag))].sort().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema },
    },
  };
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problemCodes) },
    traceId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'message'],
        properties: { pointer: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return json;
}

/** Of what is accepted first and has an outcome later, or has news later. */
const prefer = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description:
    'Waits so many seconds for the outcome or the news, 30 at the most; when the time is over, it is answered without (202 for an outcome).',
  schema: { type: 'string', pattern: '^wait=\\d+$' },
  example: 'wait=10',
};

function operation(endpoint: Endpoint): object {
  const parameters = [
    ...parametersIn('path', endpoint.params),
    ...parametersIn('query', endpoint.query),
    ...(endpoint.idempotency === undefined
      ? []
      : [
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: endpoint.idempotency === 'required',
            schema: { type: 'string', minLength: 1, maxLength: 200 },
          },
        ]),
    ...((200 in endpoint.answers && 202 in endpoint.answers) || endpoint.waits === true ? [prefer] : []),
  ];
  return {
    operationId: `${endpoint.method.toLowerCase()}${endpoint.path.replace(/[^A-Za-z0-9]+(\w)?/g, (_, letter: string | undefined) => (letter ?? '').toUpperCase())}`,
    summary: endpoint.summary,
    tags: [endpoint.tag],
    ...(endpoint.who === 'anyone' ? { security: [] } : { security: [{ accessToken: [] }], 'x-roles': endpoint.who }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(endpoint.body === undefined
      ? {}
      : {
          requestBody: {
            required: !endpoint.body.safeParse({}).success,
            content: {
              'application/json': {
                schema: schemaOf(endpoint.body, 'input'),
                ...(endpoint.example === undefined ? {} : { example: endpoint.example }),
              },
            },
          },
        }),
    responses: { ...answersOf(endpoint), ...problemsOf(endpoint) },
  };
}

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: each,
  }));
}

function answersOf(endpoint: Endpoint): Record<string, object> {
  return Object.fromEntries(
    Object.entries(endpoint.answers).map(([status, { says, body }]) => {
      if (body === null) return [status, { description: says }];
      if (typeof body === 'string')
        return [status, { description: says, content: { [body]: { schema: { type: 'string' } } } }];
      return [status, { description: says, content: { 'application/json': { schema: schemaOf(body, 'output') } } }];
    }),
  );
}

function problemsOf(endpoint: Endpoint): Record<string, object> {
  const codes = new Set(endpoint.problems ?? []);
  if (endpoint.who !== 'anyone')
    for (const code of ['unauthenticated', 'token_expired', 'forbidden'] as const) codes.add(code);
  if (endpoint.body !== undefined) {
    for (const code of ['malformed_json', 'validation_failed'] as const) codes.add(code);
  }
  if (endpoint.query !== undefined) codes.add('validation_failed');
  // A body that is not asked for is read all the same.
  if (endpoint.method !== 'GET')
    for (const code of ['payload_too_large', 'unsupported_media_type'] as const) codes.add(code);
  if (endpoint.params !== undefined) codes.add('not_found');
  if (endpoint.idempotency === 'required') codes.add('idempotency_key_missing');
  if (endpoint.idempotency !== undefined)
    for (const code of ['idempotency_key_invalid', 'request_in_progress', 'idempotency_key_reused'] as const)
      codes.add(code);
  for (const code of ['rate_limited', 'overloaded'] as const) codes.add(code);
  const byStatus = new Map<number, string[]>();
  for (const code of codes)
    byStatus.set(problemCodes[code].status, [...(byStatus.get(problemCodes[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      status,
      {
        description: names.join(', '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}
