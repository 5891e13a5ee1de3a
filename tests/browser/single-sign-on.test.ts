import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts';
import { runAppAlone } from '../support/servers.ts';

/** The pages where people sign in elsewhere. */
const browser = new TestBrowser();
let issuer: OidcIssuer;
let running: Awaited<ReturnType<typeof runAppAlone>>;

before(async () => {
  issuer = await startOidcIssuer();
  running = await runAppAlone({ OIDC_ISSUER: issuer.url, OIDC_CLIENT_ID: 'pages' });
});
after(async () => {
  await browser.close();
  await running.stop();
  await issuer.stop();
});

describe('whoever signs in elsewhere', () => {
  test('comes back to where they were going, and is out of both when they leave', async (t) => {
    issuer.somebody = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' };
    const page = await browser.tab(t, { url: running.app.url });
    if (page === undefined) return;
    await page.goto('/bookings');
    await page.getByRole('button', { name: `Sign in at ${new URL(issuer.url).host}` }).click();
    await page.getByText('You have not booked anything yet.').waitFor();
    assert.equal(new URL(page.url()).pathname, '/bookings');
    await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor();
    const ended = page.waitForRequest(`${issuer.url}/end**`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    assert.equal(new URL((await ended).url()).searchParams.get('client_id'), 'pages');
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
  });

  test('stays in when a token is about to end: it is renewed where it came from', async (t) => {
    issuer.somebody = { sub: 'grace', name: 'Grace Hopper' };
    // Good for less than the time that a token is renewed before its end.
    issuer.secondsGood = 20;
    const page = await browser.tab(t, { url: running.app.url });
    if (page === undefined) return;
    await page.goto('/sign-in?then=/account');
    await page.getByRole('button', { name: /^Sign in at/ }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor();
    const renewed = page.waitForResponse(`${issuer.url}/token`);
    await page.reload();
    assert.equal((await renewed).status(), 200);
    await page.getByRole('link', { name: 'Grace Hopper' }).waitFor();
    issuer.secondsGood = 900;
  });

  test('is told so when the answer belongs to no sign-in of this tab', async (t) => {
    const page = await browser.tab(t, { url: running.app.url });
    await page?.goto('/sign-in?code=stolen&state=guessed');
    await page?.getByRole('alert').getByText('This sign-in began in another tab or long ago.').waitFor();
  });
});
