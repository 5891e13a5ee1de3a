import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { changeSetting } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, circle, floor, openShow, stalls, type Venue } from '../support/venue.ts';

interface ShowBody {
  readonly showId: string;
  readonly startsAt: string;
  readonly movie: { readonly title: string };
  readonly sales: { readonly closesAt: string };
  readonly seatPlanId: string;
  readonly seatsPerCustomerMax?: number;
  readonly priceCategories: readonly { readonly name: string; readonly price: object }[];
}

const dayMs = 86_400_000;
const dayIn = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10);

describe('the programme is made in the console', () => {
  const browser = new TestBrowser();
  let running: RunningApp;
  let organizer: Person;

  before(async () => {
    running = await runApp({ LOG_LEVEL: 'silent' });
    // The same person opens every page.
    await changeSetting(running, 'loginsPerMinute', 1_000);
    organizer = await newPerson(running, { name: 'Olga Organizer', roles: ['organizer'] });
  });
  after(async () => {
    await browser.close();
    await running.stop();
  });

  async function opened(t: TestContext, path: string, as: Person = organizer): Promise<Page | undefined> {
    const page = await browser.tab(t, { url: running.app.url, as });
    await page?.goto(path);
    return page;
  }

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const done = (page: Page, text: string) => page.locator('.done').getByText(text).waitFor();
  const fill = async (at: Page | Locator, values: Readonly<Record<string, string>>) => {
    for (const [label, value] of Object.entries(values))
      await at.getByLabel(new RegExp(`^\\s*${label.replaceAll(/[()]/g, '\\$&')}`)).fill(value);
  };
  const showsOf = async (movieId: string) =>
    (await running.anyone.get<{ items: readonly ShowBody[] }>(`/v1/shows?movieId=${movieId}&limit=100`)).body.items;
  /** The id at the end of the address that a page has come to. */
  const idAt = async (page: Page, prefix: string) => {
    await page.waitForURL(new RegExp(`/${prefix}_`));
    return page.url().split('/').at(-1) ?? '';
  };
  const rowOf = (page: Page, row: string, what: string) => page.getByLabel(`Row ${row}: ${what}`, { exact: true });

  it('from nothing to a week of shows, of which a customer books a seat', async (t) => {
    const page = await opened(t, '/console');
    if (page === undefined) return;
    await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Programme' }).click();
    await page.getByText('Next: seat plans.').waitFor();

    // A hall: thirteen rows at once, one of them shorter, two wheelchair spaces, and an area to stand in.
    await page.getByRole('link', { name: 'New seat plan' }).click();
    await page.getByLabel('Name of the plan').fill('Small hall');
    await button(page, 'Add the rows').click();
    await page.getByText('182 places in all').waitFor();
    await rowOf(page, 'A', 'Last seat').fill('10');
    await rowOf(page, 'M', 'Wheelchair spaces').fill('1, 14');
    await button(page, 'Add an area without numbers').click();
    const area = page.getByRole('region', { name: 'Area 1' });
    await area.getByLabel('Name').fill('Standing room');
    await page.getByRole('region', { name: 'Standing room' }).getByLabel('How many people').fill('20');
    await page.getByText('198 places in all; Standing room: 20 without numbers.').waitFor();
    await button(page, 'Make the plan').click();
    await done(page, 'The seat plan “Small hall” is made.');

    // A theatre with a screen.
    await page.goto('/console/programme/new-theatre');
    const zoneHere = await page.evaluate<string>('Intl.DateTimeFormat().resolvedOptions().timeZone');
    assert.equal(await page.getByLabel('Time zone').inputValue(), zoneHere);
    await fill(page, {
      Name: 'Roxy',
      'Where it is, as customers find it': '3 High Street, London',
      'Time zone': 'Europe/London',
    });
    await button(page, 'Add the theatre').click();
    await done(page, 'Roxy is in the catalogue.');
    await button(page, 'Add a screen …').click();
    await button(page, 'Add a screen').click();
    await done(page, 'Screen 1 is there.');

    // A movie, and its shows from there.
    await page.goto('/console/programme/new-movie');
    await fill(page, { Title: 'Brief Encounter', 'Running time in minutes': '86' });
    await button(page, 'Add the movie').click();
    const movieId = await idAt(page, 'mov');
    await page.getByRole('link', { name: 'New shows of it' }).click();
    await page.getByRole('combobox', { name: 'Screen' }).selectOption('Screen 1: Small hall');
    await fill(page, {
      'First day': dayIn(10),
      'Last day (only that day, if empty)': dayIn(12),
      Times: '17:30, 20:15',
    });
    await page.getByText('every booking pays the booking fee').waitFor();
    await fill(page, { Currency: 'gbp', standard: '12,50', standing: '6' });
    await page.getByLabel('Closes, minutes before the start').fill('30');
    await button(page, 'Put 6 shows on the programme').click();
    await page.getByText('6 shows made.').waitFor();
    const shows = await showsOf(movieId);
    assert.equal(shows.length, 6);
    const [first] = shows;
    assert.deepEqual(first?.priceCategories, [
      { name: 'standard', price: { amount: 1_250, currency: 'GBP' } },
      { name: 'standing', price: { amount: 600, currency: 'GBP' } },
    ]);
    assert.equal(Date.parse(first?.startsAt ?? '') - Date.parse(first?.sales.closesAt ?? ''), 30 * 60_000);
    // What is made is not made again.
    await button(page, 'Put on the programme').click();
    await page.getByText('All of them are made.').waitFor();

    const ada = await newPerson(running);
    const buyer = await opened(t, `/shows/${first?.showId}`, ada);
    if (buyer === undefined) return;
    await buyer.getByRole('application').focus();
    for (const key of ['ArrowRight', 'Enter']) await buyer.keyboard.press(key);
    await buyer.getByRole('region', { name: 'Your choice' }).getByText('row A, seat 1, standard').waitFor();
    await buyer.getByText('£12.50').last().waitFor();
    await button(buyer, 'Hold and go on to payment').click();
    await button(buyer, /^Pay £/).click();
    await buyer.getByRole('article', { name: 'Ticket for row A, seat 1' }).waitFor();
  });

  describe('a seat plan', () => {
    it('says what is wrong as it arises, and what is missing once it is wanted', async (t) => {
      const page = await opened(t, '/console/programme/new-seat-plan');
      if (page === undefined) return;
      await page
        .getByText('No seats yet.')
        .waitFor()
        .catch(() => undefined);
      assert.equal(await page.getByText(/to mend/).count(), 0);
      await button(page, 'Make the plan').click();
      await page.getByText(/things? to mend/).waitFor();
      assert.equal(
        await page.evaluate('document.activeElement?.closest("label")?.innerText.includes("Name of the plan")'),
        true,
      );
      await page.getByLabel('Name of the plan').fill('Wrong hall');
      await fill(page, { 'From row': 'C', 'to row': 'A' });
      await button(page, 'Add the rows').click();
      assert.equal(await page.getByLabel('Row A: Last seat').count(), 0);
      await fill(page, { 'From row': 'A', 'to row': 'C' });
      await page.keyboard.press('Enter');
      await rowOf(page, 'B', 'Last seat').fill('0');
      await page.getByText('Stalls, row B, last seat: must be at least "first", which is 1').waitFor();
      await rowOf(page, 'B', 'Last seat').fill('8');
      await rowOf(page, 'C', 'Companion seats').fill('99');
      await page.getByText('Stalls, row C, companion seats: the row has no seat 99').waitFor();
      // Neither a reload nor a look elsewhere loses what was drawn.
      await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Programme' }).click();
      await page.getByRole('link', { name: 'New seat plan' }).click();
      await page.reload();
      assert.equal(await rowOf(page, 'C', 'Companion seats').inputValue(), '99');
      await rowOf(page, 'C', 'Companion seats').fill('2');
      await button(page, 'Make the plan').click();
      await done(page, 'The seat plan “Wrong hall” is made.');
    });

    it('says which seats are given first: in a usual place, or nearest to a seat that is chosen in its picture', async (t) => {
      const page = await opened(t, '/console/programme/new-seat-plan');
      if (page === undefined) return;
      await page.getByLabel('Name of the plan').fill('Round hall');
      await button(page, 'Add the rows').click();
      const best = page.getByRole('region', { name: 'Best seats' });
      await best.getByText('Stalls, row I, seat 7', { exact: true }).waitFor();
      await best.getByRole('combobox').selectOption('the middle of the first row');
      await best.getByText('Stalls, row A, seat 7', { exact: true }).waitFor();
      const order = page.getByLabel(/Show which seats are given first/);
      assert.equal(await order.isChecked(), true);
      await best.getByRole('combobox').selectOption('a seat that I choose');
      await page.getByRole('application').focus();
      // From the first seat of the first row to the third of the second.
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter'])
        await page.keyboard.press(key);
      await best.getByText('Stalls, row B, seat 3', { exact: true }).waitFor();
      // The next seat is chosen for a wheelchair again.
      await page.keyboard.press('Enter');
      await page.getByText('Stalls, row B, seat 3: wheelchair space now').waitFor();
      await rowOf(page, 'B', 'Last seat').fill('2');
      await page.getByText('The best seat: the plan has no seat "S-B-3"; name one of its seats, or none').waitFor();
      await best.getByRole('combobox').selectOption('the middle of the hall, two thirds back');
      await rowOf(page, 'B', 'Last seat').fill('14');
      await button(page, 'Make the plan').click();
      const planId = await idAt(page, 'pln');
      await page
        .getByText('Whoever asks for the best seats is given the free ones nearest to Stalls, row I, seat 7.')
        .waitFor();
      const { body: plan } = await running.anyone.get<{ bestSeat: string }>(`/v1/seat-plans/${planId}`);
      assert.equal(plan.bestSeat, 'S-I-7');
    });

    it('gets wheelchair spaces by the keys of its picture, and a new one is begun from it and given to a screen', async (t) => {
      const venue = await buildVenue(running.admin);
      const page = await opened(t, `/console/programme/${venue.seatPlanId}`);
      if (page === undefined) return;
      await page.getByRole('link', { name: 'Start a new one from this' }).click();
      // The picture of the other page has its keys, too.
      await page.getByLabel('Name of the plan').waitFor();
      await page.getByRole('application').focus();
      for (const key of ['ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
      await page.getByText('Stalls, row 1, seat 2: wheelchair space now').waitFor();
      await page.keyboard.press('ArrowRight');
      for (const _ of [1, 2]) await page.keyboard.press('Enter');
      await page.getByText('Stalls, row 1, seat 3: companion seat now').waitFor();
      const name = `Rebuilt ${randomUUID()}`;
      await page.getByLabel('Name of the plan').fill(name);
      await button(page, 'Make the plan').click();
      const planId = await idAt(page, 'pln');
      const { body: plan } = await running.anyone.get<{ sections: { rows: object[] }[] }>(`/v1/seat-plans/${planId}`);
      assert.deepEqual(plan.sections[0]?.rows[0], {
        ...{ id: 'A', name: 'Row 1', first: 1, last: 10, step: 1, accessible: [2], companion: [3] },
      });
      await button(page, 'Give it to a screen …').click();
      const { body: screen } = await running.anyone.get<{ number: number }>(`/v1/screens/${venue.screenId}`);
      await page.getByRole('combobox', { name: 'Screen' }).selectOption(`Riverside, screen ${screen.number}`);
      await button(page, 'Give it to a screen').click();
      await done(page, 'is seated by it.');
    });
  });

  describe('shows', () => {
    /** A form for new shows of a venue, on its screen. */
    async function forShows(t: TestContext, venue: Venue): Promise<Page | undefined> {
      const page = await opened(t, `/console/programme/new-shows?movie=${venue.movieId}&screen=${venue.screenId}`);
      await page?.getByLabel('standing', { exact: true }).waitFor();
      return page;
    }
    const prices = { Currency: 'EUR', standard: '10', premium: '20', standing: '5' };
    const stateOf = (page: Page, time: string) => page.getByRole('row', { name: new RegExp(time) });

    it('tell at its field what is wrong, and lose nothing of what was typed', async (t) => {
      const venue = await buildVenue(running.admin);
      const page = await forShows(t, venue);
      if (page === undefined) return;
      await fill(page, { ...prices, 'First day': dayIn(5), Times: 'evening', standard: '10.005' });
      await button(page, 'Put on the programme').click();
      await page.locator('label', { hasText: 'Times' }).getByText('must be times like 17:30').waitFor();
      await page.locator('label', { hasText: 'standard' }).getByText('in EUR with up to 2 decimals').waitFor();
      assert.equal(await page.getByLabel('premium', { exact: true }).inputValue(), '20');
      await fill(page, { Times: '19:00', Currency: 'JPY' });
      await button(page, /^Put 1 show/).click();
      await page.locator('label', { hasText: 'standard' }).getByText('JPY has no decimals').waitFor();
      // What only the server knows stands at its field as well.
      await fill(page, { Currency: 'EUR', standard: '10', 'Opens (at once, if empty)': `${dayIn(300)}T12:00` });
      await button(page, /^Put 1 show/).click();
      await page.getByText('1 refused, with the reason beside each').waitFor();
      await stateOf(page, '19:00').getByText('must be before sales close').waitFor();
      assert.deepEqual(await showsOf(venue.movieId), []);
    });

    it('that are refused are told one by one, with what is in the way; the rest is made', async (t) => {
      const venue = await buildVenue(running.admin);
      const other = await buildVenue(running.admin);
      const startsAt = `${dayIn(20)}T19:00:00.000Z`;
      await openShow(running.admin, { ...venue, movieId: other.movieId }, { startsAt });
      const page = await forShows(t, venue);
      if (page === undefined) return;
      // Its screen has a show already: what that costs is there to begin with.
      await page.waitForFunction(`document.querySelector('[name="price:standard"]')?.value === '10.00'`);
      const zoned = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit' });
      const taken = zoned.format(new Date(startsAt));
      await fill(page, { 'First day': dayIn(20), Times: `10:00, ${taken}, 23:00` });
      await stateOf(page, '23:00').getByRole('checkbox').uncheck();
      await button(page, 'Put 2 shows on the programme').click();
      await page.getByText('1 show made, 1 refused, with the reason beside each.').waitFor();
      await stateOf(page, taken).getByText('The screen is taken then by “The Third Man”').waitFor();
      await stateOf(page, '10:00').getByText('made', { exact: true }).waitFor();
      // The same once more, in another tab: what is there is recognised.
      const again = await forShows(t, venue);
      if (again === undefined) return;
      await fill(again, { ...prices, 'First day': dayIn(20), Times: '10:00' });
      await button(again, 'Put 1 show on the programme').click();
      await stateOf(again, '10:00').getByText('there already').waitFor();
      assert.equal((await showsOf(venue.movieId)).length, 1);
    });

    it('are made once, also where the answer is lost', async (t) => {
      const venue = await buildVenue(running.admin);
      const page = await forShows(t, venue);
      if (page === undefined) return;
      let sent = 0;
      await page.route('**/v1/shows', async (route) => {
        sent += 1;
        if (sent > 1) return route.continue();
        await route.fetch();
        return route.abort();
      });
      await fill(page, { ...prices, 'First day': dayIn(6), Times: '11:00' });
      await button(page, 'Put 1 show on the programme').click();
      await page.getByText('1 show made.').waitFor();
      await stateOf(page, '11:00').getByText('made', { exact: true }).waitFor();
      assert.deepEqual([sent, (await showsOf(venue.movieId)).length], [2, 1]);
    });

    it('are not made at a time that clocks skip, and at the one that is meant of a time that comes twice', async (t) => {
      const venue = await buildVenue(running.admin);
      const page = await forShows(t, venue);
      if (page === undefined) return;
      const { spring, autumn } = changesOfClocks();
      await fill(page, { ...prices, 'First day': spring, Times: '01:30' });
      await stateOf(page, '01:30').getByText('clocks go forward then').waitFor();
      await button(page, 'Put on the programme').click();
      await page.getByText('There is nothing to make').waitFor();
      await page.getByLabel('First day').fill(autumn);
      await stateOf(page, '01:30').getByLabel('Clocks go back then').selectOption('the second time');
      await button(page, 'Put 1 show on the programme').click();
      await page.getByText('1 show made.').waitFor();
      assert.deepEqual(
        (await showsOf(venue.movieId)).map(({ startsAt }) => startsAt),
        [`${autumn}T01:30:00.000Z`],
      );
    });

    it('are changed, copied and taken off; of two people who change the same, the second is told', async (t) => {
      const venue = await buildVenue(running.admin);
      const startsAt = `${dayIn(40)}T12:00:00.000Z`;
      const showId = await openShow(running.admin, venue, { startsAt });
      const page = await opened(t, `/console/shows/${showId}`);
      if (page === undefined) return;
      await page.getByRole('link', { name: 'Change it or take it off' }).click();
      await page.getByLabel('standard', { exact: true }).fill('11');
      const priceCategories = [
        { name: 'standard', price: { amount: 900, currency: 'EUR' } },
        { name: 'premium', price: { amount: 2_000, currency: 'EUR' } },
        { name: 'standing', price: { amount: 500, currency: 'EUR' } },
      ];
      await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { priceCategories, seatsPerCustomerMax: 4 } });
      await button(page, 'Change the show').click();
      await page.getByText('Somebody else changed this meanwhile: Prices').waitFor();
      assert.equal(await page.getByLabel('standard', { exact: true }).inputValue(), '11');
      await button(page, 'Change the show').click();
      await done(page, 'The show is changed.');
      assert.equal(await page.getByLabel('standard', { exact: true }).inputValue(), '11.00');
      // What only the other one has changed is not undone.
      const { body: now } = await running.anyone.get<ShowBody>(`/v1/shows/${showId}`);
      assert.equal(now.seatsPerCustomerMax, 4);
      await page.getByRole('link', { name: 'Make more like this' }).click();
      await page.getByLabel('First day').fill(dayIn(41));
      await button(page, 'Put 1 show on the programme').click();
      await page.getByText('1 show made.').waitFor();
      assert.equal((await showsOf(venue.movieId)).length, 2);
      await page.goto(`/console/programme/${showId}`);
      await button(page, 'Take it off the programme …').click();
      await button(page, 'Take it off the programme').click();
      await done(page, 'The show is off the programme.');
      assert.equal((await running.anyone.get(`/v1/shows/${showId}`)).status, 404);
    });

    it('take the plan that their screen has got, with its prices, unless they are sold by theirs: who wants it is told so', async (t) => {
      const venue = await buildVenue(running.admin);
      const [unsold, sold] = [await openShow(running.admin, venue), await openShow(running.admin, venue)];
      const lounge = { area: 'LOUNGE', name: 'Lounge', capacity: 10, priceCategory: 'lounge' };
      const body = { name: 'Rebuilt hall', sections: [stalls(5, 10), circle], areas: [floor, lounge] };
      const { body: next } = await running.admin.post<{ seatPlanId: string }>('/v1/seat-plans', body);
      await running.admin.call('PATCH', `/v1/screens/${venue.screenId}`, { body: { seatPlanId: next.seatPlanId } });
      const page = await opened(t, `/console/programme/${unsold}`);
      if (page === undefined) return;
      const takesNew = page.getByLabel('Sell it by the seat plan that the screen has now: Rebuilt hall');
      await takesNew.check();
      await page.getByLabel('lounge', { exact: true }).fill('30');
      await button(page, 'Change the show').click();
      await done(page, 'The show is changed.');
      const { body: show } = await running.anyone.get<ShowBody>(`/v1/shows/${unsold}`);
      assert.deepEqual(
        [show.seatPlanId, show.priceCategories.map(({ name }) => name)],
        [next.seatPlanId, ['standard', 'premium', 'standing', 'lounge']],
      );
      await page.goto(`/console/programme/${sold}`);
      await takesNew.check();
      await page.getByLabel('lounge', { exact: true }).fill('30');
      const ada = await newPerson(running);
      await ada.client.book({ showId: sold, seats: ['S-A-1'] });
      await button(page, 'Change the show').click();
      await page.getByText('Seats were sold by this seat plan; it stays. Schedule another show instead.').waitFor();
      assert.equal(await page.getByLabel('lounge', { exact: true }).inputValue(), '30');
    });
  });

  it('a movie is changed by two people, each another field, and what is emptied is gone', async (t) => {
    const title = `Metropolis ${randomUUID()}`;
    const { body } = await running.admin.post<{ movieId: string }>('/v1/movies', {
      title,
      genre: 'drama',
      certificate: 'U',
    });
    const page = await opened(t, `/console/programme/${body.movieId}`);
    if (page === undefined) return;
    await page.getByLabel('Certificate', { exact: false }).fill('');
    await running.admin.call('PATCH', `/v1/movies/${body.movieId}`, { body: { genre: 'science fiction' } });
    await button(page, 'Change it').click();
    await done(page, 'is changed.');
    assert.deepEqual((await running.anyone.get(`/v1/movies/${body.movieId}`)).body, {
      ...{ movieId: body.movieId, title, genre: 'science fiction' },
    });
    await page.getByLabel('Running time in minutes').fill('99999');
    await button(page, 'Change it').click();
    await page.locator('label', { hasText: 'Running time' }).getByText('must be at most 1440').waitFor();
    await button(page, 'Delete the movie …').click();
    await button(page, 'Delete the movie').click();
    await done(page, 'is deleted.');
  });

  it('a screen whose number is taken, or that is needed, says so', async (t) => {
    const venue = await buildVenue(running.admin);
    await openShow(running.admin, venue);
    const { body: screen } = await running.anyone.get<{ number: number }>(`/v1/screens/${venue.screenId}`);
    const page = await opened(t, `/console/programme/${venue.theatreId}`);
    if (page === undefined) return;
    await button(page, 'Add a screen …').click();
    await page.getByLabel('Number').fill(String(screen.number));
    await button(page, 'Add a screen').click();
    await page
      .locator('label', { hasText: 'Number' })
      .getByText(/the theatre has a screen \d+ already/)
      .waitFor();
    await button(page, 'Leave it').click();
    await button(page, 'Delete …').click();
    await button(page, 'Delete').click();
    await page.getByText('The screen has shows to come. Cancel or remove them first.').waitFor();
  });
});

/** The next days on which clocks in London go forward and back. */
function changesOfClocks(): { readonly spring: string; readonly autumn: string } {
  const lastSunday = (year: number, month: number) => {
    const last = new Date(Date.UTC(year, month + 1, 0));
    return new Date(last.getTime() - last.getUTCDay() * dayMs).toISOString().slice(0, 10);
  };
  const next = (month: number) => {
    const year = new Date().getUTCFullYear();
    return lastSunday(year, month) > dayIn(1) ? lastSunday(year, month) : lastSunday(year + 1, month);
  };
  return { spring: next(2), autumn: next(9) };
}
