import type { ServiceName } from '../contracts/topics.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { Log } from '../runtime/log/log.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Channel, Channels, Mailer } from '../services/notification/channels/channel.ts';
import { createInbox } from '../services/notification/channels/inbox.ts';
import { createMailer, noMailer } from '../services/notification/channels/mailer.ts';
import { createSmtpChannel } from '../services/notification/channels/smtp.ts';
import { createTwilioChannel } from '../services/notification/channels/twilio.ts';
import { openPostgresLedger } from '../services/payment/providers/postgres-ledger.ts';
import { createSandboxProvider, sandboxTokens } from '../services/payment/providers/sandbox.ts';
import { stripeTokens } from '../services/payment/providers/stripe-tokens.ts';
import { createTicketCodes } from '../services/ticket/code.ts';
import { type Wallets, walletsPart } from '../services/ticket/wallet/wallets.ts';
import { createMessageFeed, messageFeedPart } from '../services/user/message-feed.ts';
import { stripeAccountOf } from './provider-books.ts';
import { appleAccountOf, googleAccountOf } from './wallet-accounts.ts';

/** What services ask for by name: providers, channels, keys. The same in both modes. */
export interface Parts {
  readonly byName: Readonly<Record<string, unknown>>;
  /** Once the services run. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface PartsOptions {
  /** The services that run here. */
  readonly services: readonly ServiceName[];
  readonly configuration: Configuration;
  readonly log: Log;
  readonly logger: Logger;
  /** Connection URL of a database by its service's or its own name. */
  readonly urlOf: (database: string) => string;
  /** Where the sandbox provider reports to; asked when it does. */
  readonly webhookUrl: () => string | undefined;
  /** Where people find the pages; `undefined` where nobody has said. */
  readonly pagesUrl: () => string | undefined;
}

/** Makes the parts that the named services need, and no others. */
export async function wireParts(options: PartsOptions): Promise<Parts> {
  const runs = (service: ServiceName) => options.services.includes(service);
  const channels = runs('notification') || runs('user') ? channelsOf(options) : undefined;
  const all = [
    ...(channels === undefined ? [] : [channels]),
    ...(channels === undefined && !runs('ticket') ? [] : [pagesOf(options)]),
    ...(runs('payment') ? [await providerOf(options)] : []),
    ...(runs('user') ? [messagesOf(options), await cardsOf(options)] : []),
    ...(runs('ticket') ? [ticketCodesOf(options), await walletsOf(options)] : []),
  ];
  return {
    byName: Object.assign({}, ...all.map((each) => each.byName)) as Readonly<Record<string, unknown>>,
    start: async () => {
      for (const each of all) await each.start();
    },
    stop: async () => {
      for (const each of all.toReversed()) await each.stop();
    },
  };
}

const nothing = async (): Promise<void> => undefined;

/**
 * E-mail goes by SMTP where a server is named, SMS by Twilio where an account is; what has no way out is put in the inbox, which
 * is in the notification service's database. A process that has neither sends nothing.
 */
function channelsOf({ services, configuration, logger, urlOf }: PartsOptions): Parts {
  const { SMTP_URL: url, MAIL_FROM: from } = configuration;
  const smtp = url === undefined ? undefined : createSmtpChannel({ url, from });
  const twilio = twilioOf(configuration);
  const inbox = services.includes('notification') ? createInbox(urlOf('notification')) : undefined;
  const channels: Channels = {
    ...inbox?.channels,
    ...(smtp === undefined ? {} : { email: smtp }),
    ...(twilio === undefined ? {} : { sms: twilio }),
  };
  const mailer: Mailer = channels.email === undefined ? noMailer : createMailer(channels.email);
  const without = inbox === undefined ? 'none' : 'inbox';
  const email = smtp === undefined ? without : 'smtp';
  const sms = twilio === undefined ? without : 'twilio';
  logger.info(
    { email, sms },
    'messages go this way; SMTP_URL names a mail server, TWILIO_ACCOUNT_SID an account for SMS',
  );
  return {
    byName: { channels, mailer },
    start: nothing,
    stop: async () => {
      smtp?.close();
      await inbox?.close();
    },
  };
}

