import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { Client, type TokenPair } from './client.ts';
import { skipLoudly } from './skipping.ts';

/**
 * The pages in a real browser: one browser for a test file, a profile of its own for each tab. A tab in which a script fails, the
 * console tells an error or the Content-Security-Policy stops something fails its test, whatever else the test looks at.
 */
/** First the one without windows: it shows the same pages with half the work. */
const wholeBrowsers = ['chromium', 'chromium-browser', 'google-chrome'];
const names = ['chromium-headless-shell', ...wholeBrowsers];

/** The same machine by a name, which browsers trust less than an address of its own: some of what they can do wants TLS there. */
export const plainHost = 'tickets.test';

/** Long enough for a machine that does much else; what is there sooner is seen sooner. */
const patienceMs = 20_000;

export interface TabOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Where the app runs; paths are told from here. */
  readonly url: string;
  /** Who is signed in; nobody where it is left out. */
  readonly as?: { readonly email: string; readonly password: string };
}

export class TestBrowser {
  readonly #film: string | undefined;
  #launched: Promise<Browser> | undefined;

  /** `film`: what its camera sees for ever, as a file of YUV4MPEG2 or MJPEG. */
  constructor({ film }: { readonly film?: string } = {}) {
    this.#film = film;
  }

  /** A new tab, closed with the test; `undefined` where there is no browser and the test was skipped. */
  async tab(t: TestContext, { url, as, ...options }: TabOptions): Promise<Page | undefined> {
    // The one without windows has no cameras.
    const executablePath = chromiumPath(this.#film === undefined ? names : wholeBrowsers);
    if (executablePath === undefined) {
      skipLoudly(t, 'there is no browser; install the package chromium, or say by CHROMIUM_PATH where one is');
      return undefined;
    }
    // No sandbox: it needs rights that containers seldom have, and only our own pages are looked at.
    const args = [`--host-resolver-rules=MAP ${plainHost} 127.0.0.1`, ...cameraFlags(this.#film)];
    this.#launched ??= chromium.launch({ executablePath, chromiumSandbox: false, args });
    const context = await (await this.#launched).newContext({
      ...{ baseURL: url, locale: 'en-GB', serviceWorkers: 'block' },
      ...options,
      ...(as === undefined ? {} : { storageState: await signedIn(url, as) }),
    });
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    const troubles = troublesOf(page);
    t.after(async () => {
      await context.close();
      if (troubles.length > 0) throw new Error(`the browser complained:\n${troubles.join('\n')}`);
    });
    return page;
  }

  async close(): Promise<void> {
    await (await this.#launched)?.close();
  }
}

function cameraFlags(film: string | undefined): readonly string[] {
  if (film === undefined) return [];
  return ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`];
}

function chromiumPath(names: readonly string[]): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a profile keeps of somebody who signed in before. */
async function signedIn(url: string, { email, password }: { readonly email: string; readonly password: string }) {
  const { status, body } = await new Client(url).post<TokenPair>('/v1/sessions', { email, password });
  if (status !== 200) throw new Error(`cannot sign in as ${email}: ${status} ${JSON.stringify(body)}`);
  const { accessToken, refreshToken, expiresInSeconds } = body;
  const session = { accessToken, refreshToken, renewAt: Date.now() + expiresInSeconds * 1_000 };
  const localStorage = [{ name: 'fullhouse-session', value: JSON.stringify(session) }];
  return { cookies: [], origins: [{ origin: new URL(url).origin, localStorage }] };
}

/** Collects what a page complains of; that the server said no to a page, which shows it, is none of it. */
function troublesOf(page: Page): readonly string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    const isAnswer = message.text().startsWith('Failed to load resource') && /^https?:\/\/[^/]+\/v1\//.test(url);
    // What browsers say of a header that means nothing to them without TLS.
    const isWithoutTls = message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored');
    if (!isAnswer && !isWithoutTls) troubles.push(`${message.text()} (${url})`);
  });
  return troubles;
}
