import { writeFile } from 'node:fs/promises';
import { describedEndpoints } from './composition/endpoints.ts';
import { asyncApi, topicsPage } from './contracts/async-api.ts';
import { availabilityStream } from './gateway/availability-stream.ts';
import { apiInfo } from './gateway/gateway.ts';
import { unsettledEndpoint } from './gateway/unsettled.ts';
import { openApiOf } from './runtime/http/openapi.ts';

/**
 * What the outside is told, made from the code's own schemas: `npm run describe` writes the files under `docs/`, a test
 * tells when they are no longer what the code says.
 */
export function descriptions(): Readonly<Record<string, string>> {
  const nobody = undefined as never;
  const endpoints = [
    ...describedEndpoints().map(({ endpoint }) => endpoint),
    availabilityStream(nobody),
    unsettledEndpoint([]),
  ];
  return {
    'docs/api/openapi.json': pretty(openApiOf(endpoints, apiInfo)),
    'docs/api/asyncapi.json': pretty(asyncApi({ ...apiInfo, title: 'Fullhouse topics' })),
    'docs/topics.md': topicsPage(),
  };
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.main) {
  for (const [file, text] of Object.entries(descriptions()))
    await writeFile(new URL(`../${file}`, import.meta.url), text);
}
