import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { newPerson } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** What customers see of a server, a network or a laptop that is away for a while: the truth, and again the way to their booking. */
const browser = new TestBrowser();
let running: RunningApp;
let venue: Venue;

before(async () => {
  running = await runApp();
  venue = await buildVenue(running.admin);
});
after(async () => {
  await browser.close();
  await running.stop();
});

/** A tab of a new customer, whose clock can be moved on. */
async function visit(t: TestContext) {
  const person = await newPerson(running);
  const page = await browser.tab(t, { url: running.anyone.url, as: person });
  await page?.clock.install();
  return page && { page, person, showId: await openShow(running.admin, venue) };
}

/** Lets so much time pass in a page that whoever gives up has given up. */
async function muchLater(page: Page): Promise<void> {
  for (let tries = 0; tries < 8; tries += 1) {
    await page.clock.fastForward(6_000);
    // What is asked again now is refused before time goes on.
    await page.evaluate('fetch("/web/settings.json").then((response) => response.text())');
  }
}

/** Nobody answers what is asked at such an address, until that is mended. */
async function away(page: Page, pattern: string): Promise<() => Promise<void>> {
  await page.route(pattern, (route) => route.abort('connectionrefused'));
  return () => page.unroute(pattern);
}

const choice = (page: Page) => page.getByRole('region', { name: 'Your choice' });
const pay = (page: Page) => page.getByRole('button', { name: /^Pay/ });

/** Asks for two seats; the server gets that, and its answer is lost. */
async function bookUnheard(page: Page, showId: string): Promise<void> {
  await page.goto(`/shows/${showId}`);
  await page.getByRole('button', { name: 'Find the best' }).click();
  await choice(page).getByText('Total').waitFor();
  const heard = Promise.withResolvers<void>();
  await page.route('**/v1/bookings', async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
    heard.resolve();
  });
  await page.getByRole('button', { name: 'Hold and go on to payment' }).click();
  await heard.promise;
}

