import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerEntry, SandboxLedger } from './sandbox-ledger.ts';
import { createWebhookSignature, type SandboxReport } from './webhooks.ts';

/** Where webhooks go and how they are signed. */
export interface WebhookTarget {
  /** Asked when one is sent: the address is known once the server listens. */
  readonly url: () => string | undefined;
  readonly secret: string;
}

/** Time for an answer that is just being given before a webhook says the same. */
const graceMs = 250;
const triesMax = 6;
const firstPauseMs = 500;
const answerWithinMs = 5_000;
const openAtStartMax = 10_000;

export interface WebhookSender {
  start(): Promise<void>;
  /** Sends a webhook once the outcome is there, unless the call was answered. */
  plan(entry: LedgerEntry): void;
  /** The caller has the outcome: no webhook. */
  answered(entry: LedgerEntry): void;
  stop(): Promise<void>;
}

/** Tells outcomes that came after their call was given up; a bounded number of times each, then look-ups find them. */
export function createWebhookSender(ledger: SandboxLedger, target: WebhookTarget | undefined): WebhookSender {
  const secret = target?.secret ?? '';
  const signature = secret === '' ? undefined : createWebhookSignature(secret);
  const timers = new Map<string, NodeJS.Timeout>();
  const done = new Set<string>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  const run = (work: Promise<void>) => {
    // A webhook that cannot be sent or closed stays open in the ledger: the next start finds it.
    const settled = work.catch(() => undefined).finally(() => running.delete(settled));
    running.add(settled);
  };

  const send = async (entry: LedgerEntry): Promise<void> => {
    const url = target?.url();
    if (url === undefined || signature === undefined) return;
    const body = JSON.stringify(reportOf(entry));
    for (let tries = 1, pauseMs = firstPauseMs; tries <= triesMax; tries += 1, pauseMs *= 2) {
      const headers = signature.sign(`evt_${entry.entryId}`, Date.now(), body);
      if (await delivered(url, headers, body, stopping.signal)) return ledger.closeWebhooks([entry.key]);
      await delay(pauseMs, undefined, { signal: stopping.signal, ref: false });
    }
  };

  const plan = (entry: LedgerEntry): void => {
    if (timers.has(entry.key) || done.has(entry.key) || stopping.signal.aborted) return;
    const fire = () => {
      timers.delete(entry.key);
      run(send(entry));
    };
    timers.set(entry.key, setTimeout(fire, Math.max(0, entry.dueAt - Date.now()) + graceMs).unref());
  };

  return {
    plan,
    async start() {
      for (const entry of await ledger.openWebhooks(openAtStartMax)) plan(entry);
    },
    answered(entry) {
      clearTimeout(timers.get(entry.key));
      timers.delete(entry.key);
      // Calls that joined the same charge end one after the other: remembered until they are through.
      done.add(entry.key);
      setTimeout(() => done.delete(entry.key), graceMs).unref();
      run(ledger.closeWebhooks([entry.key]));
    },
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      await Promise.all(running);
    },
  };
}

async function delivered(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  stopping: AbortSignal,
): Promise<boolean> {
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)]);
    const response = await fetch(url, { method: 'POST', headers: { ...headers }, body, signal, redirect: 'error' });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Not reached or not answered: tried again.
    return false;
  }
}

function reportOf(entry: LedgerEntry): SandboxReport {
  const timestamp = new Date(entry.dueAt).toISOString();
  const paymentId = entry.key;
  if (entry.outcome === 'succeeded') {
    return { type: 'charge.succeeded', timestamp, data: { paymentId, reference: entry.entryId, amount: entry.amount } };
  }
  const error = { code: entry.errorCode ?? 'declined', message: 'The charge was declined.' };
  return { type: 'charge.declined', timestamp, data: { paymentId, error } };
}
