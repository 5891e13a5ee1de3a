import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brokenPromises } from './support/audit.ts';
import { type Client, visa } from './support/client.ts';
import { type Description, type FuzzedRequest, Fuzzer, type Operation, operationsIn } from './support/fuzz.ts';
import { liftRateLimits, newPerson } from './support/people.ts';
import { quiet, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/**
 * Requests drawn from our own description of the API, by everybody who may and who may not. `FUZZ_REQUESTS` says how many,
 * `FUZZ_SEED` which.
 */
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 5_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
/** Requests under way at once. */
const clients = 8;
/** Nobody waits longer for an answer. */
const answerMsMax = 1_000;
const looksAgain = 3;

interface Sent {
  readonly operation: Operation;
  readonly request: FuzzedRequest;
  readonly who: string;
  readonly status: number;
  readonly tookMs: number;
  readonly contentType: string;
}

let running: RunningApp;
let people: Readonly<Record<string, Client>>;
let operations: readonly Operation[];
let known: Readonly<Record<string, string>>;

before(async () => {
  running = await runApp();
  const { admin, anyone } = running;
  // What comes is to be judged, and not only counted.
  await liftRateLimits(admin);
  const venue = await buildVenue(admin);
  const showId = await openShow(admin, venue);
  const [customer, staff] = [await newPerson(running), await newPerson(running, { roles: ['staff'] })];
  const { body: booking } = await customer.client.book({ showId, seats: ['S-A-1'], payment: visa });
  people = { anyone, customer: customer.client, staff: staff.client, admin };
  known = {
    ...venue,
    showId,
    bookingId: booking.bookingId,
    userId: customer.userId,
    key: 'holdTtlMs',
    provider: 'sandbox',
  };
  operations = operationsIn((await anyone.get<Description>('/openapi.json')).body);
  await quiet(running);
});
after(() => running.stop());

/** Sends one; of a stream that goes on for ever only the beginning is read. */
async function send(operation: Operation, request: FuzzedRequest, who: string): Promise<Sent> {
  const { url, token } = people[who] as Client;
  const began = performance.now();
  const response = await fetch(url + request.path, {
    method: request.method,
    headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(request.body === undefined ? {} : { body: request.body }),
    redirect: 'manual',
  });
  const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
  if (contentType === 'text/event-stream') await response.body?.cancel();
  else await response.arrayBuffer();
  return { operation, request, who, status: response.status, tookMs: performance.now() - began, contentType };
}

/** Draws and sends requests, some at once. */
async function fuzz(
  count: number,
  draw: (
    fuzzer: Fuzzer,
    at: number,
  ) => { readonly operation: Operation; readonly request: FuzzedRequest; readonly who: string },
): Promise<readonly Sent[]> {
  const fuzzer = new Fuzzer(seed, known);
  const sent: Sent[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) {
        next += 1;
        const { operation, request, who } = draw(fuzzer, next);
        sent.push(await send(operation, request, who));
      }
    }),
  );
  return sent;
}

/** On a busy machine anything may take its time once: what is late again, alone, is slow by itself. */
async function lateAgain(sent: readonly Sent[]): Promise<readonly Sent[]> {
  let late = sent.filter(({ tookMs }) => tookMs > answerMsMax);
  assert.ok(late.length < sent.length / 100, `${late.length} of ${sent.length} answers came too late`);
  for (let times = 0; times < looksAgain; times += 1) {
    const again: Sent[] = [];
    for (const { operation, request, who } of late) again.push(await send(operation, request, who));
    late = again.filter(({ tookMs }) => tookMs > answerMsMax);
  }
  return late;
}

const told = (wrong: readonly Sent[]) =>
  wrong
    .slice(0, 5)
    .map(({ request, who, status, tookMs }) => ({ ...request, who, status, tookMs: Math.round(tookMs) }));

async function assertAnswered(sent: readonly Sent[]): Promise<void> {
  assert.deepEqual(told(sent.filter(({ status }) => status >= 500)), [], 'answered as if we were to blame');
  assert.deepEqual(told(await lateAgain(sent)), [], 'answered too late');
  const unexplained = sent.filter(
    ({ status, contentType }) => status >= 400 && contentType !== 'application/problem+json',
  );
  assert.deepEqual(told(unexplained), [], 'refused without a problem');
}

describe(`${requests} requests drawn from the description of the API`, () => {
  const names = ['anyone', 'customer', 'staff', 'admin'] as const;

  it('are refused where they are spoilt or not allowed, and leave nothing behind', async () => {
    const before = await rowCounts(running);
    const closed = operations.filter(({ roles }) => roles !== 'anyone');
    const withBody = operations.filter(({ body }) => body !== undefined);
    const sent = await fuzz(Math.ceil(requests / 2), (fuzzer, at) => {
      // Of every two, one is spoilt and one asks for what its sender may not.
      if (at % 2 === 0) {
        const operation = closed[(at / 2) % closed.length] as Operation;
        return { operation, request: fuzzer.request(operation), who: forbiddenFor(operation) };
      }
      const operation = withBody[((at - 1) / 2) % withBody.length] as Operation;
      for (;;) {
        const request = fuzzer.request(operation);
        if (request.spoilt !== undefined) return { operation, request, who: names[at % names.length] as string };
      }
    });
    await assertAnswered(sent);
    assert.deepEqual(told(sent.filter(({ status }) => status < 400)), [], 'taken, and should not have been');
    await quiet(running);
    assert.deepEqual(await rowCounts(running), before);
  });

  it('have an answer in time, whatever they ask for, and no promise is broken', async (t) => {
    const sent = await fuzz(Math.floor(requests / 2), (fuzzer, at) => {
      const operation = operations[at % operations.length] as Operation;
      return {
        operation,
        request: fuzzer.request(operation),
        who: names[(at * 7 + (at >> 3)) % names.length] as string,
      };
    });
    await assertAnswered(sent);
    const taken = sent.filter(({ status }) => status < 300).length;
    const slowest = Math.max(...sent.map(({ tookMs }) => tookMs));
    t.diagnostic(
      `of ${sent.length} requests ${taken} were taken; the slowest answer came after ${Math.round(slowest)} ms`,
    );
    assert.ok(taken > requests / 50, `only ${taken} were good enough to be taken, which proves little`);
    assert.deepEqual(await brokenPromises(running.app), []);
  });
});

/** Somebody who may not do this. */
function forbiddenFor({ roles }: Operation): string {
  return !roles.includes('customer') && roles !== 'anyone' ? 'customer' : 'anyone';
}