function twilioOf(configuration: Configuration): Channel | undefined {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = configuration;
  if (accountSid === undefined || authToken === undefined || from === undefined) return undefined;
  return createTwilioChannel({ accountSid, authToken, from, apiUrl: configuration.TWILIO_API_URL });
}

/** So that what is written to people, and what they pass on, leads to the pages. */
function pagesOf({ pagesUrl }: PartsOptions): Parts {
  return { byName: { 'pages-url': pagesUrl }, start: nothing, stop: nothing };
}

async function providerOf(options: PartsOptions): Promise<Parts> {
  return options.configuration.PAYMENT_PROVIDER === 'stripe' ? stripeOf(options) : sandboxOf(options);
}

async function stripeOf({ configuration, logger }: PartsOptions): Promise<Parts> {
  const { STRIPE_WEBHOOK_SECRET: webhookSecrets = [], STRIPE_API_URL: apiUrl = 'https://api.stripe.com' } =
    configuration;
  // Its library is large: whoever does not use it does not load it.
  const { createStripeProvider } = await import('../services/payment/providers/stripe.ts');
  const provider = createStripeProvider({ ...stripeAccountOf(configuration), webhookSecrets });
  logger.info({ apiUrl }, 'cards are charged by Stripe');
  return { byName: { 'payment-provider': provider }, start: nothing, stop: nothing };
}

async function sandboxOf({ configuration, urlOf, webhookUrl }: PartsOptions): Promise<Parts> {
  const ledger = await openPostgresLedger(urlOf('sandbox_provider'));
  const webhook = { url: webhookUrl, secret: configuration.SANDBOX_WEBHOOK_SECRET ?? '' };
  const provider = createSandboxProvider({ ledger, webhook });
  return {
    byName: { 'payment-provider': provider },
    start: () => provider.start(),
    stop: async () => {
      await provider.stop();
      await ledger.close();
    },
  };
}

function messagesOf({ log, logger }: PartsOptions): Parts {
  const messages = createMessageFeed(logger);
  return {
    byName: { [messageFeedPart]: messages },
    start: () => messages.start(log),
    stop: () => messages.stop(),
  };
}

/** What the provider takes for a card, and how one is authorised in the browser, where that is set up. */
async function cardsOf({ configuration }: PartsOptions): Promise<Parts> {
  const { PAYMENT_PROVIDER: provider, STRIPE_PUBLISHABLE_KEY: publishableKey } = configuration;
  const isBrowserTold = provider === 'stripe' && publishableKey !== undefined;
  const authorisations = isBrowserTold
    ? (await import('../services/payment/providers/stripe-authorisations.ts')).createStripeAuthorisations({
        ...{ ...stripeAccountOf(configuration), publishableKey },
      })
    : undefined;
  return {
    byName: {
      'card-tokens': provider === 'stripe' ? stripeTokens : sandboxTokens,
      'card-authorisations': authorisations,
    },
    start: nothing,
    stop: nothing,
  };
}

/** The wallets that are set up. Their libraries are large: whoever does not use them does not load them. */
async function walletsOf({ configuration, logger }: PartsOptions): Promise<Parts> {
  const [appleAccount, googleAccount] = [appleAccountOf(configuration), googleAccountOf(configuration)];
  const wallets: Wallets = {
    apple: appleAccount && (await import('../services/ticket/wallet/apple-wallet.ts')).createAppleWallet(appleAccount),
    google:
      googleAccount && (await import('../services/ticket/wallet/google-wallet.ts')).createGoogleWallet(googleAccount),
  };
  const { apple } = wallets;
  if (apple !== undefined) {
    const isOver = apple.validTo.getTime() <= Date.now();
    const validTo = apple.validTo.toISOString();
    if (isOver) logger.warn({ validTo }, 'WALLET_CERTIFICATE is over: no passes for Apple Wallet are offered');
    else logger.info({ validTo }, 'tickets can be saved to Apple Wallet');
  }
  if (wallets.google !== undefined) logger.info('tickets can be saved to Google Wallet');
  return { byName: { [walletsPart]: wallets }, start: nothing, stop: nothing };
}

function ticketCodesOf({ configuration }: PartsOptions): Parts {
  const codes = createTicketCodes(configuration.TICKET_SIGNING_KEY ?? '');
  return { byName: { 'ticket-codes': codes }, start: nothing, stop: nothing };
}
