import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { get, type Listed, post } from '../kit/api.ts';
import { countText, momentText } from '../kit/format.ts';
import type { App, Page } from '../kit/page.ts';
import type { Parked } from './answers.ts';
import { asking } from './asking.ts';
import { type Deed, Deeds } from './deeds.ts';
import { idLink } from './field.ts';
import { repeating } from './repeating.ts';
import { plain } from './words.ts';

/** Inputs that could not be read or decided, and what waits behind them. */
/** Short, so that what a person has done is seen soon. */
const refreshMs = 2_000;
const services = ['catalog', 'user', 'booking', 'seat-inventory', 'pricing', 'payment', 'notification', 'ticket'];

export function parkedPart(app: App): Page {
  let service = '';
  const list = asking(app, (signal) => {
    const query = service === '' ? '' : `?service=${service}`;
    return get<Listed<Parked>>(`/v1/ops/parked${query}`, { signal });
  });
  const looking = repeating(async () => {
    await list.again();
    if (list.answer !== undefined) deeds.keepTo(list.answer.items.flatMap(deedsOf));
  }, refreshMs);
  const deeds: Deeds = new Deeds(app, () => looking.soon());
  // Of the list that is there, until the one that was asked for comes.
  const isWanted = (item: Parked) => service === '' || item.service === service;
  const choose = (event: Event) => {
    service = (event.target as HTMLSelectElement).value;
    app.redraw();
    void list.again();
  };
  return {
    title: 'Parked',
    leave: () => {
      looking.stop();
      list.stop();
    },
    view: () => html`
      <h1>Parked</h1>
      <p class="quiet">What a service could not read or decide waits here, and with it all that came later about the same subject. Everything else goes on.</p>
      <p>
        <label>
          Service
          <select @change=${choose}>
            <option value="">all</option>
            ${services.map((each) => html`<option>${each}</option>`)}
          </select>
        </label>
      </p>
      ${deeds.outcome()}
      ${list.view(({ items }) => listing(items.filter(isWanted), deeds))}
    `,
  };
}

function listing(items: readonly Parked[], deeds: Deeds): TemplateResult {
  if (items.length === 0) return html`<p>Nothing is parked.</p>`;
  return html`
    <ul class="plain-list">
      ${repeat(items, keyOf, (item) => html`<li class="card">${shown(item, deeds)}</li>`)}
    </ul>
  `;
}

/** What somebody is writing about one stays with it when another one leaves the list. */
const keyOf = ({ parkedId }: Parked) => parkedId;

function shown(item: Parked, deeds: Deeds): TemplateResult {
  const { service, what, reason, detail, subject, partition, parkedAt, waitUntil, waiting } = item;
  return html`
    <h2>${service}: ${plain(reason)}</h2>
    <p><code>${what}</code></p>
    <dl>
      ${detail === '' ? undefined : html`<dt>Why</dt><dd>${detail}</dd>`}
      <dt>Subject</dt>
      <dd>${subject.startsWith('bkg_') ? idLink('/console/bookings', subject) : html`<code>${subject === '' ? 'none' : subject}</code>`}</dd>
      <dt>Waiting</dt>
      <dd>${countText(waiting, 'input')} of this subject, with this one</dd>
      <dt>Since</dt>
      <dd>${momentText(parkedAt)}${waitUntil === undefined ? undefined : `; waits for a reference until ${momentText(waitUntil)}`}</dd>
      <dt>Id</dt>
      <dd><code>${item.parkedId}</code>, partition ${partition}</dd>
    </dl>
    ${deeds.view(...deedsOf(item))}
  `;
}

const deedsOf = (item: Parked): readonly Deed[] => [redrive(item), discard(item)];

function redrive({ parkedId, waiting }: Parked): Deed {
  return {
    id: `redrive-${parkedId}`,
    does: 'Take it up again',
    follows: `It is read and decided again${waiting > 1 ? ', and then what waits behind it, in the order it came' : ''}. What was mended meanwhile goes through; what is still broken is parked again. Nothing is lost.`,
    run: async ({ keyOf }) => {
      const path = `/v1/ops/parked/${encodeURIComponent(parkedId)}/redrive`;
      const { redriven } = await post<{ readonly redriven: number }>(path, undefined, { key: keyOf('redrive') });
      return `${countText(redriven, 'input')} taken up again. What is still broken comes back to this list.`;
    },
  };
}

function discard({ parkedId, subject, waiting }: Parked): Deed {
  return {
    id: `discard-${parkedId}`,
    does: 'Throw it away',
    follows: html`This one input is <strong>gone for good</strong>, as if it had never come${subject === '' ? undefined : html`, for <code>${subject}</code>`}${
      waiting > 1 ? '; what waits behind it is taken up' : ''
    }. Do that only with what is not ours or what nobody will ever be able to read.`,
    run: async ({ keyOf }) => {
      await post(`/v1/ops/parked/${encodeURIComponent(parkedId)}/discard`, undefined, { key: keyOf('discard') });
      return `${parkedId} is thrown away.`;
    },
  };
}
