import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { all, get, type Listed, post } from '../kit/api.ts';
import { serverNow } from '../kit/clock.ts';
import { amountText, momentText } from '../kit/format.ts';
import type { App, Page } from '../kit/page.ts';
import type { Message, Unsettled } from './answers.ts';
import { asking } from './asking.ts';
import { type Deed, Deeds } from './deeds.ts';
import { field, idLink } from './field.ts';
import { repeating } from './repeating.ts';
import { plain, spanText } from './words.ts';

/** What needs a person: money and messages of which the system does not know what became of them. */
/** Short, so that what a person has done is seen soon. */
const refreshMs = 2_000;
const unsettledMax = 1_000;
const refusedPath = '/v1/ops/messages?status=failed&limit=50';

export function unsettledPart(app: App): Page {
  const list = asking(app, (signal) => all<Unsettled>('/v1/ops/unsettled', { most: unsettledMax, signal }));
  const refused = asking(app, (signal) => get<Listed<Message>>(refusedPath, { signal }));
  const looking = repeating(async () => {
    await Promise.all([list.again(), refused.again()]);
    if (list.answer === undefined || refused.answer === undefined) return;
    const items = [...list.answer, ...refused.answer.items.map(refusedMessage)];
    deeds.keepTo(items.flatMap(deedsFor));
  }, refreshMs);
  const deeds: Deeds = new Deeds(app, () => looking.soon());
  return {
    title: 'Unsettled',
    leave: () => {
      looking.stop();
      list.stop();
      refused.stop();
    },
    view: () => html`
      <h1>Unsettled</h1>
      <p class="quiet">Oldest first. No clock decides about these; a person does, and it is written down who and why.</p>
      ${deeds.outcome()}
      ${list.view((items) => (items.length === 0 ? html`<p>Nothing needs a person.</p>` : listing(items, deeds)))}
      ${refused.view(({ items, nextCursor }) =>
        items.length === 0
          ? html``
          : html`
              <section aria-labelledby="refused">
                <h2 id="refused">Refused messages${nextCursor === null ? undefined : `, the oldest ${items.length}`}</h2>
                ${listing(items.map(refusedMessage), deeds)}
              </section>
            `,
      )}
    `,
  };
}

function listing(items: readonly Shown[], deeds: Deeds): TemplateResult {
  return html`<ul class="plain-list">${repeat(items, keyOf, (item) => html`<li class="card">${shown(item, deeds)}</li>`)}</ul>`;
}

/** What of it is shown: of what is unsettled, and of messages that were refused. */
type Shown = Omit<Unsettled, 'kind'> & { readonly kind: Unsettled['kind'] | 'refused' };

function refusedMessage({ messageId, kind, error, ...more }: Message): Shown {
  return {
    ...more,
    kind: 'refused',
    id: messageId,
    messageKind: kind,
    ...(error === undefined ? {} : { reason: error }),
  };
}

const titles: Readonly<Record<Shown['kind'], string>> = {
  charge: 'A charge of unknown outcome',
  refund: 'A refund that failed',
  cash: 'Cash to hand out',
  dispute: 'A charge that is disputed',
  webhook: 'A webhook that fits no payment',
  message: 'A message of unknown fate',
  refused: 'A message that was refused',
};

const meanings: Readonly<Record<Shown['kind'], string>> = {
  charge:
    'The provider gave no definite answer. The booking waits for it, and so does the customer. Look the charge up at the provider.',
  refund: 'The provider did not give the money back. The customer waits for it.',
  cash: 'It was paid in cash, and is the customer’s again: somebody comes to the box office for it, or is written to.',
  dispute:
    'The customer’s bank takes the money back unless it is convinced otherwise. Answer at the provider, in time; the tickets stay valid until the booking is cancelled.',
  webhook:
    'The provider reported a charge that nobody here knows of. Look it up at the provider; there is nothing to do here.',
  message: 'The connection broke off while it was sent. It may have arrived, or not.',
  refused:
    'Where it was sent to, it was not taken. The customer does not know what it says; the booking stands all the same.',
};

/** What somebody is writing about one stays with it when another one leaves the list. */
const keyOf = ({ id }: Shown) => id;

