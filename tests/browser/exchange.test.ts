import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { newPerson } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const browser = new TestBrowser();
let running: RunningApp;
let shows: readonly [string, string];

before(async () => {
  running = await runApp();
  const venue = await buildVenue(running.admin);
  shows = [await openShow(running.admin, venue), await openShow(running.admin, venue)];
});
after(async () => {
  await browser.close();
  await running.stop();
});

const exchanging = (page: Page) => page.getByText('Choose what you want instead of booking');

/** Books the best seat of a show, and pays for it; the address of the booking. */
async function buy(page: Page, showId: string): Promise<string> {
  await page.goto(`/shows/${showId}`);
  await page.getByRole('spinbutton', { name: 'Seats' }).fill('1');
  await page.getByRole('button', { name: 'Find the best' }).click();
  await page.getByRole('region', { name: 'Your choice' }).getByText('Total').waitFor();
  await page.getByRole('button', { name: 'Hold and go on to payment' }).click();
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByText('Booked and paid.').waitFor();
  return new URL(page.url()).pathname;
}

describe('a customer who wants another day', () => {
  test('looks around with what they have, and has it until the other one is theirs', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url, as: await newPerson(running) });
    if (page === undefined) return;
    const first = await buy(page, shows[0]);
    await page.getByRole('button', { name: 'Exchange this booking' }).click();
    await page.getByRole('heading', { name: 'What is on' }).waitFor();
    await exchanging(page).waitFor();
    const second = await buy(page, shows[1]);
    assert.notEqual(second, first);
    await page.getByText('In exchange for booking').getByRole('link').click();
    await page.getByText('This booking is cancelled.').waitFor();
    assert.equal(new URL(page.url()).pathname, first);
    // What is done is done: the next booking is for nothing.
    await page.goto('/');
    await page.getByRole('heading', { name: 'What is on' }).waitFor();
    assert.equal(await exchanging(page).count(), 0);
  });

  test('may think better of it', async (t) => {
    const page = await browser.tab(t, { url: running.anyone.url, as: await newPerson(running) });
    if (page === undefined) return;
    const first = await buy(page, shows[0]);
    await page.getByRole('button', { name: 'Exchange this booking' }).click();
    await page.getByRole('button', { name: 'Keep the booking I have' }).click();
    await exchanging(page).waitFor({ state: 'detached' });
    await buy(page, shows[1]);
    assert.equal(await page.getByText('In exchange for booking').count(), 0);
    await page.goto(first);
    await page.getByRole('button', { name: 'Cancel this booking' }).waitFor();
  });
});
