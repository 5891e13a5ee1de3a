import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { visa } from '../support/client.ts';
import { bookingOnce } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** Giving a ticket away and taking one, in real browsers. */
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

async function booked({ client }: Person, seats: readonly string[]): Promise<string> {
  const showId = await openShow(running.admin, venue);
  const { bookingId } = (await client.book({ showId, seats, payment: visa })).body;
  await bookingOnce(client, bookingId, ({ tickets }) => tickets.length === seats.length);
  return bookingId;
}

const tab = (t: TestContext, as?: Person) =>
  browser.tab(t, { url: running.anyone.url, ...(as === undefined ? {} : { as }) });
const ticketFor = (page: Page, seat: string) => page.getByRole('article', { name: `Ticket for ${seat}`, exact: true });
const give = (page: Page, seat: string) =>
  page.getByRole('button', { name: `Give to somebody: the ticket for ${seat}`, exact: true });
const linkTo = (page: Page, seat: string) => page.getByLabel(`Link to the ticket for ${seat}`);
const take = (page: Page) => page.getByRole('button', { name: 'Take the ticket' });

/** Kept where somebody wants to look at the pages. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PICTURES'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [device, width] of [
      ['desktop', 1_200],
      ['phone', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`), fullPage: true });
    }
}

describe('a ticket that is given away in a browser', () => {
  test('goes by its link to somebody who makes an account first, and the giver sees it gone', async (t) => {
    const ada = await newPerson(running, { name: 'Ada Lovelace' });
    const bookingId = await booked(ada, ['S-A-1', 'S-A-2']);
    const [hers, theirs] = [await tab(t, ada), await tab(t)];
    if (hers === undefined || theirs === undefined) return;
    await hers.goto(`/bookings/${bookingId}`);
    await give(hers, 'Stalls, row 1, seat 1').click();
    const link = await linkTo(hers, 'Stalls, row 1, seat 1').inputValue();
    assert.match(link, /\/transfers#[\w-]{43}$/);
    await ticketFor(hers, 'Stalls, row 1, seat 1').getByText('not yet taken').waitFor();
    assert.equal(await linkTo(hers, 'Stalls, row 1, seat 2').count(), 0);
    await picture(hers, 'offered');

    await theirs.goto(link);
    await theirs.waitForURL('**/sign-in?then=/transfers');
    await theirs.getByRole('button', { name: 'I am new here' }).click();
    await theirs.getByLabel('Name').fill('Bob Marley');
    await theirs.getByLabel('E-mail').fill(`${randomUUID()}@example.com`);
    await theirs.getByLabel('Password').fill('correct horse battery');
    await theirs.getByRole('button', { name: 'Make the account' }).click();
    const offered = theirs.getByRole('region', { name: 'The ticket' });
    await offered.filter({ hasText: /The Third Man.*Riverside.*Stalls, row 1, seat 1/s }).waitFor();
    await take(theirs).waitFor();
    assert.equal(new URL(theirs.url()).hash, '', 'no history has the secret');
    await picture(theirs, 'acceptance');
    await take(theirs).click();
    await theirs.waitForURL('**/tickets/tkt_*');
    await ticketFor(theirs, 'Stalls, row 1, seat 1').getByText('booked under Bob Marley').waitFor();
    await theirs.waitForFunction('document.querySelector(".ticket img").naturalWidth > 0');
    await picture(theirs, 'ticket');

    // Told by the stream of the booking: nobody has loaded the page again.
    await ticketFor(hers, 'Stalls, row 1, seat 1').getByText('belongs to somebody else').waitFor();
    assert.equal(await ticketFor(hers, 'Stalls, row 1, seat 1').getByRole('img').count(), 0);
    assert.equal(await ticketFor(hers, 'Stalls, row 1, seat 2').getByRole('img').count(), 1);
    await hers.getByText('This booking cannot be cancelled').waitFor();
    assert.equal(await hers.getByRole('button', { name: 'Cancel this booking' }).count(), 0);
    await picture(hers, 'given');

    await theirs.getByRole('link', { name: 'My bookings', exact: true }).click();
    const listed = theirs.getByRole('region', { name: 'Tickets from others' });
    await listed.getByRole('link', { name: 'The Third Man' }).waitFor();
    await picture(theirs, 'tickets-from-others');
    await listed.getByRole('link', { name: 'The Third Man' }).click();
    await give(theirs, 'Stalls, row 1, seat 1').click();
    await linkTo(theirs, 'Stalls, row 1, seat 1').waitFor();
  });

  test('is offered and taken back; after a reload its link is not shown again, and the old one takes nothing', async (t) => {
    const [ada, bob] = [await newPerson(running), await newPerson(running)];
    const bookingId = await booked(ada, ['S-B-1']);
    const [hers, his] = [await tab(t, ada), await tab(t, bob)];
    if (hers === undefined || his === undefined) return;
    await hers.goto(`/bookings/${bookingId}`);
    await give(hers, 'Stalls, row 2, seat 1').click();
    const link = await linkTo(hers, 'Stalls, row 2, seat 1').inputValue();
    await his.goto(link);
    await take(his).waitFor();
    await hers.reload();
    await hers.getByText('Its link is not shown again').waitFor();
    assert.equal(await linkTo(hers, 'Stalls, row 2, seat 1').count(), 0);
    await hers.getByRole('button', { name: 'Take back the ticket for Stalls, row 2, seat 1' }).click();
    await give(hers, 'Stalls, row 2, seat 1').waitFor();
    await take(his).click();
    await his.getByRole('alert').getByText('This offer was taken back').waitFor();
    await his.reload();
    await his.getByRole('status').getByText('This offer was taken back').waitFor();
    assert.equal(await take(his).count(), 0);
    await his.goto('/transfers#nothing');
    await his.getByRole('alert').getByText('Nobody offers a ticket by this link').waitFor();
    await picture(his, 'acceptance-refused');
  });

  test('of one’s own is not taken, and a page without a link says what it is for', async (t) => {
    const ada = await newPerson(running);
    const bookingId = await booked(ada, ['S-C-1']);
    const page = await tab(t, ada);
    if (page === undefined) return;
    await page.goto('/transfers');
    await page.getByText('Open that link again').waitFor();
    await page.goto(`/bookings/${bookingId}`);
    await give(page, 'Stalls, row 3, seat 1').click();
    const link = await linkTo(page, 'Stalls, row 3, seat 1').inputValue();
    await page.goto(link);
    await take(page).click();
    await page.getByRole('alert').getByText('This ticket is yours').waitFor();
  });

  test('has its link copied, or marked where browsers keep the clipboard from pages without TLS', async (t) => {
    const ada = await newPerson(running);
    const bookingId = await booked(ada, ['S-D-1', 'S-D-2']);
    const [page, plain] = [await tab(t, ada), await tab(t, ada)];
    if (page === undefined || plain === undefined) return;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`/bookings/${bookingId}`);
    await give(page, 'Stalls, row 4, seat 1').click();
    await page.getByRole('button', { name: 'Copy the link' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const link = await linkTo(page, 'Stalls, row 4, seat 1').inputValue();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), link);
    await plain.goto(`/bookings/${bookingId}`);
    await plain.evaluate('Object.defineProperty(navigator, "clipboard", { value: undefined })');
    await give(plain, 'Stalls, row 4, seat 2').click();
    await plain.getByRole('button', { name: 'Copy the link' }).click();
    const marked =
      'getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)';
    assert.equal(await plain.evaluate(marked), await linkTo(plain, 'Stalls, row 4, seat 2').inputValue());
  });

  test('is read by whoever had it as somebody else’s', async (t) => {
    const [bob, eve] = [await newPerson(running), await newPerson(running)];
    const bookingId = await booked(bob, ['S-E-1']);
    const { body } = await bob.client.get<{ items: { ticketId: string }[] }>(`/v1/bookings/${bookingId}/tickets`);
    const ticketId = body.items[0]?.ticketId ?? '';
    const page = await tab(t, eve);
    if (page === undefined) return;
    await page.goto(`/tickets/${ticketId}`);
    await page.getByRole('alert').getByText('You have no such ticket').waitFor();
  });
});
