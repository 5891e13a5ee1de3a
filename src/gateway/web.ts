import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../runtime/http/problem.ts';
import { WebFiles } from './web-files.ts';

/** The pages for people. Every address of theirs is the same page, which looks at its address. */
const pagePaths = [
  ...[
    '/',
    '/shows/:showId',
    '/bookings',
    '/bookings/:bookingId',
    '/tickets/:ticketId',
    '/transfers',
    '/account',
    '/sign-in',
    '/password-resets/:token',
  ],
  ...['/console', '/console/:part', '/console/:part/:id'],
];
/** Where people hold tickets up to a camera. */
const doorPath = '/console/door';
/** What pages may do with a device (https://w3c.github.io/webappsec-permissions-policy/): the door has its camera, and no page anything else. */
const noDevices = 'camera=(), microphone=(), geolocation=()';
const forDoor = 'camera=(self), microphone=(), geolocation=()';

const forGood = 'public, max-age=31536000, immutable';
const askedEachTime = 'no-cache';

/** Read once in the life of a process. */
let files: WebFiles | undefined;
function webFiles(): WebFiles {
  files ??= new WebFiles();
  return files;
}

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

/** Stripe's library loads parts of itself, and shows its frames, from hosts that change. */
const stripeParts = 'https://*.js.stripe.com';
/** What Stripe's library asks, and where a bank asks its customer. */
const stripePlaces = ['https://api.stripe.com', 'https://hooks.stripe.com'];

/** What pages may do, for the Content-Security-Policy: nothing inline but what says where packages are, and ask whoever they have to. */
export function pagePolicy({ signIn, payment }: PageSettings): Readonly<Record<string, string[]>> {
  const issuer = signIn?.clientId === undefined ? [] : [new URL(signIn.issuer).origin];
  const stripe = payment.provider === 'stripe' ? [new URL(payment.script).origin, stripeParts] : [];
  const places = stripe.length === 0 ? [] : [...stripe, ...stripePlaces];
  return {
    scriptSrc: ["'self'", importMapHash(), ...stripe],
    connectSrc: ["'self'", ...issuer, ...places],
    frameSrc: ["'self'", ...places],
  };
}

function importMapHash(): string {
  return `'sha256-${createHash('sha256').update(webFiles().importMap).digest('base64')}'`;
}

/** Serves the pages, their files, and what they have to know. */
export async function serveWeb(server: FastifyInstance, settings: PageSettings): Promise<void> {
  server.get('/web/settings.json', (_, reply) => reply.header('cache-control', askedEachTime).send(settings));
  for (const path of pagePaths) {
    server.get(path, (request, reply) => {
      const { type, body } = webFiles().page();
      const etag = `"${webFiles().version}"`;
      // Asked for each time, and answered in a few bytes where nothing has changed: an upgrade is there at once.
      const devices = request.url.split('?', 1)[0] === doorPath ? forDoor : noDevices;
      void reply.headers({ etag, 'cache-control': askedEachTime, 'permissions-policy': devices });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(body);
    });
  }
  // Whoever mistypes an address in a browser reads a page, too; programs read a problem.
  server.get('/*', (request, reply) => {
    if (!isForPeople(request)) return reply.callNotFound();
    const { type, body } = webFiles().page();
    const headers = { 'cache-control': 'no-store', 'permissions-policy': noDevices };
    return reply.code(404).headers(headers).type(type).send(body);
  });
  server.get<{ Params: { version: string; '*': string } }>('/pages/:version/*', (request, reply) => {
    const { version, '*': name } = request.params;
    const file = webFiles().file(name);
    if (file === undefined) throw new Problem('not_found', `There is no ${name} among the pages.`);
    // During an upgrade a page may come from another instance than its files: ours will do, but are not to be kept under that name.
    void reply.header('cache-control', version === webFiles().version ? forGood : 'no-store');
    return reply.type(file.type).send(file.body);
  });
}

/** Below these there is nothing that a person reads. */
const notForPeople = ['/v1/', '/pages/', '/web/', '/docs/'];

function isForPeople({ headers, url }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true && !notForPeople.some((start) => url.startsWith(start));
}
