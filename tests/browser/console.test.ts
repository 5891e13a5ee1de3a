import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import { TestBrowser } from '../support/browser.ts';
import { type Booking, eventually, visa } from '../support/client.ts';
import { foreign } from '../support/hostile-records.ts';
import { bookingOnce, changeSetting, hasStatus } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { administrator, type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, stalls } from '../support/venue.ts';

type Account = Pick<Person, 'email' | 'password'>;

describe('the console', () => {
  const browser = new TestBrowser();
  let running: RunningApp;
  let ada: Person;
  let staff: Person;
  let organizer: Person;
  let showId: string;

  before(async () => {
    running = await runApp({ LOG_LEVEL: 'silent' });
    // The same few people open every page.
    await changeSetting(running, 'loginsPerMinute', 1_000);
    ada = await newPerson(running);
    staff = await newPerson(running, { name: 'Sam Staff', roles: ['staff'] });
    organizer = await newPerson(running, { name: 'Olga Organizer', roles: ['organizer'] });
    showId = await openShow(running.admin, await buildVenue(running.admin));
  });
  after(async () => {
    await browser.close();
    await running.stop();
  });

  /** A page of the console as somebody; `undefined` where there is no browser. */
  async function opened(t: TestContext, as: Account, path: string): Promise<Page | undefined> {
    const page = await browser.tab(t, { url: running.app.url, as });
    await page?.goto(path);
    return page;
  }

  /** A confirmed booking with all its tickets. */
  async function sold(seats: readonly string[]): Promise<Booking> {
    const { body } = await ada.client.book({ showId, seats, payment: visa });
    assert.notEqual(body.status, 'rejected', `another test has sold ${seats}`);
    return bookingOnce(ada.client, body.bookingId, ({ tickets }) => tickets.length === seats.length);
  }

  async function codesOf({ bookingId }: Booking): Promise<readonly string[]> {
    const { body } = await ada.client.get<{ items: { code: string }[] }>(`/v1/bookings/${bookingId}/tickets`);
    return body.items.map(({ code }) => code);
  }

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const parts = (page: Page) => page.getByRole('navigation', { name: 'Console' }).getByRole('link').allTextContents();

  describe('shows each what is theirs', () => {
    it('has nothing for a customer, and says so', async (t) => {
      const page = await opened(t, ada, '/console');
      if (page === undefined) return;
      await page.getByText('your account is a customer’s').waitFor();
      assert.equal(await page.getByRole('navigation', { name: 'Console' }).count(), 0);
      await page.goto('/console/settings');
      await page.getByText('your account is a customer’s').waitFor();
    });

    it('shows nobody anything but the way to sign in', async (t) => {
      const page = await browser.tab(t, { url: running.app.url });
      if (page === undefined) return;
      await page.goto('/console/door');
      await page.locator('main').getByRole('link', { name: 'Sign in' }).waitFor();
    });

    it('begins with what an organizer does', async (t) => {
      const page = await opened(t, organizer, '/console');
      if (page === undefined) return;
      await page.getByRole('heading', { name: 'Bookings' }).waitFor();
      assert.deepEqual(await parts(page), ['Bookings', 'Shows', 'Programme', 'Reports']);
    });

    it('has all of it for an administrator', async (t) => {
      const page = await opened(t, administrator, '/console');
      if (page === undefined) return;
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      const all = ['Overview', 'Bookings', 'Unsettled', 'Parked', 'Door', 'Shows', 'Programme', 'Reports'];
      assert.deepEqual(await parts(page), [...all, 'Settings', 'People']);
    });
  });

  describe('in the middle of the work', () => {
    it('lets somebody in who was given a role a moment ago, with the token of before', async (t) => {
      const person = await newPerson(running);
      const page = await opened(t, person, '/');
      if (page === undefined) return;
      await page.getByRole('link', { name: person.name }).waitFor();
      await running.admin.call('PATCH', `/v1/users/${person.userId}`, { body: { roles: ['customer', 'staff'] } });
      await page.goto('/console');
      await page.getByRole('row', { name: /^booking-movie/ }).waitFor();
    });

    it('loads itself anew where the server has other pages by now', async (t) => {
      const page = await opened(t, staff, '/');
      if (page === undefined) return;
      // A file of the next version, which needs what the other files of this one do not have.
      const body = `import { notYetThere } from '../kit/api.ts';`;
      await page.route('**/web/console/console.ts', (route) => route.fulfill({ contentType: 'text/javascript', body }));
      await page.route('**/console', async (route) => {
        if (!route.request().isNavigationRequest())
          return route.fulfill({ contentType: 'text/html', body: 'the next version' });
        await page.unroute('**/web/console/console.ts');
        return route.continue();
      });
      await page.getByRole('link', { name: 'Console' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    });
  });

  describe('the overview', () => {
    it('tells the lag of every service and what is on the topics', async (t) => {
      const page = await opened(t, staff, '/console');
      if (page === undefined) return;
      await page
        .getByRole('row', { name: /^seat-inventory/ })
        .first()
        .waitFor();
      await page.getByRole('row', { name: /^booking-movie/ }).waitFor();
    });

    it('has the promises checked, and says that they hold', async (t) => {
      const page = await opened(t, staff, '/console');
      if (page === undefined) return;
      await button(page, 'Check now …').click();
      await button(page, 'Check now').click();
      await page.getByText(/All \d+ invariants hold/).waitFor();
    });

    it('says plainly that the log does not answer, shows the rest, and mends itself', async (t) => {
      const page = await browser.tab(t, { url: running.app.url, as: staff });
      if (page === undefined) return;
      let isDown = true;
      await page.route('**/v1/ops/groups', (route) =>
        isDown ? route.fulfill({ status: 500, json: { detail: 'Something went wrong here.' } }) : route.fallback(),
      );
      await page.goto('/console');
      await page.getByText('The log (Kafka) does not answer').waitFor();
      await page.getByRole('row', { name: /^booking-movie/ }).waitFor();
      isDown = false;
      await page
        .getByRole('row', { name: /^seat-inventory/ })
        .first()
        .waitFor();
      assert.equal(await page.getByText('does not answer').count(), 0);
    });
  });

  describe('a booking', () => {
    it('is found by its id, with why it ended so and what led to what', async (t) => {
      const { bookingId } = await sold(['S-A-1', 'S-A-2']);
      const page = await opened(t, staff, '/console/bookings');
      if (page === undefined) return;
      await page.getByLabel('Booking number, id or e-mail address').fill(bookingId);
      await page.keyboard.press('Enter');
      await page.getByText('It was confirmed because').waitFor();
      const held = page.getByRole('listitem').filter({ hasText: 'Held Stalls, row 1, seats 1, 2' });
      await held.focus();
      await page.locator('.timeline .cause', { hasText: 'The booking exists' }).waitFor();
      await page.locator('.timeline .effect-of', { hasText: 'The price is' }).waitFor();
      await held.getByRole('button', { name: 'because of booking BookingCreated' }).press('Enter');
      await page.locator('.timeline :focus', { hasText: 'The booking exists' }).waitFor();
    });

    it('is found by its number, as people tell it', async (t) => {
      const { bookingId } = await sold(['S-D-8']);
      const page = await opened(t, staff, '/console/bookings');
      if (page === undefined) return;
      const number = bookingNumber(bookingId);
      await page.getByLabel('Booking number, id or e-mail address').fill(number.toLowerCase().replaceAll('-', ' '));
      await page.keyboard.press('Enter');
      await page.getByText(number, { exact: true }).waitFor();
      await page.getByText('It was confirmed because').waitFor();
      await page.getByLabel('Booking number, id or e-mail address').fill('FH-0000-0000');
      await page.keyboard.press('Enter');
      await page.getByText('There is no booking of this number').waitFor();
    });

    it('is found by the address of its customer, and the way back leads to the list', async (t) => {
      await sold(['S-A-3']);
      const page = await opened(t, staff, '/console/bookings');
      if (page === undefined) return;
      await page.getByLabel('Booking number, id or e-mail address').fill(ada.email);
      await page.keyboard.press('Enter');
      const { body: show } = await running.anyone.get<{ movie: { title: string } }>(`/v1/shows/${showId}`);
      await page
        .getByRole('row', { name: /row 1, seat 3/ })
        .getByText(show.movie.title)
        .waitFor();
      await page
        .getByRole('row', { name: /row 1, seat 3/ })
        .getByRole('link')
        .click();
      await page.getByRole('heading', { name: 'What happened' }).waitFor();
      await page.goBack();
      await page.getByRole('row', { name: /row 1, seat 3/ }).waitFor();
    });

    it('that does not exist is told to be none', async (t) => {
      const page = await opened(t, staff, '/console/bookings/bkg_01900000-0000-7000-8000-000000000000');
      if (page === undefined) return;
      await page.getByText('There is no such booking').first().waitFor();
    });

    it('is cancelled in part by the organizer, in two steps', async (t) => {
      const { bookingId } = await sold(['S-A-4', 'S-A-5']);
      const page = await opened(t, organizer, `/console/bookings/${bookingId}`);
      if (page === undefined) return;
      await button(page, 'Cancel the booking …').click();
      await page.getByRole('checkbox', { name: 'Stalls, row 1, seat 5' }).uncheck();
      await page.getByLabel('Reason').fill('a broken seat');
      await button(page, 'Cancel the booking').click();
      await page.getByRole('status').getByText('Cancelled: Stalls, row 1, seat 4.').waitFor();
      const { seats } = await bookingOnce(ada.client, bookingId, (each) => each.seats.length === 1);
      assert.deepEqual(seats, ['S-A-5']);
    });

    it('that is held is paid in cash at the counter', async (t) => {
      const { body } = await ada.client.book({ showId, seats: ['S-A-6'] });
      const page = await opened(t, staff, `/console/bookings/${body.bookingId}`);
      if (page === undefined) return;
      await button(page, 'Take the payment …').click();
      await page.getByLabel('cash').check();
      await button(page, 'Take the payment').click();
      await page.getByRole('status').getByText('the booking is confirmed').waitFor();
      assert.equal((await ada.client.booking(body.bookingId)).body.status, 'confirmed');
    });
  });

  describe('what needs a person', () => {
    it('is told to be done where somebody else has done it, while one was still writing', async (t) => {
      await changeSetting(running, 'paymentUnsettledAfterMs', 1_000);
      const payment = { method: 'card', token: 'tok_slow_3600' };
      const { body } = await ada.client.book({ showId, seats: ['S-B-4'], payment }, { waitSeconds: 0 });
      const page = await opened(t, staff, '/console/unsettled');
      if (page === undefined) return;
      const item = page.getByRole('listitem').filter({ hasText: body.bookingId });
      await item.getByRole('button', { name: 'Settle the charge …' }).click();
      await item.getByLabel('Why').fill('the books of the provider');
      const { body: unsettled } = await running.admin.get<{ items: { id: string; bookingId?: string }[] }>(
        '/v1/ops/unsettled',
      );
      const id = unsettled.items.find(({ bookingId }) => bookingId === body.bookingId)?.id;
      await running.admin.post(`/v1/ops/payments/${id}/settlement`, { outcome: 'failed', why: 'quicker' });
      await page.getByRole('status').getByText('Somebody else was quicker').waitFor();
    });

    it('is a message that was refused, and may be sent again', async (t) => {
      const page = await browser.tab(t, { url: running.app.url, as: staff });
      if (page === undefined) return;
      const messageId = 'msg_01900000-0000-7000-8000-000000000000';
      const refused = {
        ...{ messageId, bookingId: 'bkg_01900000-0000-7000-8000-000000000000', showId, kind: 'tickets_issued' },
        ...{ channel: 'email', status: 'failed', error: '550 no such user', since: new Date().toISOString() },
      };
      await page.route('**/v1/ops/messages?*', (route) =>
        route.fulfill({ json: { items: [refused], nextCursor: null } }),
      );
      await page.route(`**/v1/ops/messages/${messageId}/resend`, (route) =>
        route.fulfill({ status: 202, json: refused }),
      );
      await page.goto('/console/unsettled');
      const item = page.getByRole('listitem').filter({ hasText: '550 no such user' });
      await item.getByRole('button', { name: 'Send the message again …' }).click();
      await item.getByRole('button', { name: 'Send the message again' }).click();
      await page.getByRole('status').getByText('The message is sent again').waitFor();
    });

    it('is a charge that a person settles, with the why', async (t) => {
      await changeSetting(running, 'paymentUnsettledAfterMs', 1_000);
      const payment = { method: 'card', token: 'tok_slow_3600' };
      const { body } = await ada.client.book({ showId, seats: ['S-B-1'], payment }, { waitSeconds: 0 });
      const page = await opened(t, staff, '/console/unsettled');
      if (page === undefined) return;
      const item = page.getByRole('listitem').filter({ hasText: body.bookingId });
      await item.getByRole('button', { name: 'Settle the charge …' }).click();
      await item.getByLabel('succeeded').check();
      await item.getByLabel('Why').fill('the books of the provider say so');
      await page.keyboard.press('Enter');
      await page.getByRole('status').getByText('Settled as succeeded').waitFor();
      await item.waitFor({ state: 'detached' });
      await bookingOnce(ada.client, body.bookingId, hasStatus('confirmed'));
    });

    it('is a refund that the provider refused, and may be asked for again', async (t) => {
      const payment = { method: 'card', token: 'tok_slow_3600' };
      const { body } = await ada.client.book({ showId, seats: ['S-B-3'], payment }, { waitSeconds: 0 });
      const page = await opened(t, staff, '/console/unsettled');
      if (page === undefined) return;
      const item = page.getByRole('listitem').filter({ hasText: body.bookingId });
      await item.getByRole('button', { name: 'Settle the charge …' }).click();
      await item.getByLabel('succeeded').check();
      await item.getByLabel('Why').fill('by mistake: nothing was captured');
      await page.keyboard.press('Enter');
      await bookingOnce(ada.client, body.bookingId, hasStatus('confirmed'));
      await ada.client.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: 'cancel' });
      await item.getByText('A refund that failed').waitFor();
      await item.getByRole('button', { name: 'Ask for the refund again …' }).click();
      await item.getByRole('button', { name: 'Ask for the refund again', exact: true }).click();
      await page.getByRole('status').getByText('The refund is asked for again').waitFor();
    });

    it('is cash that somebody has come for: handed out, it leaves the list', async (t) => {
      const sale = { showId, seats: ['S-B-6'], payment: { method: 'cash' }, customerName: 'Ann Lee' };
      const { body } = await running.admin.book(sale);
      await bookingOnce(running.admin, body.bookingId, ({ tickets }) => tickets.length === 1);
      await running.admin.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: 'cash', waitSeconds: 20 });
      const page = await opened(t, staff, '/console/unsettled');
      if (page === undefined) return;
      const item = page.getByRole('listitem').filter({ hasText: body.bookingId });
      await item.getByText('Cash to hand out').waitFor();
      await item.getByRole('button', { name: 'Hand it out …' }).click();
      await item.getByLabel('To whom').fill('Ann Lee, till 2');
      await page.keyboard.press('Enter');
      await item.waitFor({ state: 'detached' });
      await bookingOnce(running.admin, body.bookingId, ({ refund }) => refund?.status === 'succeeded');
    });

    it('is a record that nobody can read: taken up again it is parked again, thrown away it is gone', async (t) => {
      const { body } = await ada.client.book({ showId, seats: ['S-B-2'] });
      const { bookingId: subject } = body;
      const partitions = running.app.log.topics.find(({ name }) => name === 'payment-topic')?.partitions ?? 0;
      const record = { key: showId, partitions, type: 'PaymentSucceeded', subject, value: 'broken' };
      await running.app.log.append([foreign('payment-topic', record)]);
      const page = await opened(t, staff, '/console/parked');
      if (page === undefined) return;
      await page.getByLabel('Service').selectOption('booking');
      const heading = page.getByRole('heading', { name: 'booking: undecodable' });
      const item = page.getByRole('listitem').filter({ hasText: subject, has: heading });
      await item.getByRole('button', { name: 'Take it up again …' }).click();
      await item.getByText('Nothing is lost').waitFor();
      await item.getByRole('button', { name: 'Take it up again' }).click();
      await page.getByRole('status').getByText('1 input taken up again').waitFor();
      await item.getByRole('button', { name: 'Throw it away …' }).click();
      await item.getByText('gone for good').waitFor();
      await item.getByRole('button', { name: 'Throw it away' }).click();
      await page.getByRole('status').getByText('is thrown away').waitFor();
      await item.waitFor({ state: 'detached' });
    });
  });

  describe('the door', () => {
    const scan = async (page: Page, code: string) => {
      await page.locator('#code:focus').waitFor();
      await page.keyboard.insertText(code);
      await page.keyboard.press('Enter');
    };
    const verdict = async (page: Page, headline: string, detail = '') => {
      const own = page.locator('.verdict', { has: page.getByText(headline, { exact: true }) });
      await own.filter({ hasText: detail }).waitFor();
    };
    /** The shows of these tests are weeks away. */
    const ofAnyDay = (page: Page | undefined) => page?.getByLabel('Let in to').selectOption('any show, whenever it is');
    const atGate = async (t: TestContext, gate: string) => {
      const page = await opened(t, staff, '/console/door');
      await ofAnyDay(page);
      await page?.getByLabel('Gate').fill(gate);
      await page?.getByLabel('Gate').press('Enter');
      return page;
    };

    it('lets in once, then says when and where that was; the gate is remembered', async (t) => {
      const [code = ''] = await codesOf(await sold(['S-C-1']));
      const page = await atGate(t, 'North');
      if (page === undefined) return;
      await scan(page, code);
      await verdict(page, 'Admitted', 'Stalls, row 3, seat 1');
      await page.reload();
      await scan(page, code);
      await verdict(page, 'Already admitted', 'gate North');
    });

    it('asks for the gate first, and takes no ticket for the name of one', async (t) => {
      const [code = ''] = await codesOf(await sold(['S-C-7']));
      const page = await opened(t, staff, '/console/door');
      if (page === undefined) return;
      await ofAnyDay(page);
      await verdict(page, 'Which gate is this?');
      await page.locator('[name=gate]:focus').waitFor();
      await page.keyboard.insertText(code);
      await page.keyboard.press('Enter');
      assert.equal(await page.getByLabel('Gate').inputValue(), '');
      await page.getByLabel('Gate').fill('East');
      await page.getByLabel('Gate').press('Enter');
      await verdict(page, 'Ready');
      await scan(page, code);
      await verdict(page, 'Admitted', 'Stalls, row 3, seat 7');
    });

    it('sends what is scanned quickly one after the other, and lists it', async (t) => {
      const codes = await codesOf(await sold(['S-C-2', 'S-C-3']));
      const page = await atGate(t, 'South');
      if (page === undefined) return;
      for (const code of [...codes, 'no ticket', codes[0] ?? '']) await scan(page, code);
      await verdict(page, 'Already admitted');
      const scans = page.locator('.scans strong');
      assert.deepEqual(await scans.allTextContents(), ['Already admitted', 'Not a ticket', 'Admitted', 'Admitted']);
    });

    it('lets in from the booking whoever has a code that cannot be read, once', async (t) => {
      const booking = await sold(['S-C-5', 'S-C-6']);
      const page = await opened(t, staff, `/console/bookings/${booking.bookingId}`);
      if (page === undefined) return;
      await button(page, 'Let in Stalls, row 3, seat 5 …').click();
      await page.getByText('ask whether they are Ada Lovelace').waitFor();
      await page.getByLabel('Gate').fill('Side');
      await button(page, 'Let in Stalls, row 3, seat 5').click();
      await page.getByRole('status').getByText('Admitted: Stalls, row 3, seat 5, gate Side.').waitFor();
      await page.getByRole('row', { name: /^Stalls, row 3, seat 5 standard used/ }).waitFor();
      assert.equal(await button(page, 'Let in Stalls, row 3, seat 5 …').count(), 0);
      const codes = await codesOf(booking);
      await page.goto('/console/door');
      await ofAnyDay(page);
      for (const code of codes) await scan(page, code);
      const scans = page.locator('.scans strong');
      await scans.nth(1).waitFor();
      await verdict(page, 'Admitted', 'Stalls, row 3, seat 6');
      assert.deepEqual(await scans.allTextContents(), ['Admitted', 'Already admitted']);
    });

    it('lets nobody in without an answer, and in with the second asking if the first answer was lost', async (t) => {
      const [code = ''] = await codesOf(await sold(['S-C-4']));
      const page = await atGate(t, 'West');
      if (page === undefined) return;
      await page.route('**/v1/check-ins', async (route) => {
        await route.fetch();
        await route.abort();
      });
      await scan(page, code);
      await verdict(page, 'Not known');
      await page.unroute('**/v1/check-ins');
      await button(page, 'Try again').click();
      await verdict(page, 'Admitted', 'Stalls, row 3, seat 4');
    });
  });

  describe('a show', () => {
    it('is found by its day', async (t) => {
      const { body } = await running.anyone.get<{ startsAt: string }>(`/v1/shows/${showId}`);
      const page = await opened(t, organizer, '/console/shows');
      if (page === undefined) return;
      await page.getByLabel('Day').fill(body.startsAt.slice(0, 10));
      await page.getByRole('link', { name: 'The Third Man' }).click();
      await page.getByRole('row', { name: /^standard 50/ }).waitFor();
    });

    it('says when its sale opens, until it does', async (t) => {
      const opensAt = new Date(Date.now() + 86_400_000).toISOString();
      const own = await openShow(running.admin, await buildVenue(running.admin), { sales: { opensAt } });
      const page = await opened(t, organizer, `/console/shows/${own}`);
      if (page === undefined) return;
      await page.getByText(/^The sale opens \S/).waitFor();
      await page.goto(`/console/shows/${showId}`);
      await page.getByRole('row', { name: /^standard 50/ }).waitFor();
      assert.equal(await page.getByText('The sale opens').count(), 0);
    });

    it('is sold at the counter: the price, then the name and cash, then the tickets', async (t) => {
      const page = await opened(t, staff, `/console/shows/${showId}`);
      if (page === undefined) return;
      await page.getByLabel('How many').fill('2');
      await page.getByLabel('Category').selectOption('premium');
      await button(page, 'What does it cost?').click();
      await page.getByLabel('Name of the customer').fill('Grace Hopper');
      await button(page, /^Sell for €/).click();
      await page.locator('.counter').getByText('confirmed').waitFor();
      assert.match((await page.locator('.ticket-code').allTextContents()).join(), /^FH1\S+,FH1\S+$/);
      await page.getByRole('link', { name: 'The booking' }).click();
      await page.getByRole('cell', { name: 'Grace Hopper' }).first().waitFor();
    });

    it('tells what became of a seat, shows the hall as it was, and sells what is chosen on the map', async (t) => {
      const own = await openShow(running.admin, await buildVenue(running.admin));
      await ada.client.book({ showId: own, seats: ['S-A-1'], payment: visa });
      const late = await ada.client.book({ showId: own, seats: ['S-A-1', 'S-A-2'] });
      assert.equal(late.body.status, 'rejected');
      const page = await opened(t, staff, `/console/shows/${own}`);
      if (page === undefined) return;
      const legend = page.locator('.legend');
      await legend.getByText('1 sold').waitFor();
      await page.locator('canvas').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'What became of Stalls, row 1, seat 1' }).waitFor();
      const story = page.locator('.seat-history li');
      assert.deepEqual(
        (await story.allTextContents()).map((text) => /Held|Sold|No seats/.exec(text)?.[0]),
        ['Held', 'Sold', 'No seats'],
      );
      await button(page, 'Look back').click();
      await button(page, 'One back').click();
      await legend.getByText('1 held').waitFor();
      await button(page, 'One back').click();
      await page.getByText('before anything happened').waitFor();
      await legend.getByText('58 free').waitFor();
      await button(page, 'Back to now').click();
      await legend.getByText('1 sold').waitFor();
      await page.locator('canvas').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await eventually(
        () => page.getByLabel('Ids of the seats').inputValue(),
        (seats) => seats === 'S-A-2',
      );
      await button(page, 'What does it cost?').click();
      await page.getByLabel('Name of the customer').fill('Grace Hopper');
      await button(page, /^Sell for €/).click();
      await page.locator('.counter').getByText('confirmed').waitFor();
      await legend.getByText('2 sold').waitFor();
      await page.getByText('Choose seats to sell them').waitFor();
    });

    it('is sold at the counter to the last seat, and shows the tickets of that', async (t) => {
      const seatPlan = { name: 'One seat', sections: [stalls(1, 1)], areas: [] };
      const venue = await buildVenue(running.admin);
      const { body: plan } = await running.admin.post<{ seatPlanId: string }>('/v1/seat-plans', seatPlan);
      const where = { theatreId: venue.theatreId, number: 99, seatPlanId: plan.seatPlanId };
      const { body: screen } = await running.admin.post<{ screenId: string }>('/v1/screens', where);
      const priceCategories = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
      const small = await openShow(running.admin, { ...venue, screenId: screen.screenId }, { priceCategories });
      const page = await opened(t, staff, `/console/shows/${small}`);
      if (page === undefined) return;
      await button(page, 'What does it cost?').click();
      await page.getByLabel('Name of the customer').fill('Grace Hopper');
      // The first answer is lost: it may be sold, and is not sold twice.
      await page.route('**/v1/bookings', async (route) => {
        await route.fetch();
        await route.fulfill({ status: 504, json: { detail: 'Nobody answers.' } });
      });
      await page.clock.install();
      const sell = button(page, /^Sell for €/);
      await sell.click();
      for (let tries = 0; tries < 8; tries += 1) {
        await page.clock.fastForward(6_000);
        await page.evaluate('fetch("/web/settings.json").then((response) => response.text())');
      }
      await page.getByText('It may be sold already.').waitFor();
      assert.equal(await button(page, 'Choose again').isDisabled(), true);
      await page.unroute('**/v1/bookings');
      await sell.click();
      await page.locator('.ticket-code').waitFor();
      await page.clock.fastForward(6_000);
      await page.getByRole('heading', { name: 'sold out' }).waitFor();
      assert.equal(await page.locator('.ticket-code').count(), 1);
      await button(page, 'The next customer').click();
      await page.getByText('Nothing is sold at the counter').waitFor();
    });

    it('has seats blocked and unblocked, not those that are sold', async (t) => {
      await sold(['S-D-1']);
      const page = await opened(t, organizer, `/console/shows/${showId}`);
      if (page === undefined) return;
      await button(page, 'Block seats …').click();
      await page.getByLabel('Ids of the seats').fill('S-D-1 S-D-2');
      await button(page, 'Block seats').click();
      await page.getByText('Not free: Stalls, row 4, seat 1').waitFor();
      await page.getByLabel('Ids of the seats').fill('S-D-2');
      await button(page, 'Block seats').click();
      await page.getByText('1 kept off sale. Revenue').waitFor();
      await button(page, 'Unblock seats …').click();
      await page.getByLabel('Ids of the seats').fill('S-D-2');
      await button(page, 'Unblock seats').click();
      await page.getByText('0 kept off sale. Revenue').waitFor();
    });

    it('has a waiting room that the organizer opens, makes larger and closes', async (t) => {
      const wanted = await openShow(running.admin, await buildVenue(running.admin));
      const page = await opened(t, organizer, `/console/shows/${wanted}`);
      if (page === undefined) return;
      await page.getByText('There is none: everybody books').waitFor();
      await button(page, 'Open a waiting room …').click();
      await page.getByLabel('At most so many inside').fill('1');
      await button(page, 'Open a waiting room').click();
      await page.getByRole('status').getByText('at most 1 may be inside').waitFor();
      const { client } = await newPerson(running);
      const place = () => client.post<{ status: string }>(`/v1/shows/${wanted}/waiting-room/places`, undefined);
      await eventually(place, ({ body }) => body.status === 'let_in');
      await button(page, 'Change how many may be inside …').click();
      assert.equal(await page.getByLabel('At most so many inside').inputValue(), '1');
      await page.getByLabel('At most so many inside').fill('20');
      await button(page, 'Change how many may be inside').click();
      await page.getByText('1, at most 20').waitFor();
      await button(page, 'Close the waiting room …').click();
      await button(page, 'Close the waiting room').click();
      await page.getByText('There is none: everybody books').waitFor();
      assert.equal((await place()).status, 404);
    });

    it('is cancelled only by who types its title', async (t) => {
      const doomed = await openShow(running.admin, await buildVenue(running.admin));
      const page = await opened(t, organizer, `/console/shows/${doomed}`);
      if (page === undefined) return;
      await button(page, 'Cancel the show …').click();
      await page.getByLabel('To confirm, type its title').fill('The Fourth Man');
      await button(page, 'Cancel the show').click();
      await page.getByRole('alert').getByText('is not the title').waitFor();
      await page.getByLabel('To confirm, type its title').fill('The Third Man');
      await button(page, 'Cancel the show').click();
      await page.getByRole('status').getByText('The show is cancelled').waitFor();
      const shown = () => running.anyone.get<{ status: string }>(`/v1/shows/${doomed}`);
      await eventually(shown, ({ body }) => body.status === 'cancelled');
    });
  });

  describe('reports', () => {
    it('are downloaded by the organizer, for the days that were chosen', async (t) => {
      const page = await opened(t, organizer, '/console/reports');
      if (page === undefined) return;
      const { bookingId } = await sold(['S-E-1']);
      const file = async (name: string) => {
        const downloading = page.waitForEvent('download');
        await button(page, name).click();
        const download = await downloading;
        return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
      };
      const bookings = await file('Download the bookings');
      assert.match(bookings.name, /^bookings 20\d\d-\d\d-01 to 20\d\d-\d\d-\d\d\.csv$/);
      assert.match(bookings.text, /^\uFEFFbooked_at,booking,status,/);
      assert.ok(bookings.text.includes(`,${bookingId},`), bookings.text);
      assert.match((await file('Download the journal of money')).text, /^\uFEFFat,kind,currency,amount,/);
      await page.getByLabel('From').fill('2001-01-01');
      await page.getByLabel('Until').fill('2001-01-31');
      assert.equal((await file('Download the bookings')).text.split('\r\n').length, 2);
      await page.getByRole('status').getByText('0 lines downloaded.').waitFor();
      await page.getByLabel('Until').fill('2000-01-31');
      await button(page, 'Download the bookings').click();
      await page.getByRole('alert').getByText('must be later than').waitFor();
    });

    it('are shown as sums of days or shows, which are those of the file', async (t) => {
      const page = await opened(t, organizer, '/console/reports');
      if (page === undefined) return;
      await sold(['S-D-9']);
      await page.getByLabel('Days of').selectOption('Europe/London');
      await button(page, 'Show the bookings').click();
      await page
        .getByRole('status')
        .getByText(/lines? summed\.$/)
        .waitFor();
      const cellsOf = (name: string | RegExp) => page.getByRole('row', { name }).getByRole('cell').allTextContents();
      const [bookings = ''] = await cellsOf(/^In all/);
      const downloading = page.waitForEvent('download');
      await button(page, 'Download the bookings').click();
      const file = (await readFile(await (await downloading).path(), 'utf8')).trim().split('\r\n').slice(1);
      assert.equal(Number(bookings), file.length);
      await page.getByLabel('A row for each').selectOption('show');
      await button(page, 'Show the money').click();
      await page
        .getByRole('row', { name: /^The Third Man, .*, Riverside, screen/ })
        .first()
        .waitFor();
      await page
        .getByRole('status')
        .getByText(/lines? summed\.$/)
        .waitFor();
      const all = page.waitForEvent('download');
      const total = await cellsOf(/^In all/);
      await button(page, 'Download the journal of money').click();
      const money = (await readFile(await (await all).path(), 'utf8')).trim().split('\r\n').slice(1);
      const cents = money.reduce((sum, line) => sum + Math.round(Number(line.split(',')[3]) * 100), 0);
      assert.equal(total.at(-1)?.trim(), `€${(cents / 100).toLocaleString('en-GB', { minimumFractionDigits: 2 })}`);
    });
  });

  describe('settings', () => {
    const settingNow = async (key: string) =>
      (await running.admin.get<{ value: unknown }>(`/v1/settings/${key}`)).body.value;

    it('are refused at the field, changed with the why, and keep who did it', async (t) => {
      const page = await opened(t, administrator, '/console/settings');
      if (page === undefined) return;
      await page.getByRole('row', { name: 'How many seats one booking may have.' }).waitFor();
      await page.getByRole('link', { name: 'seatsPerBookingMax' }).click();
      await page.getByText('How many seats one booking may have.').waitFor();
      await page.getByLabel('Value').fill('1000');
      await page.getByLabel('Why').fill('a large party');
      await button(page, 'Change it').click();
      await page.getByRole('alert').getByText('must be at most 100').waitFor();
      await page.getByLabel('Value').fill('12');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('seatsPerBookingMax is 12 now').waitFor();
      await page.getByRole('row', { name: /12 a large party you/ }).waitFor();
      await page.getByLabel('Value').fill('14');
      await page.getByLabel('Why').fill('a larger party');
      await changeSetting(running, 'seatsPerBookingMax', 11);
      await button(page, 'Change it').click();
      await page.getByRole('alert').getByText('Somebody else changed it meanwhile: it is 11 now').waitFor();
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('seatsPerBookingMax is 14 now').waitFor();
    });

    it('that are times are edited in their unit', async (t) => {
      const page = await opened(t, administrator, '/console/settings/quoteTtlMs');
      if (page === undefined) return;
      await page.getByLabel('Value').waitFor();
      const shown = [await page.getByLabel('Value').inputValue(), await page.getByLabel('Unit').inputValue()];
      assert.deepEqual(shown, ['2', 'minutes']);
      await page.getByLabel('Value').fill('90');
      await page.getByLabel('Unit').selectOption('seconds');
      await page.getByLabel('Why').fill('try it');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('quoteTtlMs is 1 min 30 s now').waitFor();
      assert.equal(await settingNow('quoteTtlMs'), 90_000);
    });

    it('that are money are edited as amounts of the currency', async (t) => {
      const page = await opened(t, administrator, '/console/settings/bookingFeeMinor');
      if (page === undefined) return;
      await page.getByLabel('Amount, in EUR').fill('1,255');
      await page.getByLabel('Why').fill('try it');
      await button(page, 'Change it').click();
      await page.getByRole('alert').getByText('is no amount like 1.50').waitFor();
      await page.getByLabel('Amount, in EUR').fill('1.25');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('bookingFeeMinor is 1.25 EUR now').waitFor();
      assert.equal(await settingNow('bookingFeeMinor'), 125);
    });

    it('that are rules of prices are edited in fields, with an example, or as JSON', async (t) => {
      const page = await opened(t, administrator, '/console/settings/pricingRules');
      if (page === undefined) return;
      const example = page.getByRole('group', { name: 'An example' });
      await example.getByLabel('List price in EUR').fill('10.00');
      await example.getByText('€11.50').first().waitFor();
      const time = page.getByRole('group', { name: 'How soon the show begins' });
      await time.getByLabel('Add %').fill('15');
      await example.getByText('€12.50').first().waitFor();
      await time.getByRole('button', { name: 'Add a step' }).click();
      await time.getByLabel('Within hours').nth(1).fill('2');
      await time.getByLabel('Add %').nth(1).fill('-200');
      await page.getByLabel('Why').fill('the last seats');
      await button(page, 'Change it').click();
      await time.getByRole('alert').getByText('must be at least -100').waitFor();
      await time.getByLabel('Add %').nth(1).fill('-50');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('within 24 h +15 %; within 2 h -50 %').first().waitFor();
      const changed = (await settingNow('pricingRules')) as { timeToShow: unknown };
      assert.deepEqual(changed.timeToShow, [
        { withinHours: 24, addPercent: 15 },
        { withinHours: 2, addPercent: -50 },
      ]);
      await button(page, 'Edit as JSON').click();
      await page.getByLabel('Value, as JSON').fill(JSON.stringify({ ...changed, timeToShow: [] }));
      await page.getByLabel('Why').fill('as before');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('+20 %; from 200 seats/h').waitFor();
    });

    it('that are lists are edited line by line', async (t) => {
      const page = await opened(t, administrator, '/console/settings/notificationChannels');
      if (page === undefined) return;
      await page.getByLabel('Values').fill('email\npigeon');
      await page.getByLabel('Why').fill('try it');
      await button(page, 'Change it').click();
      await page.getByRole('alert').filter({ hasText: '1: ' }).waitFor();
      await page.getByLabel('Values').fill('email');
      await button(page, 'Change it').click();
      await page.getByRole('status').getByText('notificationChannels is email now').waitFor();
    });
  });

  it('has a name for every field, one heading and no more than the width of a telephone, in every part', async (t) => {
    const { bookingId } = await sold(['S-E-2']);
    const small = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } as const;
    const page = await browser.tab(t, { url: running.app.url, as: administrator, ...small });
    if (page === undefined) return;
    const more = [
      `bookings/${bookingId}`,
      `shows/${showId}`,
      'settings/pricingRules',
      'settings/paymentUnsettledAfterMs',
    ];
    for (const part of ['', 'bookings', 'unsettled', 'parked', 'door', 'shows', 'settings', 'people', ...more]) {
      await page.goto(`/console/${part}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await eventually(
        () => page.getByText('Loading …').count(),
        (count) => count === 0,
      );
      const found: unknown = await page.evaluate(`({
        headings: document.querySelectorAll('h1').length,
        nameless: [...document.querySelectorAll('input, select, textarea')].filter(({ labels }) => !labels.length).length,
        scopeless: document.querySelectorAll('th:not([scope])').length,
        tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      })`);
      assert.deepEqual(found, { headings: 1, nameless: 0, scopeless: 0, tooWide: 0 }, `/console/${part}`);
    }
  });

  it('lets an administrator give somebody a role', async (t) => {
    const person = await newPerson(running);
    const page = await opened(t, administrator, '/console/people');
    if (page === undefined) return;
    await page.getByLabel('E-mail address').fill(person.email);
    await page.keyboard.press('Enter');
    await button(page, 'Change the roles …').click();
    await page.getByRole('checkbox', { name: 'staff' }).check();
    await button(page, 'Change the roles').click();
    await page.getByRole('status').getByText('has the roles customer, staff now').waitFor();
    // Another administrator takes it away before this one gives another.
    await button(page, 'Change the roles …').click();
    await page.getByRole('checkbox', { name: 'organizer' }).check();
    await running.admin.call('PATCH', `/v1/users/${person.userId}`, { body: { roles: ['customer'] } });
    await button(page, 'Change the roles').click();
    await page.getByRole('alert').getByText('Somebody else changed them meanwhile').waitFor();
  });
});
