import { html, type TemplateResult } from 'lit-html';
import { get, type Listed, post } from '../kit/api.ts';
import type { App, Page } from '../kit/page.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import type { Check, GroupPosition, Parked, Topic, Unsettled } from './answers.ts';
import { type Asking, asking } from './asking.ts';
import { type Deed, Deeds } from './deeds.ts';
import { lagByService, lagWorrying, type ServiceLag } from './lag.ts';
import { promisesView } from './promises.ts';
import { repeating } from './repeating.ts';
import { clockText } from './words.ts';

/** The first look at three in the morning: what needs a person, who is behind, what is on the log. */
const refreshMs = 5_000;
const answerWithinMs = 10_000;

/** Asked once: whether there is an answer is what one wants to know. */
const now = (signal: AbortSignal) => ({
  signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
  triesMax: 1,
});

export function overviewPart(app: App): Page {
  const unsettled = asking(
    app,
    (signal) => get<Listed<Unsettled>>('/v1/ops/unsettled?limit=100', now(signal)),
    unanswered,
  );
  const parked = asking(app, (signal) => get<Listed<Parked>>('/v1/ops/parked', now(signal)), unanswered);
  const check = asking(app, (signal) => get<Check>('/v1/ops/check', now(signal)), unanswered);
  const groups = asking(app, (signal) => get<Listed<GroupPosition>>('/v1/ops/groups', now(signal)), logUnanswered);
  const topics = asking(app, (signal) => get<Listed<Topic>>('/v1/ops/topics', now(signal)), logUnanswered);
  const all = [unsettled, parked, check, groups, topics];
  let lookedAt: Date | undefined;
  const looking = repeating(async () => {
    for (const each of all) await each.again();
    lookedAt = new Date();
    app.redraw();
  }, refreshMs);
  const deeds = new Deeds(app, () => looking.soon());
  return {
    title: 'Overview',
    leave: () => {
      looking.stop();
      for (const each of all) each.stop();
    },
    view: () => html`
      <h1>Overview</h1>
      <p class="quiet">
        ${lookedAt === undefined ? 'Looking …' : `As of ${clockText(lookedAt)}; looks again by itself.`}
      </p>
      <section aria-labelledby="needs">
        <h2 id="needs">What needs a person</h2>
        <div class="tiles">
          ${tile(unsettled, '/console/unsettled', 'unsettled: charges, refunds, messages')}
          ${tile(parked, '/console/parked', 'parked: records that could not be read or decided')}
        </div>
      </section>
      <section aria-labelledby="promises">
        <h2 id="promises">The promises</h2>
        ${check.view(promisesView)} ${deeds.outcome()} ${deeds.view(checkNow)}
      </section>
      <section aria-labelledby="lag">
        <h2 id="lag">Lag by service</h2>
        <p class="quiet">
          Behind by a few while nothing happens is no fault: what a service has read and needs not act on is noted with the next that it acts on.
        </p>
        ${groups.view(({ items }) => lagTable(lagByService(items)))}
      </section>
      <section aria-labelledby="topics">
        <h2 id="topics">Topics</h2>
        ${topics.view(({ items }) => topicTable(items))}
      </section>
    `,
  };
}

const checkNow: Deed = {
  id: 'check',
  does: 'Check now',
  follows: 'Every booking there ever was is looked at, one question at a time: a million take some minutes.',
  run: async () => {
    await post('/v1/ops/check', undefined);
    return 'It runs; what it finds is shown here.';
  },
};

function tile(asked: Asking<Listed<unknown>>, path: string, says: string): TemplateResult {
  return html`
    <div class="card">
      ${asked.view(({ items, nextCursor }) => {
        const count = `${items.length}${nextCursor === null ? '' : '+'}`;
        const tone = items.length === 0 ? 'good' : 'bad';
        return html`<a class="count ${tone}" href=${path}><strong>${count}</strong> ${says}</a>`;
      })}
    </div>
  `;
}

function lagTable(lags: readonly ServiceLag[]): TemplateResult {
  return html`
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col" class="number">Records behind</th>
            <th scope="col">Furthest behind</th>
          </tr>
        </thead>
        <tbody>
          ${lags.map(
            ({ service, lag, worst }) => html`
              <tr class=${lag >= lagWorrying ? 'behind' : ''}>
                <th scope="row">${service}</th>
                <td class="number">${lag}${lag >= lagWorrying ? html` <span class="badge bad">far behind</span>` : undefined}</td>
                <td>${worst === undefined ? 'nowhere' : `${worst.topic}, partition ${worst.partition}: ${worst.lag}`}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function topicTable(topics: readonly Topic[]): TemplateResult {
  return html`
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col" class="number">Records</th>
            <th scope="col" class="number">Partitions</th>
            <th scope="col">Kept</th>
            <th scope="col">Written by</th>
            <th scope="col">What it carries</th>
          </tr>
        </thead>
        <tbody>
          ${topics.map(
            ({ topic, records, partitions, retention, owner, says }) => html`
              <tr>
                <th scope="row">${topic}</th>
                <td class="number">${records}</td>
                <td class="number">${partitions}</td>
                <td>${retention}</td>
                <td>${owner}</td>
                <td class="says">${says}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function unanswered(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `No answer within ${answerWithinMs / 1_000} seconds.`;
  return messageOf(error);
}

/** Where the server answers and cannot say this, it is the log that does not. */
function logUnanswered(error: unknown): string {
  const isServer = error instanceof Problem && error.status >= 500;
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  if (!isServer && !isLate) return messageOf(error);
  return `The log (Kafka) does not answer, so this is not known. Bookings are still accepted; they go on when it is back. ${unanswered(error)}`;
}
