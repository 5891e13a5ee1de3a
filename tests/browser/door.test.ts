import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { visa } from '../support/client.ts';
import { bookingOnce, changeSetting } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** A door whose network goes while people come, and comes back. */
const showKey = 'fullhouse-door-show';

interface Ticket {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly status: string;
  readonly admittedAt?: string;
  readonly code: string;
}

describe('a door whose network goes', () => {
  const browser = new TestBrowser();
  let running: RunningApp;
  let ada: Person;
  let staff: Person;
  let venue: Venue;

  before(async () => {
    running = await runApp({ LOG_LEVEL: 'silent' });
    await changeSetting(running, 'loginsPerMinute', 1_000);
    ada = await newPerson(running);
    staff = await newPerson(running, { name: 'Sam Staff', roles: ['staff'] });
    venue = await buildVenue(running.admin);
  });
  after(async () => {
    await browser.close();
    await running.stop();
  });

  /** Tickets of a booking for so many seats, in the order of the seats. */
  async function sold(showId: string, ...seats: readonly string[]): Promise<readonly Ticket[]> {
    const { body } = await ada.client.book({ showId, seats, payment: visa });
    await bookingOnce(ada.client, body.bookingId, ({ tickets }) => tickets.length === seats.length);
    const path = `/v1/bookings/${body.bookingId}/tickets`;
    return (await ada.client.get<{ items: readonly Ticket[] }>(path)).body.items;
  }

  const ticketNow = async ({ ticketId }: Ticket) => (await ada.client.get<Ticket>(`/v1/tickets/${ticketId}`)).body;

  /** The door of a show, prepared, whose clock can be moved on. */
  async function atDoor(t: TestContext, showId: string, tickets: number): Promise<Page | undefined> {
    const page = await browser.tab(t, { url: running.app.url, as: staff });
    if (page === undefined) return undefined;
    await page.clock.install();
    await page.addInitScript(`localStorage['${showKey}'] = '${showId}'; localStorage['fullhouse-gate'] = 'North'`);
    await page.goto('/console/door');
    await page.getByText(`Ready for a network that fails: ${tickets} ticket`).waitFor();
    return page;
  }

  async function scan(page: Page, code = ''): Promise<void> {
    await page.locator('#code:focus').waitFor();
    await page.keyboard.insertText(code);
    await page.keyboard.press('Enter');
  }
  async function verdict(page: Page, headline: string, detail = ''): Promise<void> {
    const own = page.locator('.verdict', { has: page.getByText(headline, { exact: true }) });
    await own.filter({ hasText: detail }).waitFor();
  }
  const alone = (page: Page) => page.getByText('No network: codes are checked on this device.');
  const conflicts = (page: Page) => page.getByRole('region', { name: 'Let in without network, and not counted' });

  /** The network is back, and so much time has passed that the door has found out. */
  async function back(page: Page): Promise<void> {
    await page.context().setOffline(false);
    await page.clock.fastForward(6_000);
    await alone(page).waitFor({ state: 'detached' });
  }

  it('lets in by itself, once, and tells the server afterwards when that was', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [first, second] = await sold(showId, 'S-A-1', 'S-A-2');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await page.context().setOffline(true);
    await alone(page).waitFor();
    await scan(page, first?.code);
    await verdict(page, 'Admitted without network', 'S-A-1');
    await scan(page, first?.code);
    await verdict(page, 'Already admitted', 'On this device, without network');
    await scan(page, second?.code);
    await verdict(page, 'Admitted without network', 'S-A-2');
    await page.getByText('2 scans to be sent').waitFor();
    assert.equal((await ticketNow(first as Ticket)).status, 'valid');
    const sent: Record<string, string>[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/check-ins')) sent.push(request.postDataJSON() as Record<string, string>);
    });
    await back(page);
    assert.deepEqual(
      sent.map(({ code }) => code),
      [first?.code, second?.code],
    );
    const { status, admittedAt } = await ticketNow(first as Ticket);
    assert.deepEqual([status, admittedAt], ['used', sent[0]?.['scannedAt']]);
    assert.equal(await page.getByText('to be sent').count(), 0);
    assert.equal(await conflicts(page).count(), 0);
    await scan(page, second?.code);
    await verdict(page, 'Already admitted', 'gate North');
  });

  it('keeps out what it knows to be used, void, for another show or no ticket', async (t) => {
    const showId = await openShow(running.admin, venue);
    const other = await openShow(running.admin, venue);
    const [used] = await sold(showId, 'S-A-1');
    const [cancelled] = await sold(showId, 'S-A-2');
    const [wrong] = await sold(other, 'S-A-1');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await scan(page, used?.code);
    await verdict(page, 'Admitted', 'S-A-1');
    const key = `cancel ${showId}`;
    await ada.client.post(`/v1/bookings/${cancelled?.bookingId}/cancellation`, {}, { key, waitSeconds: 10 });
    const told = page.waitForResponse('**/door?only=spent');
    await page.clock.fastForward(61_000);
    await told;
    await page.context().setOffline(true);
    await alone(page).waitFor();
    await scan(page, used?.code);
    await verdict(page, 'Already admitted', 'Checked on this device');
    await scan(page, cancelled?.code);
    await verdict(page, 'Void', 'Checked on this device');
    await scan(page, wrong?.code);
    await verdict(page, 'Wrong show');
    await scan(page, `${used?.code.slice(0, -1)}${used?.code.endsWith('A') ? 'Q' : 'A'}`);
    await verdict(page, 'Not a ticket');
    assert.equal(await page.getByText('to be sent').count(), 0);
  });

  it('goes on by itself where the server does not answer, also for a seat that was sold since', async (t) => {
    const showId = await openShow(running.admin, venue);
    await sold(showId, 'S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    const [late] = await sold(showId, 'S-A-2');
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'));
    await scan(page, late?.code);
    await verdict(page, 'Admitted without network', 'the seat is on the ticket');
    await alone(page).waitFor();
    await page.unroute('**/v1/**');
    await back(page);
    assert.equal((await ticketNow(late as Ticket)).status, 'used');
  });

  it('counts once whom the server let in although its answer was lost', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [ticket] = await sold(showId, 'S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await page.route('**/v1/**', async (route) => {
      if (route.request().url().endsWith('/check-ins')) await route.fetch();
      await route.abort('connectionreset');
    });
    await scan(page, ticket?.code);
    await verdict(page, 'Admitted without network', 'S-A-1');
    assert.equal((await ticketNow(ticket as Ticket)).status, 'used');
    await page.unroute('**/v1/**');
    await back(page);
    assert.equal(await page.getByText('to be sent').count(), 0);
    assert.equal(await conflicts(page).count(), 0);
  });

  it('lists whom another door let in, and whose booking was cancelled, until somebody has seen to each', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [copied] = await sold(showId, 'S-A-1');
    const [cancelled] = await sold(showId, 'S-A-2');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await page.context().setOffline(true);
    await alone(page).waitFor();
    for (const each of [copied, cancelled]) {
      await scan(page, each?.code);
      await verdict(page, 'Admitted without network');
    }
    await staff.client.post('/v1/check-ins', { code: copied?.code, gate: 'South' });
    const key = `cancel ${showId}`;
    await ada.client.post(`/v1/bookings/${cancelled?.bookingId}/cancellation`, {}, { key, waitSeconds: 10 });
    await back(page);
    const items = conflicts(page).getByRole('listitem');
    await items.filter({ hasText: /S-A-1 Let in here at .*gate North\. Also used at .*gate South/ }).waitFor();
    await items.filter({ hasText: /^.*Void.*S-A-2 Let in here at .*gate North\. The booking/s }).waitFor();
    await page.reload();
    const seen = items.first().getByRole('button', { name: 'Seen to' });
    await seen.click();
    await items.nth(1).waitFor({ state: 'detached' });
    await page.reload();
    await items.first().getByRole('button', { name: 'Seen to' }).click();
    await conflicts(page).waitFor({ state: 'detached' });
  });

  it('sends what it let in when it is opened again, and signs nobody out without a word', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [ticket] = await sold(showId, 'S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'));
    await scan(page, ticket?.code);
    await verdict(page, 'Admitted without network');
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type(), dialog.message());
      // Whoever wants to load the page anew may; whoever wants to sign out thinks better of it.
      void (dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss());
    });
    const question = page.waitForEvent('dialog');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await question;
    assert.match(asked.join(' '), /^confirm The server has not been told of 1 scan made at the door/);
    await page.unroute('**/v1/**');
    await page.reload();
    assert.equal(asked[2], 'beforeunload');
    await page.getByText('Ready for a network that fails').waitFor();
    await page.getByText('to be sent').waitFor({ state: 'detached' });
    assert.equal((await ticketNow(ticket as Ticket)).status, 'used');
  });

  it('sends a scan once more than it has to, where two tabs send, and it counts once', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [ticket] = await sold(showId, 'S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await page.context().setOffline(true);
    await alone(page).waitFor();
    await scan(page, ticket?.code);
    await verdict(page, 'Admitted without network');
    await page.context().setOffline(false);
    const second = await page.context().newPage();
    await second.goto('/console/door');
    await back(page);
    await second.getByText('Ready for a network that fails').waitFor();
    assert.equal((await ticketNow(ticket as Ticket)).status, 'used');
    for (const tab of [page, second]) {
      await tab.getByText('to be sent').waitFor({ state: 'detached' });
      assert.equal(await conflicts(tab).count(), 0);
    }
  });

  it('is as it was where no show is chosen: nobody is let in without an answer', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [ticket] = await sold(showId, 'S-A-1');
    const page = await browser.tab(t, { url: running.app.url, as: staff });
    if (page === undefined) return;
    await page.addInitScript(`localStorage['fullhouse-gate'] = 'North'`);
    await page.goto('/console/door');
    await page.getByText('Choose the show, and this door goes on when its network fails.').waitFor();
    await page.context().setOffline(true);
    await scan(page, ticket?.code);
    await verdict(page, 'Not known');
    assert.equal(await alone(page).count(), 0);
  });

  it('says so where the browser cannot verify signatures, and lets nobody in by itself', async (t) => {
    const showId = await openShow(running.admin, venue);
    const [ticket] = await sold(showId, 'S-A-1');
    const page = await browser.tab(t, { url: running.app.url, as: staff });
    if (page === undefined) return;
    await page.addInitScript(`
      localStorage['${showKey}'] = '${showId}';
      localStorage['fullhouse-gate'] = 'North';
      SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('unknown', 'NotSupportedError'));
    `);
    await page.goto('/console/door');
    await page.getByText('Not ready for a network that fails: this browser cannot verify').waitFor();
    await page.context().setOffline(true);
    await scan(page, ticket?.code);
    await verdict(page, 'Not known');
  });
});
