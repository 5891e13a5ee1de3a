import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type StripeBooks, type StripeIntent, StripeRefusal } from './stripe-books.ts';

/**
 * A stand-in for Stripe's library in the browser, over the books of the stand-in for its API: an input for the name of a test card
 * where Stripe shows a frame, and a bank that confirms at once or wants to be asked.
 */
export interface StripeJs {
  /** Where the library is loaded from. */
  readonly script: string;
  stop(): Promise<void>;
}

const library = `
const ask = async (path, question) => {
  const url = new URL(path, document.querySelector('script[src$="/v3/"]').src);
  return (await fetch(url, { method: 'POST', body: JSON.stringify(question) })).json();
};
window.Stripe = (publishableKey) => ({
  retrievePaymentIntent: (clientSecret) => ask('/retrieve', { publishableKey, clientSecret }),
  elements: ({ clientSecret }) => ({
    clientSecret,
    create: () => ({
      async mount(place) {
        const { paymentIntent } = await ask('/retrieve', { publishableKey, clientSecret });
        // Where there is nothing to enter any more, Stripe's own shows nothing either.
        if (paymentIntent?.status !== 'requires_payment_method') return;
        const label = document.createElement('label');
        label.textContent = 'Test card ';
        label.append(document.createElement('input'));
        place.replaceChildren(label);
        this.place = place;
        window.stripePlace = place;
      },
    }),
  }),
  async confirmPayment({ elements }) {
    const card = window.stripePlace.querySelector('input').value;
    return ask('/confirm', { publishableKey, clientSecret: elements.clientSecret, card });
  },
});
`;

export async function startStripeJs(books: StripeBooks): Promise<StripeJs> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    if (request.url === '/v3/') response.setHeader('content-type', 'text/javascript').end(library);
    else void answer(books, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    script: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Question {
  readonly clientSecret: string;
  /** Left out by whoever only wants to know. */
  readonly card?: string;
}

async function answer(books: StripeBooks, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { clientSecret, card } = (await json(request)) as Question;
  const intent = [...books.intents.values()].find((each) => each.client_secret === clientSecret);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answerTo(books, intent, card)));
}

function answerTo(books: StripeBooks, intent: StripeIntent | undefined, card: string | undefined): object {
  if (intent === undefined) return { error: { code: 'resource_missing', message: 'No such payment.' } };
  if (card === undefined) return { paymentIntent: { id: intent.id, status: intent.status } };
  try {
    const confirmed = books.confirm(intent.id, { payment_method: card });
    // The bank asks its customer, who says yes.
    if (confirmed.status === 'requires_action') books.authorise(confirmed);
    return { paymentIntent: { id: confirmed.id, status: confirmed.status } };
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    return { error: { ...error.body, message: 'Your card was declined.' } };
  }
}
