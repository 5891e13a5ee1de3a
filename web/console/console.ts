import { html, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import type { App, Open, Page } from '../kit/page.ts';
import { bookingsPart } from './bookings.ts';
import { doorPart } from './door.ts';
import { overviewPart } from './overview.ts';
import { parkedPart } from './parked.ts';
import { peoplePart } from './people.ts';
import { programmePart } from './programme/programme.ts';
import { reportsPart } from './reports.ts';
import { may, type Role } from './roles.ts';
import { settingsPart } from './settings.ts';
import { showsPart } from './shows.ts';
import { unsettledPart } from './unsettled.ts';

/** The operations console: its parts, and who sees which. */
interface Part {
  readonly path: string;
  readonly title: string;
  readonly who: readonly Role[];
  readonly open: (app: App, id: string | undefined) => Page;
}

const parts: readonly Part[] = [
  { path: '/console', title: 'Overview', who: ['staff'], open: overviewPart },
  { path: '/console/bookings', title: 'Bookings', who: ['staff', 'organizer'], open: bookingsPart },
  { path: '/console/unsettled', title: 'Unsettled', who: ['staff'], open: unsettledPart },
  { path: '/console/parked', title: 'Parked', who: ['staff'], open: parkedPart },
  { path: '/console/door', title: 'Door', who: ['staff'], open: doorPart },
  { path: '/console/shows', title: 'Shows', who: ['staff', 'organizer'], open: showsPart },
  { path: '/console/programme', title: 'Programme', who: ['organizer'], open: programmePart },
  { path: '/console/reports', title: 'Reports', who: ['organizer'], open: reportsPart },
  { path: '/console/settings', title: 'Settings', who: ['admin'], open: settingsPart },
  { path: '/console/people', title: 'People', who: ['admin'], open: peoplePart },
];

export const consolePage: Open = (app, { part: name, id }) => {
  const me = app.me();
  const mine = parts.filter(({ who }) => may(me, ...who));
  const path = name === undefined ? '/console' : `/console/${name}`;
  // Whoever does not see the overview begins with the first part that is theirs.
  const part = mine.find((each) => each.path === path) ?? (name === undefined ? mine[0] : undefined);
  if (part === undefined) return { title: 'Console', view: () => html`<h1>Console</h1>${closed(app, mine)}` };
  const page = part.open(app, id);
  return {
    title: `${page.title} · Console`,
    leave: () => page.leave?.(),
    view: () => html`${navigation(mine, part)} ${keyed(page, page.view())}`,
  };
};

function navigation(mine: readonly Part[], current: Part | undefined): TemplateResult {
  return html`
    <nav class="parts" aria-label="Console">
      ${mine.map((each) => html`<a href=${each.path} aria-current=${each === current ? 'page' : 'false'}>${each.title}</a>`)}
    </nav>
  `;
}

/** Why there is nothing to see, and the way on. */
function closed(app: App, mine: readonly Part[]): TemplateResult {
  if (app.me() === undefined) {
    return html`<p>The console is for those who run the house. <a href="/sign-in?then=${encodeURIComponent(location.pathname)}">Sign in</a> to go on.</p>`;
  }
  if (mine.length > 0)
    return html`${navigation(mine, undefined)}<p>There is no such part for you. Choose one of these.</p>`;
  return html`
    <p>The console is for staff, organizers and administrators, and your account is a customer’s.</p>
    <p>An administrator can give you a role; or sign out, and in again with another account. <a href="/">To the programme</a></p>
  `;
}
