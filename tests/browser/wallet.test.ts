import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { newPassCertificates, opensslOrSkip } from '../support/certificates.ts';
import { visa } from '../support/client.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { bookingOnce } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

/** Saving a ticket to the wallet of a phone, from its page. */
if (await opensslOrSkip('tickets in wallets, in a browser')) {
  const browser = new TestBrowser();
  const passTypeId = 'pass.example.tickets';
  const teamId = 'A1B2C3D4E5';
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

  describe('the page of a booking', () => {
    let directory: { readonly path: string; remove(): Promise<void> };
    let running: RunningApp;
    let ada: Person;
    let bookingId: string;

    before(async () => {
      directory = await temporaryDirectory();
      const { certificate, key, authority } = await newPassCertificates(directory.path, { passTypeId, teamId });
      running = await runApp({
        WALLET_PASS_TYPE_ID: passTypeId,
        WALLET_TEAM_ID: teamId,
        WALLET_CERTIFICATE: certificate,
        WALLET_CERTIFICATE_KEY: key,
        WALLET_WWDR_CERTIFICATE: authority,
        GOOGLE_WALLET_ISSUER_ID: '3388000000012345678',
        GOOGLE_WALLET_SERVICE_ACCOUNT: JSON.stringify({
          client_email: 'wallet@riverside.iam.gserviceaccount.com',
          private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        }),
      });
      ada = await newPerson(running);
      const showId = await openShow(running.admin, await buildVenue(running.admin));
      ({ bookingId } = (await ada.client.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa })).body);
      await bookingOnce(ada.client, bookingId, ({ tickets }) => tickets.length === 2);
    });
    after(async () => {
      await browser.close();
      await running?.stop();
      await directory?.remove();
    });

    test('hands each ticket to the wallet that is chosen', async (t) => {
      const page = await browser.tab(t, { url: running.anyone.url, as: ada });
      if (page === undefined) return;
      await page.goto(`/bookings/${bookingId}`);
      const where = 'Stalls, row 1, seat 2';
      const apple = page.getByRole('button', { name: `Add to Apple Wallet: the ticket for ${where}`, exact: true });
      const [download] = await Promise.all([page.waitForEvent('download'), apple.click()]);
      assert.equal(download.suggestedFilename(), 'ticket.pkpass');
      const file = join(directory.path, 'ticket.pkpass');
      await download.saveAs(file);
      // The archive begins as archives do, and has come through as it is: no byte of it was taken for text.
      const pass = await readFile(file);
      assert.equal(pass.toString('latin1', 0, 2), 'PK');
      assert.ok(pass.includes(where) && pass.includes(Buffer.from('\x89PNG\r\n', 'latin1')));
      const { PICTURES: pictures } = process.env;
      if (pictures !== undefined) {
        await mkdir(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, 'wallet.png'), fullPage: true });
        await page.setViewportSize({ width: 390, height: 900 });
        await page.screenshot({ path: join(pictures, 'wallet-phone.png'), fullPage: true });
      }
      // Nobody is asked in Google's place.
      await page.route('https://pay.google.com/**', (route) => route.fulfill({ body: 'saved' }));
      await page.getByRole('button', { name: `Add to Google Wallet: the ticket for ${where}`, exact: true }).click();
      await page.waitForURL(/^https:\/\/pay\.google\.com\/gp\/v\/save\/[\w-]+\.[\w-]+\.[\w-]+$/);
    });
  });
}