function shown(item: Shown, deeds: Deeds): TemplateResult {
  const own = deedsFor(item);
  const why = item.error === undefined ? item.reason : `${item.error.message} (${item.error.code})`;
  return html`
    <h2>${titles[item.kind]}${item.amount === undefined ? undefined : `: ${amountText(item.amount)}`}</h2>
    <p>${meanings[item.kind]}</p>
    <dl>
      <dt>Since</dt>
      <dd>${momentText(item.since)} <span class="quiet">(${spanText(Math.max(0, serverNow() - Date.parse(item.since)))})</span></dd>
      ${item.bookingId === undefined ? undefined : html`<dt>Booking</dt><dd>${idLink('/console/bookings', item.bookingId)}</dd>`}
      ${item.messageKind === undefined ? undefined : html`<dt>Message</dt><dd>${plain(item.messageKind)} by ${item.channel}</dd>`}
      ${why === undefined ? undefined : html`<dt>Why</dt><dd>${why}</dd>`}
      <dt>Id</dt>
      <dd><code>${item.id}</code></dd>
    </dl>
    ${own.length === 0 ? undefined : deeds.view(...own)}
  `;
}

function deedsFor(item: Shown): readonly Deed[] {
  switch (item.kind) {
    case 'charge':
      return [settlement(item)];
    case 'refund':
      return [retry(item), otherWay(item)];
    case 'cash':
      return [handOut(item)];
    case 'message':
      return [resend(item, 'It is sent once more. If the first one arrived after all, the customer has it twice.')];
    case 'refused':
      return [resend(item, 'It is sent once more, to the same address. If it is refused again, it stays here.')];
    case 'dispute':
    case 'webhook':
      return [];
    default:
      return item.kind satisfies never;
  }
}

function settlement({ id }: Shown): Deed {
  return {
    id: `settle-${id}`,
    does: 'Settle the charge',
    follows: html`Say what the provider's own books say. <strong>Succeeded</strong>: the seats are sold and the tickets issued, or, where the
      seats are gone, the money goes back. <strong>Failed</strong>: the customer may try to pay again, or, where the hold is over, the booking
      expires. It cannot be taken back.`,
    fields: () => html`
      <fieldset>
        <legend>The charge has</legend>
        <label class="choice"><input type="radio" name="outcome" value="succeeded" required>succeeded</label>
        <label class="choice"><input type="radio" name="outcome" value="failed">failed</label>
      </fieldset>
      ${field('Why: where did you look, what did it say', html`<input name="why" required maxlength="500" size="50">`)}
    `,
    run: async ({ fields, keyOf }) => {
      const body = { outcome: fields['outcome'], why: fields['why'] };
      await post(`/v1/ops/payments/${encodeURIComponent(id)}/settlement`, body, { key: keyOf(body) });
      return `Settled as ${fields['outcome']}; the booking follows in a moment, and this leaves the list.`;
    },
  };
}

function retry({ id, amount }: Shown): Deed {
  return {
    id: `retry-${id}`,
    does: 'Ask for the refund again',
    follows: `The provider is asked once more to give ${amount === undefined ? 'the money' : amountText(amount)} back. If it refuses again, this comes back to the list.`,
    run: async ({ keyOf }) => {
      await post(`/v1/ops/refunds/${encodeURIComponent(id)}/retry`, undefined, { key: keyOf('retry') });
      return 'The refund is asked for again. If it fails again, it is back in this list in a moment.';
    },
  };
}

function otherWay(item: Shown): Deed {
  return settleRefund(item, {
    does: 'Settle the refund',
    follows:
      'The money went back in another way, such as a transfer, or there was none to give back. The refund counts as made, and the customer reads so. It cannot be taken back.',
    asks: 'Why: how did it go back',
  });
}

function handOut(item: Shown): Deed {
  return settleRefund(item, {
    does: 'Hand it out',
    follows: `Give ${item.amount === undefined ? 'the money' : amountText(item.amount)} out first: this says that it was. The customer is told so, and nobody can hand it out again.`,
    asks: 'To whom, and at which till',
  });
}

function settleRefund({ id }: Shown, { does, follows, asks }: { does: string; follows: string; asks: string }): Deed {
  return {
    id: `settle-${id}`,
    does,
    follows,
    fields: () => html`${field(asks, html`<input name="why" required maxlength="500" size="50">`)}`,
    run: async ({ fields, keyOf }) => {
      const body = { why: fields['why'] };
      await post(`/v1/ops/refunds/${encodeURIComponent(id)}/settlement`, body, { key: keyOf(body) });
      return 'Settled; this leaves the list in a moment.';
    },
  };
}

function resend({ id }: Shown, follows: string): Deed {
  return {
    id: `resend-${id}`,
    does: 'Send the message again',
    follows,
    run: async ({ keyOf }) => {
      await post(`/v1/ops/messages/${encodeURIComponent(id)}/resend`, undefined, { key: keyOf('resend') });
      return 'The message is sent again; it leaves the list when it was taken.';
    },
  };
}
