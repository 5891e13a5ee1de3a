import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { plainHost, TestBrowser } from '../support/browser.ts';
import { eventually, type Page as Listed } from '../support/client.ts';
import { newPerson } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, stalls, type Venue } from '../support/venue.ts';

/** What a customer does, in a real browser: from the programme to the ticket. */
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

interface Visit {
  readonly showId?: string;
  readonly path?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** A tab of a new customer, who is at the page of a show. */
async function visit(t: TestContext, { showId, path = `/shows/${showId}`, viewport }: Visit) {
  const person = await newPerson(running);
  const page = await browser.tab(t, {
    ...{ url: running.anyone.url, as: person },
    ...(viewport === undefined ? {} : { viewport }),
  });
  await page?.goto(path);
  return page && { page, person };
}

const choice = (page: Page) => page.getByRole('region', { name: 'Your choice' });
const book = (page: Page) => page.getByRole('button', { name: 'Hold and go on to payment' });
const pay = (page: Page) => page.getByRole('button', { name: /^Pay/ });

async function findBest(page: Page, count: number): Promise<void> {
  await page.getByRole('spinbutton', { name: 'Seats' }).fill(String(count));
  await page.getByRole('button', { name: 'Find the best' }).click();
  await choice(page).getByText('Total').waitFor();
}

async function holdBest(page: Page, count: number): Promise<string> {
  await findBest(page, count);
  await book(page).click();
  await page.getByRole('timer').waitFor();
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

describe('a customer in a browser', () => {
  test('finds a show, makes an account on the way, pays, and has tickets', async (t) => {
    const showId = await openShow(running.admin, venue, { startsAt: new Date(Date.now() + 86_400_000).toISOString() });
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    await page.goto('/');
    await page.getByRole('button', { name: 'Tomorrow' }).click();
    await page.getByRole('region', { name: 'The Third Man' }).getByRole('link').click();
    await page.waitForURL(`**/shows/${showId}`);
    await findBest(page, 2);
    await book(page).click();
    await page.getByRole('button', { name: 'I am new here' }).click();
    await page.getByLabel('Name').fill('Ada Lovelace');
    await page.getByLabel('E-mail').fill(`${randomUUID()}@example.com`);
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Make the account' }).click();
    // What was chosen before is chosen still.
    await choice(page).getByText('Total').waitFor();
    await book(page).click();
    await pay(page).click();
    const tickets = page.getByRole('article', { name: /^Ticket for (Stalls|Circle), row/ });
    await tickets.nth(1).waitFor();
    assert.equal(await tickets.count(), 2);
    await tickets.first().getByText('booked under Ada Lovelace').waitFor();
    await page.waitForFunction('document.querySelector(".ticket img").naturalWidth > 0');
    await page.getByText('Show this page, or a print of it, at the door.').waitFor();
  });

  test('finds a movie by a part of its title on whatever day, and is back there after a look at a show', async (t) => {
    const showId = await openShow(running.admin, venue);
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    await page.goto('/');
    const title = page.getByRole('searchbox', { name: 'Movie' });
    await title.fill('no such title');
    await page.getByText('No such movie is on.').waitFor();
    await title.fill('THIRD');
    const found = page.getByRole('region', { name: 'The Third Man' }).locator(`a[href="/shows/${showId}"]`);
    await found.click();
    await page.getByRole('application').waitFor();
    await page.goBack();
    await found.waitFor();
    assert.equal(await title.inputValue(), 'THIRD');
    await page.reload();
    await found.waitFor();
    await page.getByRole('button', { name: 'By day' }).click();
    await page.getByRole('button', { name: 'Today' }).waitFor();
    assert.equal(await title.inputValue(), '');
  });

  test('keeps what was chosen over a reload, the way back and the link to the content, until it is booked', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    const total = choice(page).getByText('Total');
    await findBest(page, 2);
    await page.reload();
    await total.waitFor();
    await page.getByRole('link', { name: 'Skip to the content' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    assert.equal(await total.count(), 1);
    await page.getByRole('link', { name: 'Programme' }).click();
    await page.getByRole('heading', { name: 'What is on' }).waitFor();
    await page.goBack();
    await total.waitFor();
    await book(page).click();
    await page.getByRole('timer').waitFor();
    await page.goBack();
    await choice(page).getByText('Nothing yet.').waitFor();
    await page.getByRole('link', { name: 'Go on to payment' }).click();
    await page.getByRole('timer').waitFor();
  });

  test('follows no hall that they have left before it was there', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { path: '/account' });
    if (visited === undefined) return;
    const { page } = visited;
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    await page.route('**/v1/seat-plans/*', async (route) => {
      asked.resolve();
      await left.promise;
      // Whoever has asked may wait for it no more.
      await route.continue().catch(() => undefined);
    });
    const ended = new Promise((resolve) => {
      for (const end of ['requestfinished', 'requestfailed'] as const)
        page.on(end as 'requestfinished', (request) => request.url().includes('/v1/seat-plans/') && resolve(end));
    });
    let streams = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/availability/stream')) streams += 1;
    });
    await page.goto(`/shows/${showId}`);
    await asked.promise;
    await page.getByRole('link', { name: 'My bookings' }).click();
    await page.getByText('You have not booked anything yet.').waitFor();
    left.resolve();
    await ended;
    await page.evaluate('fetch("/web/settings.json").then(() => undefined)');
    assert.equal(streams, 0);
  });

