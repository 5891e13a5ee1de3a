import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { newPassCertificates, opensslOrSkip, type PassCertificates } from '../../../../tests/support/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../../tests/support/directory.ts';
import { waitingMax } from './apple-signing.ts';
import { createAppleWallet } from './apple-wallet.ts';
import type { Pass } from './pass.ts';

const [passTypeId, teamId] = ['pass.example.tickets', 'A1B2C3D4E5'];
const pass = (ticketId: string): Pass => ({
  ...{ ticketId, showId: 'shw_1', issue: 1, code: 'F1x', movieName: 'Metropolis', theatreName: 'Astor' },
  ...{ theatreLocation: 'Berlin', screenNumber: 3, place: 'row A, seat 3', priceCategory: 'standard' },
  ...{ startsAt: '2026-11-21T20:15:00+01:00', expiresAt: '2026-11-21T23:48:00Z', bookedUnder: 'Ada' },
});

if (await opensslOrSkip('passes for Apple Wallet')) {
  describe('passes for Apple Wallet', () => {
    let directory: TemporaryDirectory;
    let certificates: PassCertificates;

    before(async () => {
      directory = await temporaryDirectory();
      certificates = await newPassCertificates(directory.path, { passTypeId, teamId });
    });
    after(() => directory.remove());
    const newWallet = (more: Partial<PassCertificates> = {}) =>
      createAppleWallet({ passTypeId, teamId, ...certificates, ...more });

    it('are signed beside everything else, once for all who ask for the same', async () => {
      const wallet = newWallet();
      const signed: string[] = [];
      const asked = ['tkt_1', 'tkt_1', 'tkt_2'].map(async (ticketId) => {
        const file = await wallet.pass(pass(ticketId));
        signed.push(ticketId);
        return file;
      });
      await turn();
      assert.deepEqual(signed, []);
      const [one, same, other] = await Promise.all(asked);
      assert.equal(one, same);
      assert.notDeepEqual(one, other);
      assert.equal(one?.subarray(0, 2).toString(), 'PK');
    });

    it('are refused to whoever would wait for long, and made for those who came before', async () => {
      const wallet = newWallet();
      const asked = Array.from({ length: waitingMax }, (_, at) => wallet.pass(pass(`tkt_${at}`)));
      await assert.rejects(wallet.pass(pass('tkt_more')), { code: 'overloaded' });
      assert.equal((await Promise.all(asked)).length, waitingMax);
      assert.ok(await wallet.pass(pass('tkt_more')));
    });

    it('that cannot be signed are no reason to refuse others, and nothing of the key is told', async () => {
      const { key } = await newPassCertificates(directory.path, { passTypeId, teamId });
      const wallet = newWallet({ key: key.replace(/[A-Za-z]/g, 'A') });
      const told = (error: Error) => /^a pass for Apple Wallet could not be signed/.test(error.message);
      await assert.rejects(
        wallet.pass(pass('tkt_1')),
        (error: Error) => told(error) && !error.message.includes('AAAA'),
      );
      await assert.rejects(wallet.pass(pass('tkt_1')), told);
    });
  });
}
