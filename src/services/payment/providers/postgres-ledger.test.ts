import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { newId } from '../../../contracts/ids.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../runtime/embedded/postgres.ts';
import { openPostgresLedger } from './postgres-ledger.ts';
import { providerContract } from './provider.contract.ts';
import { createSandboxProvider } from './sandbox.ts';
import { createMemoryLedger, type LedgerEntry, type SandboxLedger } from './sandbox-ledger.ts';

const amount = { amount: 2_650, currency: 'EUR' };
const entry = (more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  entryId: newId('request'),
  key: newId('payment'),
  type: 'charge',
  bookingId: newId('booking'),
  amount,
  outcome: 'succeeded',
  errorCode: undefined,
  chargeKey: undefined,
  createdAt: 1_000,
  dueAt: 1_000,
  webhook: 'none',
  ...more,
});

/** What every ledger must do; each test uses keys of its own, so that books may be shared. */
function ledgerContract(name: string, open: () => Promise<SandboxLedger>): void {
  describe(`${name} as the sandbox's ledger`, () => {
    test('keeps one entry for a key, the first, also when they come together', async () => {
      const ledger = await open();
      const first = entry();
      const second = { ...entry(), key: first.key };
      assert.deepEqual(await ledger.enter([first]), [first]);
      assert.deepEqual(await ledger.enter([second, entry()]).then(([found]) => found), first);
      const [one, other] = await ledger.enter([entry({ key: 'twins' }), entry({ key: 'twins' })]);
      assert.deepEqual(one, other);
    });
    test('finds what was entered, and nothing else', async () => {
      const ledger = await open();
      const declined = entry({ outcome: 'declined', errorCode: 'card_declined' });
      await ledger.enter([declined]);
      assert.deepEqual(await ledger.find(declined.key), declined);
      assert.equal(await ledger.find(newId('payment')), undefined);
    });
    test('adds up what was given back of a charge', async () => {
      const ledger = await open();
      const chargeKey = newId('payment');
      const refund = { type: 'refund', chargeKey } as const;
      await ledger.enter([entry(refund), entry(refund), entry({ ...refund, outcome: 'declined' })]);
      assert.equal(await ledger.refundedOf(chargeKey), 2 * amount.amount);
      assert.equal(await ledger.refundedOf(newId('payment')), 0);
    });
    test('names who has yet to be told, until that is closed', async () => {
      const ledger = await open();
      const waiting = entry({ webhook: 'open' });
      await ledger.enter([waiting]);
      const keys = async () => (await ledger.openWebhooks(1_000)).map((each) => each.key);
      assert.ok((await keys()).includes(waiting.key));
      await ledger.closeWebhooks([waiting.key]);
      assert.ok(!(await keys()).includes(waiting.key));
    });
    test('lists money that has moved, latest first, page by page', async () => {
      const ledger = await open();
      const entries = [entry(), entry(), entry({ dueAt: 9_000 }), entry({ outcome: 'declined' })];
      await ledger.enter(entries);
      const [latest] = await ledger.moved({ now: 1_000, limit: 1 });
      const [next] = await ledger.moved({ now: 1_000, limit: 1, before: latest?.entryId });
      assert.deepEqual([latest?.entryId, next?.entryId], [entries[1]?.entryId, entries[0]?.entryId]);
      const bookingId = entries[0]?.bookingId;
      const ofBooking = await ledger.moved({ now: 1_000, limit: 10, bookingId });
      assert.deepEqual(new Set(ofBooking.map((each) => each.bookingId)), new Set([bookingId]));
      assert.deepEqual(await ledger.moved({ now: 1_000, limit: 10, bookingId: 'bkg_of_nobody' }), []);
    });
  });
}

describe('in PostgreSQL', () => {
  let directory: string;
  let postgres: EmbeddedPostgres;
  let ledger: SandboxLedger;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fullhouse-ledger-'));
    postgres = await startEmbeddedPostgres(join(directory, 'postgres'));
    // Two instances that start together make one table.
    [ledger] = await Promise.all([openPostgresLedger(postgres.url('postgres')), open().then((other) => other.close())]);
  });
  after(async () => {
    await ledger.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const open = () => openPostgresLedger(postgres.url('postgres'));

  ledgerContract('PostgreSQL', async () => ledger);
  providerContract('the sandbox over PostgreSQL', async () => ({
    provider: createSandboxProvider({ ledger }),
    tokens: { succeeds: 'tok_visa', declines: 'tok_declined', answersNever: 'tok_lost' },
  }));
});

ledgerContract('memory', async () => createMemoryLedger());
