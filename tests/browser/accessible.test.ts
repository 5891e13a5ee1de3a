import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { visa } from '../support/client.ts';
import { bookingOnce } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { administrator, type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** Every page by the rules of axe-core, WCAG 2.2 A and AA among them, in the light and in the dark. */
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What is wrong with a page as it is shown now. */
async function troublesOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)} })`,
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

describe('everybody can use', () => {
  const browser = new TestBrowser();
  let running: RunningApp;
  let ada: Person;
  let venue: Venue;
  let showId: string;
  let awaited: string;
  let held: string;
  let sold: string;
  let given: string;
  let offered: string;

  before(async () => {
    running = await runApp();
    venue = await buildVenue(running.admin);
    showId = await openShow(running.admin, venue);
    awaited = await openShow(running.admin, venue);
    await running.admin.call('PUT', `/v1/shows/${awaited}/waiting-room`, { body: {} });
    ada = await newPerson(running);
    held = (await ada.client.book({ showId, seats: ['S-A-1'] })).body.bookingId;
    sold = (await ada.client.book({ showId, seats: ['S-A-2'], payment: visa })).body.bookingId;
    const { tickets } = await bookingOnce(ada.client, sold, (booking) => booking.tickets.length > 0);
    offered = (await ada.client.post<{ code: string }>(`/v1/tickets/${tickets[0]}/transfer`, {})).body.code;
    given = await givenTo(ada);
  });
  after(async () => {
    await browser.close();
    await running.stop();
  });

  /** A ticket of somebody else's booking. */
  async function givenTo(person: Person): Promise<string> {
    const bob = await newPerson(running);
    const { bookingId } = (await bob.client.book({ showId, seats: ['S-A-3'], payment: visa })).body;
    const [ticketId = ''] = (await bookingOnce(bob.client, bookingId, ({ tickets }) => tickets.length > 0)).tickets;
    const { body } = await bob.client.post<{ code: string }>(`/v1/tickets/${ticketId}/transfer`, {});
    assert.equal((await person.client.post('/v1/transfers/acceptance', { code: body.code })).status, 200);
    return ticketId;
  }

  /** Pages by what is on them once they are there. */
  const customers = () =>
    [
      ['/', 'button:has-text("Tomorrow")'],
      [`/shows/${showId}`, 'canvas'],
      [`/shows/${awaited}`, 'button:has-text("Join")'],
      ['/bookings', 'section article'],
      [`/bookings/${held}`, '[role=timer]'],
      [`/bookings/${sold}`, '.ticket .giving'],
      [`/tickets/${given}`, '.ticket .giving'],
      ['/transfers', 'h1'],
      [`/transfers#${offered}`, 'button:has-text("Take the ticket")'],
      ['/account', 'button:has-text("Save")'],
      ['/sign-in', 'input[name=password]'],
      ['/password-resets/token', 'input[name=password]'],
    ] as const;
  const consoles = () =>
    [
      ['/console', 'table'],
      ['/console/bookings', 'form'],
      [`/console/bookings/${sold}`, 'ol'],
      ['/console/unsettled', 'h1'],
      ['/console/parked', 'h1'],
      ['/console/door', 'form'],
      ['/console/shows', 'form'],
      [`/console/shows/${showId}`, 'table'],
      ['/console/programme', '.tiles'],
      ['/console/programme/movies', 'table'],
      ['/console/programme/new-movie', 'form'],
      [`/console/programme/${venue.movieId}`, 'form'],
      ['/console/programme/theatres', 'table'],
      ['/console/programme/new-theatre', 'form'],
      [`/console/programme/${venue.theatreId}`, 'button:has-text("Add a screen")'],
      ['/console/programme/seat-plans', 'table'],
      [`/console/programme/${venue.seatPlanId}`, 'canvas'],
      [`/console/programme/new-seat-plan?from=${venue.seatPlanId}`, 'table'],
      [`/console/programme/new-shows?from=${showId}`, '.starts'],
      [`/console/programme/${showId}`, 'form'],
      ['/console/reports', 'form'],
      ['/console/settings', 'table'],
      ['/console/settings/holdTtlMs', 'form'],
      ['/console/people', 'form'],
    ] as const;

  test('where somebody cannot, it is found', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url });
    if (page === undefined) return;
    await page.goto('/sign-in');
    await page.locator('input[name=password]').waitFor();
    await page.evaluate('document.querySelector("main").append(document.createElement("input"))');
    const [trouble, ...others] = await troublesOf(page);
    assert.match(trouble ?? '', /^label: /);
    assert.deepEqual(others, []);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`what customers see, ${colorScheme}`, async (t) => {
      const page = await browser.tab(t, { url: running.anyone.url, as: ada, colorScheme });
      if (page === undefined) return;
      const troubles: string[] = [];
      for (const [path, there] of customers()) {
        await page.goto(path);
        await page.locator(there).first().waitFor();
        troubles.push(...(await troublesOf(page)).map((each) => `${path}: ${each}`));
      }
      assert.deepEqual(troubles, []);
    });

    test(`the console, ${colorScheme}`, async (t) => {
      const page = await browser.tab(t, { url: running.anyone.url, as: administrator, colorScheme });
      if (page === undefined) return;
      const troubles: string[] = [];
      for (const [path, there] of consoles()) {
        await page.goto(path);
        await page.locator(`main ${there}`).first().waitFor();
        troubles.push(...(await troublesOf(page)).map((each) => `${path}: ${each}`));
      }
      assert.deepEqual(troubles, []);
    });

    test(`what is told of mistakes, ${colorScheme}`, async (t) => {
      const page = await browser.tab(t, { url: running.anyone.url, as: administrator, colorScheme });
      if (page === undefined) return;
      await page.goto(`/console/programme/new-seat-plan?from=${venue.seatPlanId}`);
      await page.getByLabel('Row 1: Last seat', { exact: false }).first().fill('0');
      await page.getByText('1 thing to mend').waitFor();
      const troubles = [...(await troublesOf(page))];
      await page.goto(`/console/programme/${venue.movieId}`);
      await page.getByLabel('Running time in minutes').fill('99999');
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText('must be at most 1440').waitFor();
      troubles.push(...(await troublesOf(page)));
      assert.deepEqual(troubles, []);
    });
  }
});