describe('while the server is away, a customer', () => {
  test('is at the booking as soon as it is back, however long that took, and has booked once', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, person, showId } = visited;
    await bookUnheard(page, showId);
    const mend = await away(page, '**/v1/**');
    await page.unroute('**/v1/bookings');
    await muchLater(page);
    await choice(page).getByText('Trying again …').waitFor();
    await mend();
    await page.getByRole('timer').waitFor();
    const { body } = await person.client.get<{ items: readonly unknown[] }>('/v1/bookings');
    assert.equal(body.items.length, 1);
  });

  test('who loads the page again finds what they hold, and nobody is said to have taken it', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, showId } = visited;
    await bookUnheard(page, showId);
    await page.unroute('**/v1/bookings');
    await page.reload();
    await choice(page).getByText('Nothing yet.').waitFor();
    assert.equal(await page.getByText('taken by somebody else').count(), 0);
    await page.getByRole('link', { name: 'Go on to payment' }).click();
    await page.getByRole('timer').waitFor();
  });

  test('is not taken for nobody: the page waits, and pays once, and has the tickets', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, person, showId } = visited;
    const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
    const back = await away(page, '**/v1/**');
    await page.goto(`/bookings/${body.bookingId}`);
    await muchLater(page);
    await page.getByText('Trying again …').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Sign in' }).count(), 0);
    await back();
    await page.getByRole('timer').waitFor();
    const found = await away(page, '**/tickets');
    await pay(page).click();
    await page.getByText('Booked and paid.').waitFor();
    await muchLater(page);
    await found();
    await page.getByRole('article', { name: 'Ticket for Stalls, row 1, seat 1' }).waitFor();
    assert.equal(await page.getByText('Trying again …').count(), 0);
  });

  test('is told the truth of a hold that ended unheard of, as while a laptop slept', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, person, showId } = visited;
    const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
    await page.route('**/stream', () => undefined);
    await page.goto(`/bookings/${body.bookingId}`);
    await pay(page).waitFor();
    await person.client.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: 'elsewhere', waitSeconds: 10 });
    await page.clock.fastForward(600_000);
    await page.getByText('This booking is cancelled.').waitFor();
    assert.equal(await pay(page).count(), 0);
  });

  test('sees the hall live again after a connection that died without a word, and uses none in a hidden tab', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, showId } = visited;
    const opened = () => page.waitForRequest('**/availability/stream');
    const first = opened();
    await page.goto(`/shows/${showId}`);
    await first;
    await page.getByText('50 places left').waitFor();
    const second = opened();
    await page.clock.fastForward(60_000);
    await second;
    const hide = (isHidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'));
      `);
    await hide(true);
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/stream'));
    await page.clock.fastForward(15_000);
    await ended;
    const third = opened();
    await hide(false);
    assert.ok((await third).headers()['last-event-id'] !== undefined);
  });

  test('who pays meanwhile is not left with a word of the outage, nor with that of a tab that was quicker', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page, person, showId } = visited;
    const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
    await page.goto(`/bookings/${body.bookingId}`);
    await pay(page).waitFor();
    const back = await away(page, '**/v1/**');
    await pay(page).click();
    await muchLater(page);
    await page.getByText('Trying again …').waitFor();
    await back();
    await page.getByRole('article', { name: 'Ticket for Stalls, row 1, seat 1' }).waitFor();
    assert.equal(await page.getByRole('main').getByRole('alert').count(), 0);
    const { body: other } = await person.client.book({ showId, seats: ['S-A-2'] });
    await page.goto(`/bookings/${other.bookingId}`);
    await pay(page).waitFor();
    await page.route('**/payments', async (route) => {
      await person.client.post(`/v1/bookings/${other.bookingId}/cancellation`, {}, { key: 'quicker', waitSeconds: 10 });
      await route.continue();
    });
    await pay(page).click();
    await page.getByText('This booking is cancelled.').waitFor();
    await page.getByText('Paying …').waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('main').getByRole('alert').count(), 0);
  });

  test('gets what was cut off, or came too early, by asking again', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page } = visited;
    const answers = [
      { status: 200, contentType: 'application/json', body: '{"items":[' },
      { status: 409, contentType: 'application/problem+json', body: '{"code":"request_in_progress"}' },
    ];
    await page.route('**/v1/bookings?*', (route) => {
      const answer = answers.shift();
      return answer === undefined ? route.continue() : route.fulfill(answer);
    });
    await page.goto('/bookings');
    await page.getByText('You have not booked anything yet.').waitFor();
  });

  test('stays signed in where the server is broken when the session is to be renewed', async (t) => {
    const visited = await visit(t);
    if (visited === undefined) return;
    const { page } = visited;
    await page.goto('/account');
    await page.getByRole('button', { name: 'Save' }).waitFor();
    await page.evaluate(
      'localStorage["fullhouse-session"] = JSON.stringify({ ...JSON.parse(localStorage["fullhouse-session"]), renewAt: 0 })',
    );
    await page.route('**/v1/sessions/refresh', (route) => route.fulfill({ status: 500, json: { detail: 'Broken.' } }));
    await page.goto('/bookings');
    await page.getByText('Broken. Trying again …').waitFor();
    await page.unroute('**/v1/sessions/refresh');
    await page.getByText('You have not booked anything yet.').waitFor();
  });

  test('finds the way to sign in by itself when there is one again', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    let isAway = true;
    await page.route('**/web/settings.json', (route) =>
      isAway ? route.fulfill({ status: 200, contentType: 'text/html', body: 'Be right back' }) : route.continue(),
    );
    await page.goto('/sign-in');
    await page.getByText('Trying again …').waitFor();
    isAway = false;
    await page.getByLabel('Password').waitFor();
    assert.equal(await page.getByRole('main').getByRole('alert').count(), 0);
  });
});