  test('waits at a show that is sold out, and has the seat that comes back', async (t) => {
    const seatPlan = { name: 'Two seats', sections: [stalls(1, 2)], areas: [] };
    const { body: plan } = await running.admin.post<{ seatPlanId: string }>('/v1/seat-plans', seatPlan);
    const where = { theatreId: venue.theatreId, number: 99, seatPlanId: plan.seatPlanId };
    const { body: screen } = await running.admin.post<{ screenId: string }>('/v1/screens', where);
    const priceCategories = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
    const showId = await openShow(running.admin, { ...venue, screenId: screen.screenId }, { priceCategories });
    const other = await newPerson(running);
    const { body } = await other.client.book({ showId, seats: ['S-A-1', 'S-A-2'] });
    await eventually(
      async () => (await running.anyone.get<{ status: string }>(`/v1/shows/${showId}`)).body.status,
      (status) => status === 'sold_out',
    );
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    await page.goto('/?title=third');
    await page.locator(`a[href="/shows/${showId}"]`).getByText('sold out').click();
    const note = page.getByText('Sold out. Seats come back');
    await note.waitFor();
    // Where nothing can be chosen, nothing is offered but to wait.
    const finding = page.getByRole('button', { name: 'Find the best' });
    await page.getByRole('form', { name: 'Wait for seats' }).waitFor();
    assert.equal(await finding.count(), 0);
    await other.client.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: randomUUID() });
    await note.waitFor({ state: 'detached' });
    await finding.waitFor();
    assert.equal(await page.getByLabel('wheelchair spaces').count(), 0, 'the hall has none');
    await findBest(page, 2);
  });

  test('is put on the waiting list of a show that is sold out, and pays for the seats that come back', async (t) => {
    const small = await buildVenue(running.admin, { rows: 1, seats: 1 });
    const showId = await openShow(running.admin, small);
    const owner = await newPerson(running);
    const everything = [{ bestAvailable: { count: 7 } }, { seats: ['C-A-1', 'C-A-2'] }];
    const floor = Array.from({ length: 5 }, () => ({ areas: [{ area: 'FLOOR', count: 10 }] }));
    const sold = await Promise.all([...everything, ...floor].map((wanted) => owner.client.book({ showId, ...wanted })));
    assert.deepEqual([...new Set(sold.map(({ body }) => body.status))], ['awaiting_payment']);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    const form = page.getByRole('form', { name: 'Wait for seats' });
    await form.getByLabel('What').selectOption({ label: 'Standing' });
    await form.getByLabel('Places').fill('3');
    await form.getByRole('button', { name: 'Put me on the waiting list' }).click();
    await page.getByText('Nobody is before you.').waitFor();
    const given = sold.at(-1)?.body.bookingId;
    await owner.client.post(`/v1/bookings/${given}/cancellation`, {}, { key: randomUUID() });
    await pay(page).click();
    await page
      .getByRole('article', { name: /^Ticket for / })
      .nth(2)
      .waitFor();
  });

  test('leaves the waiting list again', async (t) => {
    const small = await buildVenue(running.admin, { rows: 1, seats: 1 });
    const showId = await openShow(running.admin, small);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    // Not sold out, but for the one seat of the stalls.
    await page.getByLabel('Category').selectOption('standard');
    await page.getByRole('spinbutton', { name: 'Seats' }).fill('1');
    const owner = await newPerson(running);
    await owner.client.book({ showId, seats: ['S-A-1'] });
    await page.getByRole('button', { name: 'Find the best' }).click();
    const form = page.getByRole('form', { name: 'Wait for seats' });
    await form.getByLabel('What').selectOption('standard');
    await form.getByLabel('Places').fill('1');
    await form.getByRole('button', { name: 'Put me on the waiting list' }).click();
    await page.getByRole('button', { name: 'Leave the waiting list' }).waitFor();
    await page.goto(`/shows/${showId}`);
    await page.getByRole('link', { name: 'See where you are' }).click();
    await page.getByRole('button', { name: 'Leave the waiting list' }).click();
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByText('This booking is cancelled.').waitFor();
  });

  test('waits for their turn where a show has a waiting room, and goes on by themselves', async (t) => {
    const showId = await openShow(running.admin, venue);
    const room = `/v1/shows/${showId}/waiting-room`;
    assert.equal((await running.admin.call('PUT', room, { body: { insideMax: 1 } })).status, 200);
    const { client: other } = await newPerson(running);
    const place = () => other.post<{ status: string }>(`${room}/places`, undefined);
    await eventually(place, ({ body }) => body.status === 'let_in');
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await page.getByRole('button', { name: 'Join the waiting room' }).click();
    await page.getByText('You are the next').waitFor();
    // Where they have joined, they are again after a reload.
    await page.reload();
    await page.getByText('You are the next').waitFor();
    assert.match(await page.title(), /^Waiting · /);
    assert.equal(await page.getByRole('application').count(), 0);
    const about = page.locator('h1 + p');
    const before = await about.textContent();
    // The show is moved while they wait.
    const startsAt = new Date(Date.now() + 5 * 86_400_000).toISOString();
    assert.equal((await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { startsAt } })).status, 200);
    assert.equal((await other.book({ showId, seats: ['S-A-1'] })).status, 200);
    await page.getByText('Choose and book until').waitFor();
    assert.match(await page.title(), /^Your turn · /);
    assert.notEqual(await about.textContent(), before);
    await holdBest(page, 2);
  });

  test('says that they are still there while they choose', async (t) => {
    const showId = await openShow(running.admin, venue);
    assert.equal((await running.admin.call('PUT', `/v1/shows/${showId}/waiting-room`, { body: {} })).status, 200);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    const places = `**/v1/shows/${showId}/waiting-room/places`;
    await page.route(places, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), askAgainInSeconds: 1 } });
    });
    await page.getByRole('button', { name: 'Join the waiting room' }).click();
    await page.getByText('Choose and book until').waitFor();
    for (let again = 0; again < 2; again += 1) await page.waitForRequest(places);
  });

  test('counts among those who wait as soon as they have joined', async (t) => {
    const opensAt = new Date(Date.now() + 86_400_000).toISOString();
    const showId = await openShow(running.admin, venue, { sales: { opensAt } });
    assert.equal((await running.admin.call('PUT', `/v1/shows/${showId}/waiting-room`, { body: {} })).status, 200);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await page.getByText('0 people are waiting.').waitFor();
    await page.getByRole('button', { name: 'Join the waiting room' }).click();
    await page.getByText('You have joined.').waitFor();
    assert.match((await page.getByText('You may close this page').textContent()) ?? '', /^One person is waiting/);
  });

  test('is told in the waiting room that nothing is left, and that the sale is closed', async (t) => {
    const small = await buildVenue(running.admin, { rows: 1, seats: 1 });
    const showId = await openShow(running.admin, small);
    await running.admin.call('PUT', `/v1/shows/${showId}/waiting-room`, { body: { insideMax: 1 } });
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await page.route(`**/v1/shows/${showId}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), status: 'sold_out' } });
    });
    await page.reload();
    await page.getByText('Nothing is left at the moment').waitFor();
    await page.unroute(`**/v1/shows/${showId}`);
    const sales = { closesAt: new Date().toISOString() };
    assert.equal((await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { sales } })).status, 200);
    await page.reload();
    await page.getByText('The sale of this show is closed.').waitFor();
  });

  test('sees the hall where nobody can tell of a waiting room, as in the middle of an upgrade', async (t) => {
    const showId = await openShow(running.admin, venue);
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    await page.route('**/waiting-room', (route) => route.fulfill({ status: 404, json: { code: 'not_found' } }));
    await page.goto(`/shows/${showId}`);
    await page.getByRole('application').waitFor();
  });

  test('is back in the waiting room when their time inside is over', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await findBest(page, 1);
    assert.equal((await running.admin.call('PUT', `/v1/shows/${showId}/waiting-room`, { body: {} })).status, 200);
    await book(page).click();
    await page.getByRole('button', { name: 'Join the waiting room' }).click();
    await page.getByText('Choose and book until').waitFor();
    // What was chosen before is chosen still.
    await choice(page).getByText('Total').waitFor();
    await book(page).click();
    await page.getByRole('timer').waitFor();
  });

  test('chooses seats on the map by keys and by a click, and gives one back', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    const map = page.getByRole('application');
    await map.focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter', 'ArrowRight', 'Enter'])
      await page.keyboard.press(key);
    await choice(page).getByText('Stalls, row 2, seat 2, standard').waitFor();
    await choice(page).getByText('Stalls, row 2, seat 3, standard').waitFor();
    await page.keyboard.press('Enter');
    await choice(page).getByText('Stalls, row 2, seat 3, standard').waitFor({ state: 'detached' });
    // The stage is above the first row: the middle of the canvas lies in a row of the hall, or between two.
    const box = await map.boundingBox();
    assert.ok(box !== null);
    const text = page.locator('.map-tools').getByText(/^(Stalls|Circle), row/);
    for (let y = 0.2; y < 0.9; y += 0.02) {
      await page.mouse.move(box.x + box.width / 2, box.y + box.height * y);
      if ((await text.count()) > 0 && (await text.textContent())?.includes('row 4') === true) break;
    }
    await page.mouse.down();
    await page.mouse.up();
    await choice(page)
      .getByText(/^Stalls, row 4, seat \d+, standard$/)
      .waitFor();
    await choice(page).getByText('Stalls, row 2, seat 2, standard').waitFor();
  });

  test('is kept from choosing more than one customer may have, and pays nothing for what is free', async (t) => {
    const priceCategories = ['standard', 'premium', 'standing'].map((name) => {
      return { name, price: { amount: 0, currency: 'EUR' } };
    });
    const showId = await openShow(running.admin, venue, { priceCategories, seatsPerCustomerMax: 1 });
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    const bookFree = page.getByRole('button', { name: 'Book', exact: true });
    await page.getByRole('application').focus();
    for (const key of ['ArrowRight', 'Enter', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await choice(page).getByText('Stalls, row 1, seat 2, standard').waitFor();
    assert.equal(await bookFree.isDisabled(), true);
    await page.keyboard.press('Enter');
    await choice(page).getByText('Stalls, row 1, seat 2, standard').waitFor({ state: 'detached' });
    await bookFree.click();
    await page.getByText('Booked. Show this page').waitFor();
  });

  test('is told at once when somebody else takes a chosen seat', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await findBest(page, 1);
    const line = (await choice(page).locator('.lines li').first().textContent())?.trim() ?? '';
    const [seat = '', section = '', row = '', number = ''] = /^(\w)\w+, row (\d), seat (\d+)/.exec(line) ?? [];
    const other = await newPerson(running);
    const { body } = await other.client.book({ showId, seats: [`${section}-${' ABCDE'[Number(row)]}-${number}`] });
    assert.equal(body.status, 'awaiting_payment');
    await choice(page).getByText(`${seat}: taken by somebody else just now.`).waitFor();
    await choice(page).getByText('Nothing yet.').waitFor();
  });

  test('whose card is declined pays with another one, and cancels', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page, person } = visited;
    const bookingId = await holdBest(page, 1);
    await page.getByLabel('A card that is declined').check();
    await pay(page).press('Enter');
    await page.getByRole('alert').getByText('The card was declined.').waitFor();
    await page.waitForFunction('document.activeElement.closest("main") !== null');
    await page.getByLabel('A card that works').check();
    await pay(page).press('Enter');
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
    await page.waitForFunction('document.activeElement.closest("main") !== null');
    await page.getByRole('button', { name: 'Cancel this booking' }).click();
    // What is answered is overtaken by what is streamed.
    const overtaken = Promise.withResolvers<void>();
    await page.route('**/cancellation', async (route) => {
      const response = await route.fetch();
      await overtaken.promise;
      await route.fulfill({ response });
    });
    const answered = page.waitForResponse('**/cancellation');
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByText('went back to you.').waitFor();
    overtaken.resolve();
    await (await answered).finished();
    await page.evaluate('fetch("/web/settings.json").then(() => undefined)');
    await page.getByText('went back to you.').waitFor();
    const { body } = await person.client.booking(bookingId);
    assert.deepEqual([body.status, body.refund?.status], ['cancelled', 'succeeded']);
    await page.getByText('void').waitFor();
  });

  test('whose show is moved is offered to cancel for nothing, when it had been too late', async (t) => {
    const hourMs = 3_600_000;
    const startsIn = (ms: number) => new Date(Date.now() + ms).toISOString();
    const showId = await openShow(running.admin, venue, {
      startsAt: startsIn(2 * hourMs),
      refundPolicy: { untilMinutesBefore: 24 * 60, feePercent: 50 },
    });
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page } = visited;
    await holdBest(page, 1);
    await pay(page).press('Enter');
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
    const cancel = page.getByRole('button', { name: 'Cancel this booking' });
    assert.equal(await cancel.count(), 0);
    await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { startsAt: startsIn(3 * hourMs) } });
    await page.reload();
    await cancel.click();
    await page.getByText('and you get your money back').waitFor();
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByText('went back to you.').waitFor();
  });

  test('who clicks twice on a slow line pays once', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited === undefined) return;
    const { page, person } = visited;
    // The first answer to each request is lost on its way back; what is asked again is the same.
    const lost = new Set<string>();
    const lose = async (pattern: string) =>
      page.route(pattern, async (route) => {
        const request = route.request();
        if (request.method() !== 'POST' || lost.has(request.url())) return route.continue();
        lost.add(request.url());
        await route.fetch();
        return route.abort('connectionreset');
      });
    await lose('**/v1/bookings');
    await lose('**/v1/bookings/*/payments');
    const bookingId = await holdBest(page, 1);
    await pay(page).dblclick();
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
    assert.equal(lost.size, 2);
    const { body } = await person.client.get<{ items: readonly unknown[] }>('/v1/bookings');
    assert.equal(body.items.length, 1);
    const ledger = await running.admin.get<{ items: readonly unknown[] }>(`/v1/dev/ledger?bookingId=${bookingId}`);
    assert.equal(ledger.body.items.length, 1);
  });

  test('who turns over pages faster than they come leaves no stream behind', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { path: '/bookings' });
    if (visited === undefined) return;
    const { page, person } = visited;
    const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
    await page.reload();
    const leftPath = `/bookings/${body.bookingId}`;
    const streams: string[] = [];
    page.on('request', (request) => request.url().endsWith('/stream') && streams.push(request.url()));
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    // The answer comes when the page that asked for it is gone.
    await page.route(`**/v1${leftPath}`, async (route) => {
      const response = await route.fetch();
      await page.getByRole('link', { name: 'My bookings' }).click();
      await page.getByRole('heading', { name: 'My bookings' }).waitFor();
      await route.fulfill({ response }).catch(() => undefined);
      resolve();
    });
    await page.locator(`main a[href="${leftPath}"]`).click();
    await answered;
    // By the time this is answered, whatever comes of that answer was asked for.
    await page.evaluate('fetch("/v1/theatres").then((response) => response.text())');
    assert.deepEqual(streams, []);
  });

  test('sees the booking expire when the hold is over', async (t) => {
    await setting('holdTtlMs', 2_000);
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId });
    if (visited !== undefined) {
      const { page } = visited;
      await findBest(page, 1);
      await book(page).click();
      await page.getByText('The time to pay is over, and the seats are free again.').waitFor();
      await page.getByRole('link', { name: 'Choose again' }).click();
      await page.getByRole('application').waitFor();
    }
    await setting('holdTtlMs', 300_000);
  });

  test('books places in an area at the width of a phone', async (t) => {
    const showId = await openShow(running.admin, venue);
    const visited = await visit(t, { showId, viewport: { width: 360, height: 720 } });
    if (visited === undefined) return;
    const { page } = visited;
    await page.getByRole('spinbutton', { name: 'Standing' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Standing' }).blur();
    await choice(page).getByText('3 × Standing, standing').waitFor();
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
    await book(page).click();
    await pay(page).click();
    const tickets = page.getByRole('article', { name: 'Ticket for Standing' });
    await tickets.nth(2).waitFor();
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  });

  test('books from another machine without TLS, where browsers can do less', async (t) => {
    const showId = await openShow(running.admin, venue);
    const url = running.anyone.url.replace('127.0.0.1', plainHost);
    const page = await browser.tab(t, { url });
    if (page === undefined) return;
    const { email, password } = await newPerson(running);
    await page.goto(`/sign-in?then=/shows/${showId}`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`**/shows/${showId}`);
    assert.equal(await page.evaluate('isSecureContext'), false);
    await holdBest(page, 1);
    await pay(page).click();
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
  });

  test('is asked to sign in for what is theirs, and comes back to it', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    const { email, password } = await newPerson(running);
    await page.goto('/bookings');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('You have not booked anything yet.').waitFor();
    assert.equal(new URL(page.url()).pathname, '/bookings');
  });

  test('is sent nowhere but to a page of ours after signing in', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    const { email, password } = await newPerson(running);
    await page.goto(`/sign-in?then=${encodeURIComponent('/\\elsewhere.example')}`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'What is on' }).waitFor();
  });

  test('sets a new password at the address that came by mail', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    const { email } = await newPerson(running);
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'I forgot my password' }).click();
    await page.getByLabel('E-mail').fill(email);
    await page.getByRole('button', { name: 'Send me a mail' }).click();
    await page.getByText('a mail is on its way to you').waitFor();
    const [link = ''] = await eventually(
      async () => {
        const { body } = await running.admin.get<Listed<{ to: string; text: string }>>('/v1/dev/messages');
        return body.items.filter(({ to }) => to === email).map(({ text }) => /http:\S+/.exec(text)?.[0]);
      },
      (links) => links.length > 0,
    );
    await page.goto(link);
    await page.getByLabel('New password').fill('another horse battery');
    await page.getByRole('button', { name: 'Set it' }).click();
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill('another horse battery');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'What is on' }).waitFor();
  });

  test('stays signed in over a reload, in every tab, and is out of all of them at once', async (t) => {
    const visited = await visit(t, { path: '/account' });
    if (visited === undefined) return;
    const { page } = visited;
    const tabs = await Promise.all(Array.from({ length: 4 }, () => page.context().newPage()));
    const used: string[] = [];
    page.context().on('request', (request) => {
      if (request.url().endsWith('/sessions/refresh')) used.push(request.postData() ?? '');
    });
    // All of them renew the session at the same time, and a refresh token that is used twice would end it.
    await page.getByRole('button', { name: 'Save' }).waitFor();
    await page.evaluate(
      'localStorage["fullhouse-session"] = JSON.stringify({ ...JSON.parse(localStorage["fullhouse-session"]), renewAt: 0 })',
    );
    const before = await page.evaluate('localStorage["fullhouse-session"]');
    await Promise.all([page.reload(), ...tabs.map((tab) => tab.goto('/account'))]);
    for (const tab of [page, ...tabs]) await tab.getByRole('button', { name: 'Save' }).waitFor();
    // What another tab wrote to the storage comes a little later: a page that still reads the token of before does not use it again.
    await page.evaluate(`localStorage["fullhouse-session"] = ${JSON.stringify(before)}`);
    await page.reload();
    await page.getByRole('button', { name: 'Save' }).waitFor();
    assert.notEqual(used.length, 0);
    assert.equal(new Set(used).size, used.length);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    for (const tab of tabs) await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('who signs out after a long time ends the session at the server, too', async (t) => {
    const visited = await visit(t, { path: '/account' });
    if (visited === undefined) return;
    const { page } = visited;
    await page.getByRole('button', { name: 'Save' }).waitFor();
    // As after a night: the access token is over, the session is not.
    await page.evaluate(
      'localStorage["fullhouse-session"] = JSON.stringify({ ...JSON.parse(localStorage["fullhouse-session"]), accessToken: "over", renewAt: 0 })',
    );
    const ending = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await page.getByRole('button', { name: 'Sign out' }).click();
    assert.equal((await ending).status(), 204);
    assert.equal(await page.evaluate('localStorage["fullhouse-session"] ?? null'), null);
  });

  test('is told of money that came back, not that none was charged', async (t) => {
    const showId = await openShow(running.admin, venue);
    const person = await newPerson(running);
    const page = await browser.tab(t, { url: running.anyone.url, as: person });
    if (page === undefined) return;
    const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
    const path = `/bookings/${body.bookingId}`;
    // Declined for the last time by what the provider said first, and captured all the same.
    const refund = { status: 'succeeded', amount: { amount: 1_250, currency: 'GBP' } };
    const captured = { ...body, status: 'rejected', reason: 'payment_declined', refund };
    await page.route(`**/v1${path}`, (route) => route.fulfill({ json: captured }));
    await page.route(`**/v1${path}/stream`, (route) => route.abort());
    await page.goto(path);
    await page.getByText('The payment was declined too often. £12.50 went back to you.').waitFor();
  });

  test('changes a name, and erases the account', async (t) => {
    const visited = await visit(t, { path: '/account' });
    if (visited === undefined) return;
    const { page, person } = visited;
    await page.getByLabel('Name').fill('Augusta Ada King');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('link', { name: 'Augusta Ada King' }).waitFor();
    await page.getByRole('button', { name: 'Erase my account' }).click();
    await page.getByRole('button', { name: 'Yes, erase it' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    const { email, password } = person;
    assert.equal((await running.anyone.post('/v1/sessions', { email, password })).status, 401);
  });

  test('is told of a booking that is somebody else’s as of one that is not there', async (t) => {
    const showId = await openShow(running.admin, venue);
    const other = await newPerson(running);
    const { body } = await other.client.book({ showId, seats: ['S-A-1'] });
    const visited = await visit(t, { path: `/bookings/${body.bookingId}` });
    await visited?.page.getByText('You have no such booking.').waitFor();
  });
});

async function setting(key: string, value: unknown): Promise<void> {
  const changed = await running.admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'for a test' } });
  assert.equal(changed.status, 200);
}
