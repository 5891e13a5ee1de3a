import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.ts';
import { visa } from '../support/client.ts';
import { filmCode } from '../support/filmed-code.ts';
import { bookingOnce, changeSetting } from '../support/operations.ts';
import { newPerson, type Person } from '../support/people.ts';
import { type RunningApp, runApp, temporaryDirectory } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

interface Ticket {
  readonly status: string;
  readonly code: string;
}

/** A phone at the door, before whose camera somebody holds one ticket up. */
describe('a door with a camera', () => {
  let directory: { readonly path: string; remove(): Promise<void> };
  let running: RunningApp;
  let browser: TestBrowser;
  let staff: Person;
  let showId: string;
  let ticketNow: () => Promise<Ticket>;

  before(async () => {
    [directory, running] = await Promise.all([temporaryDirectory(), runApp({ LOG_LEVEL: 'silent' })]);
    await changeSetting(running, 'loginsPerMinute', 1_000);
    const ada = await newPerson(running);
    staff = await newPerson(running, { name: 'Sam Staff', roles: ['staff'] });
    showId = await openShow(running.admin, await buildVenue(running.admin));
    const { body } = await ada.client.book({ showId, seats: ['S-A-1'], payment: visa });
    const { tickets } = await bookingOnce(ada.client, body.bookingId, (each) => each.tickets.length === 1);
    ticketNow = async () => (await ada.client.get<Ticket>(`/v1/tickets/${tickets[0]}`)).body;
    const film = `${directory.path}/ticket.y4m`;
    await filmCode(film, (await ticketNow()).code);
    browser = new TestBrowser({ film });
  });
  after(async () => {
    await browser.close();
    await running.stop();
    await directory.remove();
  });

  async function atDoor(t: TestContext, chosen: string, path = '/console/door'): Promise<Page | undefined> {
    const page = await browser.tab(t, { url: running.app.url, as: staff });
    await page?.addInitScript(
      `localStorage['fullhouse-door-show'] = '${chosen}'; localStorage['fullhouse-gate'] = 'North';`,
    );
    await page?.goto(path);
    return page;
  }
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const verdict = (page: Page, headline: string) =>
    page.locator('.verdict').getByText(headline, { exact: true }).waitFor();

  it('says in words why it has none, and goes on without', async (t) => {
    const page = await atDoor(t, 'any');
    if (page === undefined) return;
    await button(page, 'Scan with the camera').click();
    await page
      .getByText('The browser keeps this page from the camera. Allow it in the settings of this page')
      .waitFor();
    await button(page, 'Scan with the camera').waitFor();
    assert.equal(await page.locator('video').count(), 0);
  });

  it('keeps out a ticket of another day, and lets in once who holds it up, also without a network', async (t) => {
    // It was come to from another page, whose policy has no camera: it loads itself again for that.
    const page = await atDoor(t, '', '/console');
    if (page === undefined) return;
    await page.context().grantPermissions(['camera']);
    await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Door' }).click();
    await button(page, 'Scan with the camera').click();
    await button(page, 'Turn the camera off').waitFor();
    await verdict(page, 'Another day');
    await button(page, 'Turn the camera off').click();
    assert.equal(await page.locator('video').count(), 0);

    await page.addInitScript(`localStorage['fullhouse-door-show'] = '${showId}';`);
    await page.reload();
    await page.getByText('Ready for a network that fails: 1 ticket').waitFor();
    await page.context().setOffline(true);
    await page.getByText('No network: codes are checked on this device.').waitFor();
    await button(page, 'Scan with the camera').click();
    await verdict(page, 'Admitted without network');
    // It is still held up, and nobody says that it was used.
    await page.locator('video').waitFor();
    await page.evaluate(`(async () => {
      const video = document.querySelector('video');
      for (let frames = 0; frames < 15; frames += 1) await new Promise((seen) => video.requestVideoFrameCallback(seen));
    })()`);
    assert.deepEqual(await page.locator('.scans strong').allTextContents(), ['Admitted without network']);
    await page.context().setOffline(false);
    await page.getByText('to be sent').waitFor({ state: 'detached' });
    assert.equal((await ticketNow()).status, 'used');
    // A device whose camera was on has it on when the door is opened again.
    await page.reload();
    await verdict(page, 'Already admitted');
  });
});
