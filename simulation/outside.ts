import type { Channel, Channels, Delivery, Outgoing } from '../src/services/notification/channels/channel.ts';
import { type PaymentProvider, ProviderUnavailable } from '../src/services/payment/providers/provider.ts';
import type { SandboxProvider } from '../src/services/payment/providers/sandbox.ts';
import { type SimulatedProcess, sleep } from './process.ts';

/** The world outside: a provider that answers late or never, and channels of which one knows no delivery keys. */

/** The payment provider as one process reaches it. What it has done it has done, whatever becomes of the answer. */
export function unreliableProvider(sandbox: SandboxProvider, process: SimulatedProcess): PaymentProvider {
  const { faults, trace } = process.world;

  const call = async <Outcome>(what: string, signal: AbortSignal, ask: () => Promise<Outcome>): Promise<Outcome> => {
    await process.pass();
    await process.mayCrash('crash before an effect');
    if (faults.strikes('provider never hears', process.name)) return lost(signal);
    trace.mix(`${process.name} ${what}`);
    trace.tell(process.name, () => `asks the provider: ${what}`);
    const outcome = await ask();
    trace.mix(`${process.name} ${what}: ${JSON.stringify(outcome)}`);
    await process.mayCrash('crash after an effect');
    if (faults.strikes('provider loses the answer', process.name)) return lost(signal);
    if (faults.strikes('provider answers late', process.name)) await process.waitBetween(500, 10_000);
    else await process.pass();
    signal.throwIfAborted();
    return outcome;
  };

  return {
    name: sandbox.name,
    answerWithinMs: sandbox.answerWithinMs,
    webhooks: sandbox.webhooks,
    charge: (request, signal) =>
      call(`charge ${request.amount.amount} as ${request.key}`, signal, () => sandbox.charge(request, signal)),
    refund: (request, signal) =>
      call(`refund ${request.amount.amount} as ${request.key}`, signal, () => sandbox.refund(request, signal)),
    lookup: (request, signal) => call(`look up ${request.key}`, signal, () => sandbox.lookup(request, signal)),
    chargeNamed: (reference, signal) => sandbox.chargeNamed(reference, signal),
    release: (request, signal) =>
      call(`let go of ${request.bookingId}/${request.attempts}`, signal, () => sandbox.release(request, signal)),
  };
}

/** Nothing comes until the caller gives up. */
async function lost(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new ProviderUnavailable('the provider did not answer');
}

/** A message that has reached its customer. */
export interface Received extends Outgoing {
  readonly channel: 'email' | 'sms';
  /** Milliseconds since the run began. */
  readonly at: number;
}

/** Where customers receive messages. */
export class Inboxes {
  readonly received: Received[] = [];
  readonly #emails = new Set<string>();

  /** As one process reaches them: e-mail knows delivery keys, the SMS gateway does not. */
  reachedBy(process: SimulatedProcess): Channels {
    return { email: this.#channel('email', process), sms: this.#channel('sms', process) };
  }

  #channel(channel: Received['channel'], process: SimulatedProcess): Channel {
    const { faults } = process.world;
    return {
      idempotent: channel === 'email',
      send: async (message, signal): Promise<Delivery> => {
        await process.pass();
        await process.mayCrash('crash before an effect');
        if (faults.strikes('channel fails before', process.name)) throw new Error(`${channel} is down`);
        if (faults.strikes('channel refuses', process.name)) return { status: 'failed', error: 'not a valid address' };
        this.#receive(channel, message, process);
        await process.mayCrash('crash after an effect');
        if (faults.strikes('channel fails after', process.name)) throw new Error(`${channel} did not answer`);
        await process.pass();
        signal.throwIfAborted();
        return { status: 'delivered' };
      },
    };
  }

  #receive(channel: Received['channel'], message: Outgoing, process: SimulatedProcess): void {
    if (channel === 'email') {
      if (this.#emails.has(message.deliveryKey)) return;
      this.#emails.add(message.deliveryKey);
    }
    this.received.push({ ...message, channel, at: performance.now() });
    process.world.trace.mix(`${channel} ${message.deliveryKey}`);
    process.world.trace.tell('customer', () => `receives ${message.kind} by ${channel}`);
  }
}

/** Codes without the cost of a signature: what a ticket's code is worth is proved elsewhere. */
export const plainCodes = {
  sign: ({ ticketId, showId, issue }: { readonly ticketId: string; readonly showId: string; readonly issue: number }) =>
    `${ticketId} ${showId} ${issue}`,
  verify(code: string) {
    const [ticketId = '', showId = '', issue] = code.split(' ');
    return ticketId.startsWith('tkt_') ? { ticketId, showId, issue: Number(issue) } : undefined;
  },
};

/** What the provider's webhooks travel over: a network that loses, repeats and delays them. */
export function webhookNetwork(options: {
  readonly world: SimulatedProcess['world'];
  readonly process: SimulatedProcess;
  /** Hands a webhook in; the status of the answer, or nothing where nobody is there. */
  readonly deliver: (body: Buffer, headers: Readonly<Record<string, string>>) => Promise<number | undefined>;
}): typeof fetch {
  const { world, process, deliver } = options;
  const { faults } = world;
  return async (_url, init) => {
    const body = Buffer.from(String(init?.body));
    const headers = (init?.headers ?? {}) as Readonly<Record<string, string>>;
    await sleep(1);
    if (faults.strikes('webhook is lost', 'network')) throw new TypeError('fetch failed');
    if (faults.strikes('webhook comes late', 'network')) await process.waitBetween(100, 60_000);
    if (faults.strikes('webhook comes twice', 'network')) {
      void process.waitBetween(0, 30_000).then(() => deliver(body, headers));
    }
    const status = await deliver(body, headers);
    if (status === undefined) throw new TypeError('fetch failed');
    return new Response(null, { status });
  };
}
