import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { visa } from '../support/client.ts';
import { bookingOnce, changeSetting } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** What the browser of a door remembers: what was chosen, if it is not the shows of today, and its gate. */
const at = (showId: string) => `
  if ('${showId}') localStorage['fullhouse-door-show'] = '${showId}';
  localStorage['fullhouse-gate'] = 'North';
`;

interface Ticket {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly status: 'valid' | 'used' | 'void';
  readonly admittedAt?: string;
  readonly code: string;
}

interface ShowBody {
  readonly startsAt: string;
  readonly theatre: { readonly timeZone: string };
  readonly screen: { readonly number: number };
}

/** It goes while people come, and comes back. */
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

  /** The tickets of a booking for one or two seats, in their order. */
  async function sold(showId: string, ...seats: readonly string[]): Promise<readonly [Ticket, Ticket]> {
    const { body } = await ada.client.book({ showId, seats, payment: visa });
    await bookingOnce(ada.client, body.bookingId, ({ tickets }) => tickets.length === seats.length);
    const path = `/v1/bookings/${body.bookingId}/tickets`;
    return (await ada.client.get<{ items: readonly [Ticket, Ticket] }>(path)).body.items;
  }

  /** A show of its own, with such a booking. */
  async function soldShow(...seats: readonly string[]): Promise<readonly [showId: string, Ticket, Ticket]> {
    const showId = await openShow(running.admin, venue);
    return [showId, ...(await sold(showId, ...seats))];
  }

  const ticketNow = async ({ ticketId }: Ticket) => (await ada.client.get<Ticket>(`/v1/tickets/${ticketId}`)).body;

  const cancelled = async ({ bookingId }: Ticket) => {
    const path = `/v1/bookings/${bookingId}/cancellation`;
    assert.equal((await ada.client.post(path, {}, { key: bookingId, waitSeconds: 10 })).status, 200);
  };

  /** Gives it to somebody else, and tells the code that they have. */
  async function given({ ticketId }: Ticket): Promise<string> {
    const bob = (await newPerson(running)).client;
    const { body } = await ada.client.post<{ code: string }>(`/v1/tickets/${ticketId}/transfer`, {});
    const taken = await bob.post<{ code: string }>('/v1/transfers/acceptance', { code: body.code });
    assert.equal(taken.status, 200);
    return taken.body.code;
  }

  /** A tab of a browser that stands at a gate, for a show, for any, or for those of today. */
  async function tab(t: TestContext, showId = ''): Promise<Page | undefined> {
    const page = await browser.tab(t, { url: running.app.url, as: staff });
    await page?.addInitScript(at(showId));
    return page;
  }

  /** The door of a show, prepared, whose clock can be moved on. */
  async function atDoor(t: TestContext, showId: string, tickets: number): Promise<Page | undefined> {
    const page = await tab(t, showId);
    await page?.clock.install();
    await page?.goto('/console/door');
    await page?.getByText(`Ready for a network that fails: ${tickets} ticket`).waitFor();
    return page;
  }

  async function scan(page: Page, code: string): Promise<void> {
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

  async function withoutNetwork(page: Page): Promise<void> {
    await page.context().setOffline(true);
    await alone(page).waitFor();
  }

  /** The network is back, and so much time has passed that the door has found out. */
  async function back(page: Page): Promise<void> {
    await page.context().setOffline(false);
    await page.clock.fastForward(6_000);
    await alone(page).waitFor({ state: 'detached' });
  }

  it('lets in by itself, once, and tells the server afterwards when that was', async (t) => {
    const [showId, first, second] = await soldShow('S-A-1', 'S-A-2');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await withoutNetwork(page);
    await scan(page, first.code);
    await verdict(page, 'Admitted without network', 'Stalls, row 1, seat 1');
    await scan(page, first.code);
    await verdict(page, 'Already admitted', 'On this device, without network');
    await scan(page, second.code);
    await verdict(page, 'Admitted without network', 'Stalls, row 1, seat 2');
    await page.getByText('2 scans to be sent').waitFor();
    assert.equal((await ticketNow(first)).status, 'valid');
    const sent: Record<string, string>[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/check-ins')) sent.push(request.postDataJSON() as Record<string, string>);
    });
    await back(page);
    assert.deepEqual([first.code, second.code], [sent[0]?.['code'], sent[1]?.['code']]);
    assert.equal((await ticketNow(first)).admittedAt, sent[0]?.['scannedAt']);
    await scan(page, second.code);
    await verdict(page, 'Already admitted', 'gate North');
  });

  it('keeps out tickets of another day, and says which show they are for', async (t) => {
    const startsAt = new Date(Date.now() + 60_000).toISOString();
    const screen = await buildVenue(running.admin);
    const tonight = await openShow(running.admin, screen, { startsAt });
    const [now] = await sold(tonight, 'S-A-1');
    const [, later] = await soldShow('S-A-2');
    const page = await tab(t);
    if (page === undefined) return;
    await page.goto('/console/door');
    await page.getByLabel('Let in to').getByText('The Third Man').first().waitFor({ state: 'attached' });
    await scan(page, later.code);
    await verdict(page, 'Another day', 'This ticket is for The Third Man');
    await verdict(page, 'Another day', 'Riverside · It was not used');
    await scan(page, now.code);
    await verdict(page, 'Admitted', 'Stalls, row 1, seat 1');
    assert.equal((await ticketNow(later)).status, 'valid');
    await page.getByLabel('Let in to').selectOption('any show, whenever it is');
    await scan(page, later.code);
    await verdict(page, 'Admitted', 'Stalls, row 1, seat 2');
    await page.getByLabel('Let in to').selectOption(tonight);
    await scan(page, later.code);
    await verdict(page, 'Wrong show', 'This ticket is for The Third Man');
  });

  it('says of any show that somebody is let in to when and where it is', async (t) => {
    const [showId, first] = await soldShow('S-A-1');
    const page = await tab(t, 'any');
    if (page === undefined) return;
    await page.goto('/console/door');
    await scan(page, first.code);
    const { body: show } = await running.admin.get<ShowBody>(`/v1/shows/${showId}`);
    const { timeZone } = show.theatre;
    const day = new Date(show.startsAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone });
    await verdict(page, 'Admitted', day);
    await verdict(page, 'Admitted', `screen ${show.screen.number}`);
  });

  it('keeps out what it knows to be used, void, for another show or no ticket', async (t) => {
    const [showId, used] = await soldShow('S-A-1');
    const [gone] = await sold(showId, 'S-A-2');
    const [, wrong] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await scan(page, used.code);
    await verdict(page, 'Admitted', 'Stalls, row 1, seat 1');
    await cancelled(gone);
    const told = page.waitForResponse(/\/door\?since=/);
    await page.clock.fastForward(61_000);
    await told;
    await withoutNetwork(page);
    await scan(page, used.code);
    await verdict(page, 'Already admitted', 'Checked on this device');
    await scan(page, gone.code);
    await verdict(page, 'Void', 'Checked on this device');
    await scan(page, wrong.code);
    await verdict(page, 'Wrong show', 'Checked on this device');
    await scan(page, `${used.code.slice(0, -1)}${used.code.endsWith('A') ? 'Q' : 'A'}`);
    await verdict(page, 'Not a ticket');
    assert.equal(await page.getByText('to be sent').count(), 0);
  });

  it('keeps out the old code of a ticket that was given away before it was told, and lets in with the new one', async (t) => {
    const [showId, first, second] = await soldShow('S-A-1', 'S-A-2');
    const newCode = await given(first);
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await scan(page, first.code);
    await verdict(page, 'Old code', 'given to somebody else');
    const told = page.waitForResponse(/\/door\?since=/);
    const secondsCode = await given(second);
    await page.clock.fastForward(61_000);
    await told;
    await withoutNetwork(page);
    for (const each of [first, second]) {
      await scan(page, each.code);
      await verdict(page, 'Old code', 'Checked on this device');
    }
    for (const [code, seat] of [
      [newCode, 'Stalls, row 1, seat 1'] as const,
      [secondsCode, 'Stalls, row 1, seat 2'] as const,
    ]) {
      await scan(page, code);
      await verdict(page, 'Admitted without network', seat);
    }
    await back(page);
    assert.equal(await conflicts(page).count(), 0);
  });

  it('lists whom it let in with an old code that it could not know to be one', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await withoutNetwork(page);
    const newCode = await given(ticket);
    await scan(page, ticket.code);
    await verdict(page, 'Admitted without network', 'Stalls, row 1, seat 1');
    await scan(page, newCode);
    await verdict(page, 'Already admitted', 'On this device, without network');
    await back(page);
    const item = conflicts(page).getByRole('listitem');
    await item
      .filter({ hasText: /Old code.*Stalls, row 1, seat 1 · Let in here at .*given to somebody else/s })
      .waitFor();
    await scan(page, newCode);
    await verdict(page, 'Admitted', 'Stalls, row 1, seat 1');
  });

  it('keeps out whom it let in while it was getting ready', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await tab(t, showId);
    if (page === undefined) return;
    const [isTold, isLetIn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route(/\/door\?/, async (route) => {
      const response = await route.fetch();
      isTold.resolve();
      await isLetIn.promise;
      await route.fulfill({ response });
    });
    await page.goto('/console/door');
    await isTold.promise;
    await scan(page, ticket.code);
    await verdict(page, 'Admitted', 'Stalls, row 1, seat 1');
    isLetIn.resolve();
    await page.getByText('Ready for a network that fails: 1 ticket').waitFor();
    await withoutNetwork(page);
    await scan(page, ticket.code);
    await verdict(page, 'Already admitted', 'Checked on this device');
  });

  it('goes on by itself where the server does not answer, also for a seat that was sold since', async (t) => {
    const [showId] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    const [late] = await sold(showId, 'S-A-2');
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'));
    await scan(page, late.code);
    await verdict(page, 'Admitted without network', 'the seat is on the ticket');
    await page.unroute('**/v1/**');
    await back(page);
    assert.equal((await ticketNow(late)).status, 'used');
  });

  it('counts once whom the server let in although its answer was lost', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await page.route('**/v1/**', async (route) => {
      if (route.request().url().endsWith('/check-ins')) await route.fetch();
      await route.abort('connectionreset');
    });
    await scan(page, ticket.code);
    await verdict(page, 'Admitted without network', 'Stalls, row 1, seat 1');
    assert.equal((await ticketNow(ticket)).status, 'used');
    await page.unroute('**/v1/**');
    await back(page);
    assert.equal(await page.getByText('to be sent').count(), 0);
    assert.equal(await conflicts(page).count(), 0);
  });

  it('lists whom another door let in, and whose booking was cancelled, until somebody has seen to each', async (t) => {
    const [showId, copied] = await soldShow('S-A-1');
    const [gone] = await sold(showId, 'S-A-2');
    const page = await atDoor(t, showId, 2);
    if (page === undefined) return;
    await withoutNetwork(page);
    for (const each of [copied, gone]) {
      await scan(page, each.code);
      await verdict(page, 'Admitted without network');
    }
    await staff.client.post('/v1/check-ins', { code: copied.code, gate: 'South' });
    await cancelled(gone);
    await back(page);
    const items = conflicts(page).getByRole('listitem');
    await items
      .filter({ hasText: /Stalls, row 1, seat 1 · Let in here at .*gate North\. Also used at .*gate South/ })
      .waitFor();
    await items
      .filter({ hasText: /Void.*Stalls, row 1, seat 2 · Let in here at .*gate North\. The booking/s })
      .waitFor();
    for (const left of ['2 scans to see to', '1 scan to see to']) {
      await page.reload();
      await page.getByRole('link', { name: left }).waitFor();
      await items.first().getByRole('button', { name: 'Seen to' }).click();
      await page.getByRole('link', { name: left }).waitFor({ state: 'detached' });
    }
  });

  it('sends what it let in when it is opened again, and signs nobody out without a word', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'));
    await scan(page, ticket.code);
    await verdict(page, 'Admitted without network');
    const asked: string[] = [];
    // Whoever wants to load the page anew may; whoever wants to sign out thinks better of it.
    page.on('dialog', (dialog) => {
      asked.push(dialog.type(), dialog.message());
      void (dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss());
    });
    const question = page.waitForEvent('dialog');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await question;
    assert.match(asked.join(' '), /^confirm The server has not been told of 1 scan made at the door/);
    await page.unroute('**/v1/**');
    await page.reload();
    assert.equal(asked[2], 'beforeunload');
    await page.getByText('Ready for a network that fails: 1 ticket').waitFor();
    await page.getByText('to be sent').waitFor({ state: 'detached' });
    assert.equal((await ticketNow(ticket)).status, 'used');
  });

  it('counts a scan once, whichever of two tabs sends it', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await atDoor(t, showId, 1);
    if (page === undefined) return;
    await withoutNetwork(page);
    await scan(page, ticket.code);
    await verdict(page, 'Admitted without network');
    await page.context().setOffline(false);
    const second = await page.context().newPage();
    await second.goto('/console/door');
    await back(page);
    await second.getByText('Ready for a network that fails: 1 ticket').waitFor();
    assert.equal((await ticketNow(ticket)).status, 'used');
    for (const tab of [page, second]) {
      await tab.getByText('to be sent').waitFor({ state: 'detached' });
      assert.equal(await conflicts(tab).count(), 0);
    }
  });

  it('is as it was where no show is chosen: nobody is let in without an answer', async (t) => {
    const [, ticket] = await soldShow('S-A-1');
    const page = await tab(t);
    if (page === undefined) return;
    await page.goto('/console/door');
    await page.getByText('Choose the show, and this door goes on when its network fails.').waitFor();
    await page.context().setOffline(true);
    await scan(page, ticket.code);
    await verdict(page, 'Not known');
    assert.equal(await alone(page).count(), 0);
  });

  it('says so where the browser cannot verify signatures, and lets nobody in by itself', async (t) => {
    const [showId, ticket] = await soldShow('S-A-1');
    const page = await tab(t, showId);
    if (page === undefined) return;
    await page.addInitScript(
      "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('unknown', 'NotSupportedError'))",
    );
    await page.goto('/console/door');
    await page.getByText('Not ready for a network that fails. This browser cannot verify').waitFor();
    await page.context().setOffline(true);
    await scan(page, ticket.code);
    await verdict(page, 'Not known');
  });
});
