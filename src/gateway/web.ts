import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../runtime/http/problem.ts';

/**
 * The pages for people: the files of `web/` as they are, but that TypeScript loses its types on the way out. A browser finds them
 * below the paths they have in the tree, so that what they import by a relative path is found as well.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const page = 'web/index.html';
/** Each of them is the same page, which looks at its address. */
const pagePaths = [
  ...['/', '/shows/:showId', '/bookings', '/bookings/:bookingId', '/account', '/sign-in', '/password-resets/:token'],
  ...['/console', '/console/:part', '/console/:part/:id'],
];
/** Pure code of the services that the pages need as well. */
const shared = ['src/contracts/rules/plan-order.ts'];

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};

/** What the pages of an installation have to know of it. */
export interface PageSettings {
  /** Where people sign in, if not here, and under which name the pages are known there. */
  readonly signIn?: { readonly issuer: string; readonly audience: string; readonly clientId?: string };
  /** Who takes the money: the sandbox, or Stripe, whose library pages have to load from where it is. */
  readonly payment: { readonly provider: 'sandbox' } | StripeInPages;
}

interface StripeInPages {
  readonly provider: 'stripe';
  readonly script: string;
}

interface WebFile {
  readonly type: string;
  readonly body: string;
  readonly etag: string;
}

/** What Stripe's library asks, and where a bank asks its customer. */
const stripePlaces = ['https://api.stripe.com', 'https://hooks.stripe.com'];

/** What pages may do, for the Content-Security-Policy: nothing inline but what says where packages are, and ask whoever they have to. */
export function pagePolicy({ signIn, payment }: PageSettings): Readonly<Record<string, string[]>> {
  const issuer = signIn?.clientId === undefined ? [] : [new URL(signIn.issuer).origin];
  const stripe = payment.provider === 'stripe' ? [new URL(payment.script).origin] : [];
  const places = stripe.length === 0 ? [] : [...stripe, ...stripePlaces];
  return {
    scriptSrc: ["'self'", importMapHash(), ...stripe],
    connectSrc: ["'self'", ...issuer, ...places],
    frameSrc: ["'self'", ...places],
  };
}

function importMapHash(): string {
  const [, script = ''] =
    /<script type="importmap">([^<]*)<\/script>/.exec(readFileSync(join(root, page), 'utf8')) ?? [];
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

/** Serves the pages, their files, what they have to know, and the one package they need. */
export async function serveWeb(server: FastifyInstance, settings: PageSettings): Promise<void> {
  server.get('/web/settings.json', (_, reply) => reply.header('cache-control', 'no-cache').send(settings));
  const names = new Set([...globSync('web/**/*.{css,html,svg,ts}', { cwd: root }).filter(isServed), ...shared]);
  const files = new Map<string, WebFile>();
  const fileOf = (name: string): WebFile => {
    const known = files.get(name);
    if (known !== undefined) return known;
    if (!names.has(name)) throw new Problem('not_found', `There is no /${name}.`);
    const file = read(name);
    files.set(name, file);
    return file;
  };
  const send = (name: string) => {
    return server.get<{ Params: { '*'?: string } }>(name, (request, reply) => {
      const wildcard = request.params['*'];
      const { type, body, etag } = fileOf(wildcard === undefined ? page : `${name.slice(1, -1)}${wildcard}`);
      // Asked for each time, and answered in a few bytes where nothing has changed: an upgrade is there at once.
      void reply.headers({ etag, 'cache-control': 'no-cache' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(body);
    });
  };
  for (const path of pagePaths) send(path);
  for (const path of ['/web/*', '/src/contracts/rules/*']) send(path);
  await server.register(fastifyStatic, {
    // Node.js is sent to a build of its own, one folder below those for browsers.
    root: dirname(dirname(fileURLToPath(import.meta.resolve('lit-html')))),
    prefix: '/web/lib/lit-html/',
    index: false,
    list: false,
    decorateReply: false,
    allowedPath: (path) => /^\/(directives\/)?[\w-]+\.js$/.test(path),
  });
}

const isServed = (name: string) => !name.endsWith('.test.ts');

function read(name: string): WebFile {
  const extension = extname(name);
  const text = readFileSync(join(root, name), 'utf8');
  const body = extension === '.ts' ? stripTypeScriptTypes(text) : text;
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { type: types[extension] ?? 'application/octet-stream', body, etag };
}
