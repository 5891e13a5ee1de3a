import { html, render } from 'lit-html';
import { acceptancePage } from './buyer/acceptance.ts';
import { accountPage } from './buyer/account.ts';
import { bookingPage } from './buyer/booking.ts';
import { bookingsPage } from './buyer/bookings.ts';
import { passwordPage } from './buyer/password.ts';
import { programmePage } from './buyer/programme.ts';
import { showPage } from './buyer/show.ts';
import { signInPage } from './buyer/sign-in.ts';
import { ticketPage } from './buyer/ticket.ts';
import { type Ask, get } from './kit/api.ts';
import { unsentScans } from './kit/door-log.ts';
import { countText } from './kit/format.ts';
import { later } from './kit/later.ts';
import { type App, loading, type Open, type Page, problemBox } from './kit/page.ts';
import { Problem, tryingAgain } from './kit/problem.ts';
import { hasSession, type Me, onOtherSession, signOut } from './kit/session.ts';

/** Customers need none of it, so they do not load it. */
const consolePage = later(async () => (await import('./console/console.ts')).consolePage);

/** The app: which page an address is, who is signed in, and what stands around every page. */
interface Route {
  readonly pattern: string;
  readonly open: Open;
  /** Whether it is shown only once the server has told who somebody is. */
  readonly isPersonal: boolean;
}

const forAll = (pattern: string, open: Open): Route => ({ pattern, open, isPersonal: false });
const personal = (pattern: string, open: Open): Route => ({ pattern, open, isPersonal: true });

const routes: readonly Route[] = [
  forAll('/', programmePage),
  forAll('/shows/:showId', showPage),
  personal('/bookings', bookingsPage),
  personal('/bookings/:bookingId', bookingPage),
  personal('/tickets/:ticketId', ticketPage),
  personal('/transfers', acceptancePage),
  personal('/account', accountPage),
  forAll('/sign-in', signInPage),
  forAll('/password-resets/:token', passwordPage),
  personal('/console', consolePage),
  personal('/console/:part', consolePage),
  personal('/console/:part/:id', consolePage),
];

const icon = new URL('./icon.svg', import.meta.url).href;

let me: Me | undefined;
/** Whether the server has told who somebody is; that it does not answer makes nobody of nobody. */
let isMeKnown = false;
let unanswered: string | undefined;
let page: Page | undefined;
let isDrawn = true;
/** What had the focus last. */
let focused: Element | undefined;

const app: App = {
  redraw() {
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(() => {
      isDrawn = true;
      draw();
    });
  },
  go(path, { replace = false } = {}) {
    if (replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    // Afterwards: a page that opens may send its visitor on.
    queueMicrotask(() => {
      open();
      scrollTo(0, 0);
      document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
    });
  },
  me: () => me,
  meAgain: () => askWho(),
};

async function askWho(ask: Ask = {}): Promise<void> {
  me = hasSession() ? await get<Me>('/v1/me', ask).catch(nobodyIfRefused) : undefined;
  isMeKnown = true;
  app.redraw();
}

function nobodyIfRefused(error: unknown): undefined {
  if (!(error instanceof Problem && error.status === 401)) throw error;
}

function open(): void {
  page?.leave?.();
  page = undefined;
  for (const route of routes) {
    const parts = partsOf(route.pattern, location.pathname);
    if (parts === undefined) continue;
    page = isMeKnown || !route.isPersonal ? route.open(app, parts) : waitingPage;
    break;
  }
  app.redraw();
}

const waitingPage: Page = { title: 'Fullhouse', view: () => html`${problemBox(unanswered)} ${loading}` };

/** The named parts of a path that fits a pattern. */
function partsOf(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = given[index] ?? '';
    if (name.startsWith(':')) parts[name.slice(1)] = decoded(part);
    else if (name !== part) return undefined;
  }
  return parts;
}

/** What cannot be decoded is the name of nothing, and is told to be. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function draw(): void {
  document.title = page === undefined ? 'Fullhouse' : `${page.title} · Fullhouse`;
  const isStaff = me?.roles.some((role) => role !== 'customer') === true;
  render(
    html`
      <a class="skip" href="#main">Skip to the content</a>
      <header>
        <a class="brand" href="/"><img src=${icon} alt="" width="28" height="28">Fullhouse</a>
        <nav aria-label="Main">
          <a href="/">Programme</a>
          ${me === undefined ? undefined : html`<a href="/bookings">My bookings</a>`}
          ${isStaff ? html`<a href="/console">Console</a>` : undefined}
        </nav>
        <div class="who">
          ${
            !isMeKnown
              ? undefined
              : me === undefined
                ? html`<a class="button" href="/sign-in">Sign in</a>`
                : html`<a href="/account">${me.name}</a> <button class="plain" @click=${leave}>Sign out</button>`
          }
        </div>
      </header>
      <main id="main" tabindex="-1">${page?.view() ?? html`<h1>There is no such page</h1><p><a href="/">To the programme</a></p>`}</main>
    `,
    document.body,
  );
  // Who pressed a button that is gone, or is off for now, goes on from the page, not from the top of the document.
  const isLost = focused?.isConnected === false || focused?.matches(':disabled') === true;
  if (isLost && document.activeElement === document.body) {
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }
}

async function leave(): Promise<void> {
  const unsent = await unsentScans();
  // They stay on the device, but nobody may think that the server knows of them.
  if (unsent > 0 && !confirm(leavingText(unsent))) return;
  const elsewhere = await signOut();
  me = undefined;
  if (elsewhere === undefined) app.go('/');
  else location.assign(elsewhere);
}

const leavingText = (unsent: number) =>
  `The server has not been told of ${countText(unsent, 'scan')} made at the door without a network. They stay on this device, and are sent when somebody opens the door here again. Sign out all the same?`;

document.addEventListener('focusin', ({ target }) => {
  focused = target instanceof Element ? target : undefined;
});

/** Links within the app change the page, not the document. */
document.addEventListener('click', (event) => {
  const link = (event.target as Element | null)?.closest('a');
  if (link == null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  if (link.pathname === location.pathname && link.hash !== '') {
    // A place on this page is gone to by focus: as an address it would open the page anew, without what was chosen on it.
    event.preventDefault();
    document.querySelector<HTMLElement>(link.hash)?.focus();
    return;
  }
  if (!routes.some(({ pattern }) => partsOf(pattern, link.pathname) !== undefined)) return;
  event.preventDefault();
  app.go(link.pathname + link.search);
});
addEventListener('popstate', open);
// Somebody signed in or out in another tab, or the session is over: what is open is opened anew for whoever it is now.
onOtherSession(async () => {
  const before = me?.userId;
  await app.meAgain().catch(() => undefined);
  if (me?.userId !== before) open();
});

document.querySelector('#starting')?.remove();
// Where the server does not tell soon, what is for everybody is shown to nobody in particular.
page = waitingPage;
app.redraw();
await askWho({
  waiting: (why) => {
    unanswered = tryingAgain(why);
    if (page === waitingPage) open();
    app.redraw();
  },
}).catch(() => {
  isMeKnown = true;
});
if (page === waitingPage) open();
