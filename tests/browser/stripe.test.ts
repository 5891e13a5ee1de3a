import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { newPerson } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { type StripeJs, startStripeJs } from '../support/stripe-js.ts';
import { type StripeStandIn, startStripeStandIn } from '../support/stripe-stand-in.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

/** Paying by Stripe from the pages, with stand-ins for its API and for its library. */
const browser = new TestBrowser();
let stripe: StripeStandIn;
let library: StripeJs;
let running: RunningApp;
let venue: Venue;

before(async () => {
  stripe = await startStripeStandIn();
  library = await startStripeJs(stripe.books);
  running = await runApp({
    ...{
      PAYMENT_PROVIDER: 'stripe',
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_WEBHOOK_SECRET: 'whsec_the_secret_of_this_test',
    },
    ...{ STRIPE_PUBLISHABLE_KEY: 'pk_test_of_the_browser', STRIPE_API_URL: stripe.url, STRIPE_JS_URL: library.script },
  });
  venue = await buildVenue(running.admin);
});
after(async () => {
  await browser.close();
  await running.stop();
  await library.stop();
  await stripe.stop();
});

/** A tab at a booking that awaits its payment. */
async function held(t: TestContext) {
  const showId = await openShow(running.admin, venue);
  const person = await newPerson(running);
  const { body } = await person.client.book({ showId, seats: ['S-A-1'] });
  const page = await browser.tab(t, { url: running.anyone.url, as: person });
  await page?.goto(`/bookings/${body.bookingId}`);
  return page && { page, person, bookingId: body.bookingId };
}

const intentsOf = (bookingId: string) =>
  [...stripe.books.intents.values()].filter(({ metadata }) => metadata['fullhouse_booking'] === bookingId);

describe('paying by Stripe in a browser', () => {
  test('takes the money once, also of a card whose bank wants to be asked', async (t) => {
    const there = await held(t);
    if (there === undefined) return;
    const { bookingId, page } = there;
    await page.getByLabel('Test card').fill('pm_card_authenticationRequired');
    await page.getByRole('button', { name: /^Pay/ }).dblclick();
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
    assert.deepEqual(
      intentsOf(bookingId).map(({ status }) => status),
      ['succeeded'],
    );
  });

  test('says why a card is declined before anything is asked of us, and takes another one', async (t) => {
    const there = await held(t);
    if (there === undefined) return;
    const { bookingId, page, person } = there;
    await page.getByLabel('Test card').fill('pm_card_chargeDeclinedInsufficientFunds');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('alert').getByText('Your card was declined.').waitFor();
    assert.equal((await person.client.booking(bookingId)).body.payment.attempts, 0);
    await page.getByLabel('Test card').fill('pm_card_visa');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
  });

  test('goes on where an answer was lost after the card was authorised', async (t) => {
    const there = await held(t);
    if (there === undefined) return;
    const { bookingId, page } = there;
    await page.route('**/payments', (route) => route.abort());
    await page.getByLabel('Test card').fill('pm_card_visa');
    const lost = page.waitForEvent('requestfailed');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await lost;
    // The page again, as people do.
    await page.unroute('**/payments');
    await page.reload();
    await page.getByText('Your bank has said yes').waitFor();
    assert.equal(await page.getByLabel('Test card').count(), 0);
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('article', { name: /^Ticket for/ }).waitFor();
    assert.deepEqual(
      intentsOf(bookingId).map(({ status }) => status),
      ['succeeded'],
    );
  });
});
