/**
 * A payment provider to develop and test against, in the process but on its own feet: it knows nothing but its ledger,
 * and what the ledger says was charged was charged, whoever crashed in between.
 *
 * A charge is entered with its outcome and the time at which the outcome is there. Entering is the moment of truth: the
 * same key finds the same entry. A slow charge is `pending` until its time; whoever waits for it may stop waiting, and
 * is then told by a webhook. `tok_lost` is entered like any other and never answered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { newUuid } from '../../../contracts/ids.ts';
import { createBatcher } from '../../../runtime/batcher.ts';
import {
  type ChargeOutcome,
  type ChargeRequest,
  type PaymentProvider,
  ProviderUnavailable,
  type RefundOutcome,
  type RefundRequest,
} from './provider.ts';
import type { LedgerEntry, SandboxLedger } from './sandbox-ledger.ts';
import { declineMessage, sandboxToken, type TokenBehaviour } from './sandbox-tokens.ts';
import { createWebhookSender, type WebhookTarget } from './sandbox-webhooks.ts';
import { sandboxWebhooks } from './webhooks.ts';

export { sandboxTokens } from './sandbox-tokens.ts';

/** Its answers come at once, or from `tok_slow_N` and `tok_lost`: these are asked about again. */
const answerWithinMs = 1_400;
/** Charges that share one insert, and those that may wait for theirs. */
const entriesPerInsertMax = 1_000;
const entriesQueuedMax = 50_000;
/** Keys whose failed tries are remembered. */
const failingKeysMax = 10_000;

export interface SandboxProvider extends PaymentProvider {
  readonly ledger: SandboxLedger;
  /** Takes up the webhooks that an earlier process left open. */
  start(): Promise<void>;
  /** Stops waiting and sending; what is open stays in the ledger. */
  stop(): Promise<void>;
}

export interface SandboxOptions {
  readonly ledger: SandboxLedger;
  /** Where to send webhooks, asked when one is sent; without it none are. */
  readonly webhook?: WebhookTarget | undefined;
}

/** The sandbox provider over its ledger. */
export function createSandboxProvider({ ledger, webhook }: SandboxOptions): SandboxProvider {
  const entering = createBatcher<LedgerEntry, LedgerEntry>({
    itemsMax: entriesPerInsertMax,
    queuedMax: entriesQueuedMax,
    run: (entries) => ledger.enter(entries),
  });
  const webhooks = createWebhookSender(ledger, webhook);
  const stopping = new AbortController();
  const failures = createFailures();

  return {
    name: 'sandbox',
    answerWithinMs,
    webhooks: sandboxWebhooks(webhook?.secret ?? ''),
    ledger,
    async charge(request, signal) {
      const behaviour = sandboxToken(request.token);
      if (behaviour?.does === 'fail first' && failures.failsAgain(request.key, behaviour.times)) {
        throw new ProviderUnavailable('the provider answered 500');
      }
      const entry = await entering.add(chargeEntry(request, behaviour, Date.now()));
      if (behaviour?.does === 'charge silently') await never(AbortSignal.any([signal, stopping.signal]));
      if (entry.webhook === 'open') {
        webhooks.plan(entry);
        await until(entry.dueAt, AbortSignal.any([signal, stopping.signal]));
        webhooks.answered(entry);
      }
      return chargeOutcome(entry);
    },
    async refund(request, signal) {
      signal.throwIfAborted();
      return refundOutcome(await entering.add(await refundEntry(request, ledger, Date.now())));
    },
    async lookup({ key }, signal) {
      signal.throwIfAborted();
      const entry = await ledger.find(key);
      if (entry === undefined) return { outcome: 'none' };
      return entry.dueAt > Date.now() ? { outcome: 'pending' } : chargeOutcome(entry);
    },
    // Nothing is authorised with it in a browser.
    release: async () => 'nothing',
    // It calls nothing by another name, and disputes nothing.
    chargeNamed: async () => undefined,
    start: () => webhooks.start(),
    async stop() {
      stopping.abort();
      await webhooks.stop();
      await entering.idle();
    },
  };
}

function newEntry(now: number): Pick<LedgerEntry, 'entryId' | 'createdAt' | 'dueAt' | 'webhook'> {
  return { entryId: `led_${newUuid()}`, createdAt: now, dueAt: now, webhook: 'none' };
}

function chargeEntry(request: ChargeRequest, behaviour: TokenBehaviour | undefined, now: number): LedgerEntry {
  const { key, bookingId, amount } = request;
  const errorCode =
    behaviour === undefined ? 'invalid_token' : behaviour.does === 'decline' ? behaviour.code : undefined;
  const entry: LedgerEntry = {
    ...newEntry(now),
    key,
    type: 'charge',
    bookingId,
    amount,
    outcome: errorCode === undefined ? 'succeeded' : 'declined',
    errorCode,
    chargeKey: undefined,
  };
  if (behaviour?.does !== 'succeedAfter') return entry;
  return { ...entry, dueAt: now + behaviour.ms, webhook: 'open' };
}

async function refundEntry(request: RefundRequest, ledger: SandboxLedger, now: number): Promise<LedgerEntry> {
  const { key, chargeKey, bookingId, amount } = request;
  const charge = await ledger.find(chargeKey);
  const captured = charge !== undefined && charge.outcome === 'succeeded' && charge.dueAt <= now;
  const left = captured ? charge.amount.amount - (await ledger.refundedOf(chargeKey)) : 0;
  const tooMuch = captured && (amount.currency !== charge.amount.currency || amount.amount > left);
  const errorCode = captured ? (tooMuch ? 'amount_exceeds_charge' : undefined) : 'charge_not_captured';
  return {
    ...newEntry(now),
    key,
    type: 'refund',
    bookingId,
    amount,
    outcome: errorCode === undefined ? 'succeeded' : 'declined',
    errorCode,
    chargeKey,
  };
}

function chargeOutcome(entry: LedgerEntry): ChargeOutcome {
  const refused = refundOutcome(entry);
  return refused.outcome === 'succeeded' ? { ...refused, amount: entry.amount } : refused;
}

function refundOutcome(entry: LedgerEntry): RefundOutcome {
  if (entry.outcome === 'succeeded') return { outcome: 'succeeded', reference: entry.entryId };
  const code = entry.errorCode ?? 'declined';
  return { outcome: 'declined', error: { code, message: declineMessage(code) } };
}

async function until(dueAt: number, signal: AbortSignal): Promise<void> {
  const ms = dueAt - Date.now();
  if (ms > 0) await delay(ms, undefined, { signal, ref: false });
}

/** Waits for the caller to give up. */
async function never(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new ProviderUnavailable('the provider did not answer');
}

/** Counts how often each key has failed; the oldest keys are forgotten first. */
function createFailures() {
  const failed = new Map<string, number>();
  return {
    failsAgain(key: string, times: number): boolean {
      const before = failed.get(key) ?? 0;
      if (before >= times) return false;
      failed.set(key, before + 1);
      for (const oldest of failed.keys()) {
        if (failed.size <= failingKeysMax) break;
        failed.delete(oldest);
      }
      return true;
    },
  };
}
