import { html } from 'lit-html';
import { post } from '../kit/api.ts';
import { newKey } from '../kit/keys.ts';
import { problemBox } from '../kit/page.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import type { CardForm } from './cards.ts';

/**
 * Cards by Stripe's own library: the card is entered in a frame of Stripe's, its bank asks for a confirmation where it wants one, and what
 * comes of it is an authorised PaymentIntent, which the payment captures.
 */
interface Stripe {
  retrievePaymentIntent(clientSecret: string): Promise<{ readonly paymentIntent?: { readonly status: string } }>;
  elements(options: { readonly clientSecret: string }): Elements;
  confirmPayment(options: {
    readonly elements: Elements;
    readonly confirmParams: { readonly return_url: string };
    readonly redirect: 'if_required';
  }): Promise<{ readonly error?: { readonly code?: string; readonly message?: string } }>;
}

interface Elements {
  create(kind: 'payment'): { mount(place: HTMLElement): void };
}

interface Begun {
  readonly publishableKey: string;
  readonly paymentIntent: string;
  readonly clientSecret: string;
}

interface Ready {
  readonly paymentIntent: string;
  /** Missing where the payment was authorised before an answer was lost: Stripe shows no form for one. */
  readonly form?: { readonly stripe: Stripe; readonly elements: Elements };
}

declare global {
  var Stripe: ((publishableKey: string) => Stripe) | undefined;
}

/** Begins a payment of a booking; `redraw` is called when there is something new to show. */
export function stripeCardForm(script: string, bookingPath: string, redraw: () => void): CardForm {
  const place = document.createElement('div');
  let ready: Ready | undefined;
  let problem: string | undefined;

  async function begin(): Promise<void> {
    try {
      const [library, begun] = await Promise.all([
        loaded(script),
        post<Begun>(`${bookingPath}/payment-intents`, undefined, { key: newKey() }),
      ]);
      const { publishableKey, clientSecret, paymentIntent } = begun;
      const stripe = library(publishableKey);
      const { paymentIntent: now } = await stripe.retrievePaymentIntent(clientSecret);
      if (now?.status === 'requires_capture') ready = { paymentIntent };
      else {
        const elements = stripe.elements({ clientSecret });
        elements.create('payment').mount(place);
        ready = { paymentIntent, form: { stripe, elements } };
      }
    } catch (error) {
      problem = messageOf(error);
    }
    redraw();
  }

  const isAuthorised = () => ready !== undefined && ready.form === undefined;

  void begin();
  return {
    view: () =>
      html`${place}${isAuthorised() ? html`<p class="note">Your bank has said yes to this payment already. It is not made yet.</p>` : undefined}${ready === undefined && problem === undefined ? html`<p class="quiet">Loading …</p>` : undefined}${problemBox(problem)}`,
    async token() {
      if (ready === undefined)
        throw new Problem(409, { code: 'not_ready', detail: problem ?? 'The card form is not ready yet.' });
      const { form, paymentIntent } = ready;
      if (form === undefined) return paymentIntent;
      const { elements, stripe } = form;
      const confirmParams = { return_url: location.href };
      const { error } = await stripe.confirmPayment({ elements, confirmParams, redirect: 'if_required' });
      // What was authorised since, such as in another tab, is paid with.
      if (error !== undefined && error.code !== 'payment_intent_unexpected_state') {
        throw new Problem(402, { code: error.code ?? 'card_error', detail: error.message ?? 'The card was declined.' });
      }
      return paymentIntent;
    },
  };
}

let loading: Promise<NonNullable<typeof globalThis.Stripe>> | undefined;

/** Loads the library once; again after a failure. */
function loaded(script: string): Promise<NonNullable<typeof globalThis.Stripe>> {
  loading ??= new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.src = script;
    const failed = () => {
      loading = undefined;
      element.remove();
      reject(
        new Problem(0, { code: 'unreachable', detail: 'The card form could not be loaded. Load the page again.' }),
      );
    };
    element.addEventListener('error', failed);
    element.addEventListener('load', () => (globalThis.Stripe === undefined ? failed() : resolve(globalThis.Stripe)));
    document.head.append(element);
  });
  return loading;
}
