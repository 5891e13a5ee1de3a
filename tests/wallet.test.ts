import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { jwtVerify } from 'jose';
import { readConfiguration } from '../src/runtime/configuration.ts';
import { newPassCertificates, opensslOrSkip, type PassCertificates } from './support/certificates.ts';
import { type Booking, type Client, visa } from './support/client.ts';
import { temporaryDirectory } from './support/directory.ts';
import { bookingOnce } from './support/operations.ts';
import type { Refused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

const run = promisify(execFile);
/** What each file of a ZIP archive begins with (APPNOTE 4.3.7). */
const localHeader = 0x04034b50;
const passTypeId = 'pass.example.tickets';
const teamId = 'A1B2C3D4E5';
const issuerId = '3388000000012345678';
const clientEmail = 'wallet@riverside.iam.gserviceaccount.com';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

interface Ticket {
  readonly ticketId: string;
  readonly status: string;
  readonly code?: string;
  readonly wallets?: readonly string[];
}

if (await opensslOrSkip('tickets in the wallets of phones')) {
  describe('a ticket in the wallet of a phone', () => {
    let directory: { readonly path: string; remove(): Promise<void> };
    let certificates: PassCertificates;
    let running: RunningApp;
    let ada: Client;
    let bob: Client;
    let venue: Venue;
    let showId: string;

    before(async () => {
      directory = await temporaryDirectory();
      certificates = await newPassCertificates(directory.path, { passTypeId, teamId });
      const account = { client_email: clientEmail, private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
      running = await runApp({
        WALLET_PASS_TYPE_ID: passTypeId,
        WALLET_TEAM_ID: teamId,
        WALLET_CERTIFICATE: certificates.certificate,
        WALLET_CERTIFICATE_KEY: certificates.key,
        WALLET_WWDR_CERTIFICATE: certificates.authority,
        GOOGLE_WALLET_ISSUER_ID: issuerId,
        GOOGLE_WALLET_SERVICE_ACCOUNT: JSON.stringify({ type: 'service_account', ...account }),
      });
      [ada, bob] = await Promise.all([running.anyone.register(), running.anyone.register()]);
      venue = await buildVenue(running.admin);
      showId = await openShow(running.admin, venue);
    });
    after(async () => {
      await running?.stop();
      await directory?.remove();
    });

    const ticketFor = async (seat: string): Promise<Ticket & { readonly bookingId: string }> => {
      const { body } = await ada.book({ showId, seats: [seat], payment: visa });
      const { bookingId, tickets } = await bookingOnce(
        ada,
        body.bookingId,
        (booking: Booking) => booking.tickets.length > 0,
      );
      return { bookingId, ...(await ada.get<Ticket>(`/v1/tickets/${tickets[0]}`)).body };
    };
    const fetchPass = (ticketId: string, { token }: Client) =>
      fetch(`${running.app.url}/v1/tickets/${ticketId}.pkpass`, { headers: { authorization: `Bearer ${token}` } });
    const linkFor = (ticketId: string, client: Client) =>
      client.get<{ readonly saveUrl: string } & Refused>(`/v1/tickets/${ticketId}/google-wallet`);

    /** The files of a pass, which are in its archive as they are (method 0), put into a folder. */
    async function opened(
      pass: ArrayBuffer,
    ): Promise<{ readonly folder: string; file(name: string): Promise<Buffer> }> {
      const folder = join(directory.path, randomUUID());
      await mkdir(folder);
      const archive = Buffer.from(pass);
      for (let at = 0; archive.readUInt32LE(at) === localHeader; ) {
        assert.equal(archive.readUInt16LE(at + 8), 0, 'the method');
        const [size, nameSize, extraSize] = [
          ...[archive.readUInt32LE(at + 18), archive.readUInt16LE(at + 26), archive.readUInt16LE(at + 28)],
        ] as [number, number, number];
        const begins = at + 30 + nameSize + extraSize;
        const name = archive.toString('utf8', at + 30, at + 30 + nameSize);
        await writeFile(join(folder, name), archive.subarray(begins, begins + size));
        at = begins + size;
      }
      return { folder, file: (name) => readFile(join(folder, name)) };
    }

    it('is a pass for Apple’s that says what the ticket says, with its code', async () => {
      const ticket = await ticketFor('S-A-1');
      assert.deepEqual(ticket.wallets, ['apple', 'google']);
      const answer = await fetchPass(ticket.ticketId, ada);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'application/vnd.apple.pkpass');
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
      const { file } = await opened(await answer.arrayBuffer());
      const pass = JSON.parse((await file('pass.json')).toString()) as Record<string, unknown> & {
        readonly barcodes: readonly object[];
        readonly relevantDate: string;
        readonly eventTicket: Readonly<Record<string, readonly { readonly key: string; readonly value: unknown }[]>>;
      };
      assert.equal(pass['passTypeIdentifier'], passTypeId);
      assert.equal(pass['teamIdentifier'], teamId);
      assert.equal(pass['serialNumber'], ticket.ticketId);
      assert.deepEqual(pass.barcodes, [
        { format: 'PKBarcodeFormatQR', message: ticket.code, messageEncoding: 'iso-8859-1' },
      ]);
      const fields = Object.values(pass.eventTicket).flat();
      const said = (key: string) => fields.find((field) => field.key === key)?.value;
      assert.deepEqual([said('movie'), said('place')], ['The Third Man', 'Stalls, row 1, seat 1']);
      const { body: show } = await ada.get<{ startsAt: string }>(`/v1/shows/${showId}`);
      const [starts, relevant] = [String(said('starts')), pass.relevantDate].map((text) => Date.parse(text));
      const toTheSecond = Math.floor(Date.parse(show.startsAt) / 60_000) * 60_000;
      assert.deepEqual([starts, relevant], [toTheSecond, toTheSecond]);
      assert.ok(Date.parse(String(pass['expirationDate'])) > toTheSecond);
    });

    it('is signed by the house, over all that is in it', async () => {
      const { ticketId } = await ticketFor('S-A-2');
      const { folder, file } = await opened(await (await fetchPass(ticketId, ada)).arrayBuffer());
      const manifest = JSON.parse((await file('manifest.json')).toString()) as Record<string, string>;
      assert.deepEqual(Object.keys(manifest).sort(), ['icon.png', 'icon@2x.png', 'icon@3x.png', 'pass.json']);
      for (const [name, hash] of Object.entries(manifest))
        assert.equal(
          createHash('sha1')
            .update(await file(name))
            .digest('hex'),
          hash,
          name,
        );
      const verified = (content: string) =>
        run('openssl', [
          ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', join(folder, 'signature'), '-content', content],
          ...['-CAfile', certificates.files.authority, '-purpose', 'any', '-out', '/dev/null'],
        ]);
      await verified(join(folder, 'manifest.json'));
      const altered = join(folder, 'altered.json');
      await writeFile(altered, (await file('manifest.json')).toString().replace(/[0-9a-f]{40}/, '0'.repeat(40)));
      await assert.rejects(verified(altered), /digest|verif/i);
    });

    it('is a link for Google’s with a signed token that has show and ticket in it', async () => {
      const ticket = await ticketFor('S-A-3');
      const { status, body } = await linkFor(ticket.ticketId, ada);
      assert.equal(status, 200);
      const saveAt = 'https://pay.google.com/gp/v/save/';
      assert.ok(body.saveUrl.startsWith(saveAt), body.saveUrl);
      const token = body.saveUrl.slice(saveAt.length);
      assert.ok(token.length <= 1_800, `${token.length} characters are too many for an address`);
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
        issuer: clientEmail,
        audience: 'google',
      });
      assert.equal(protectedHeader.alg, 'RS256');
      assert.equal(payload['typ'], 'savetowallet');
      const {
        eventTicketClasses: [event],
        eventTicketObjects: [object],
      } = payload['payload'] as {
        readonly eventTicketClasses: readonly [{ readonly id: string; readonly eventName: object }];
        readonly eventTicketObjects: readonly [
          {
            readonly id: string;
            readonly classId: string;
            readonly barcode: object;
            readonly seatInfo: { readonly seat: object };
          },
        ];
      };
      assert.equal(object.classId, event.id);
      for (const id of [event.id, object.id]) assert.match(id, new RegExp(`^${issuerId}\\.[\\w.-]+$`));
      assert.deepEqual(event.eventName, { defaultValue: { language: 'en', value: 'The Third Man' } });
      assert.deepEqual(object.seatInfo.seat, { defaultValue: { language: 'en', value: 'Stalls, row 1, seat 3' } });
      assert.deepEqual(object.barcode, { type: 'QR_CODE', value: ticket.code });
    });

    it('is for nobody but who may see its code', async () => {
      const { ticketId } = await ticketFor('S-A-4');
      assert.equal((await fetchPass(ticketId, bob)).status, 404);
      assert.equal((await linkFor(ticketId, bob)).status, 404);
      assert.equal((await fetch(`${running.app.url}/v1/tickets/${ticketId}.pkpass`)).status, 401);
      assert.equal((await fetchPass(`tkt_${randomUUID()}`, ada)).status, 404);
    });

    it('is for whoever was given the ticket, with a code of their own, and for nobody before them', async () => {
      const { ticketId, code } = await ticketFor('S-A-5');
      const earlier = await linkFor(ticketId, ada);
      const offer = await ada.post<{ readonly code: string }>(`/v1/tickets/${ticketId}/transfer`, {}, { key: 'give' });
      assert.equal(
        (await bob.post('/v1/transfers/acceptance', { code: offer.body.code }, { key: 'take' })).status,
        200,
      );
      for (const { status } of [await fetchPass(ticketId, ada), await linkFor(ticketId, ada)])
        assert.equal(status, 404);
      const { body: hers } = await ada.get<Ticket>(`/v1/tickets/${ticketId}`);
      assert.deepEqual([hers.status, hers.wallets], ['given', undefined]);
      const { file } = await opened(await (await fetchPass(ticketId, bob)).arrayBuffer());
      const { barcodes } = JSON.parse((await file('pass.json')).toString()) as { barcodes: { message: string }[] };
      const { body: his } = await bob.get<Ticket>(`/v1/tickets/${ticketId}`);
      assert.notEqual(his.code, code);
      assert.equal(barcodes[0]?.message, his.code);
      assert.notEqual((await linkFor(ticketId, bob)).body.saveUrl, earlier.body.saveUrl);
    });

    it('is not made of a ticket that was used or is void', async () => {
      const used = await ticketFor('S-B-1');
      assert.equal((await running.admin.post('/v1/check-ins', { code: used.code, gate: 'A' })).status, 200);
      const gone = await ticketFor('S-B-2');
      await ada.post(`/v1/bookings/${gone.bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });
      for (const { ticketId } of [used, gone]) {
        const shown = await running.admin.get<Ticket>(`/v1/tickets/${ticketId}`);
        assert.equal(shown.body.wallets, undefined);
        assert.equal((await fetchPass(ticketId, ada)).status, 409);
        const { status, body } = await linkFor(ticketId, ada);
        assert.deepEqual([status, body.code], [409, 'conflict']);
      }
    });
  });

  describe('what a house has from Apple and Google', () => {
    let directory: { readonly path: string; remove(): Promise<void> };
    let own: Readonly<Record<string, string>>;
    let another: PassCertificates;
    before(async () => {
      directory = await temporaryDirectory();
      const made = await newPassCertificates(directory.path, { passTypeId, teamId });
      own = {
        WALLET_PASS_TYPE_ID: passTypeId,
        WALLET_TEAM_ID: teamId,
        WALLET_CERTIFICATE: made.certificate,
        WALLET_CERTIFICATE_KEY: made.key,
        WALLET_WWDR_CERTIFICATE: made.authority,
      };
      another = await newPassCertificates(directory.path, { passTypeId: 'pass.example.other', teamId: 'Z9Y8X7W6V5' });
    });
    after(() => directory.remove());

    const lineFor = (changed: Readonly<Record<string, string | undefined>>) => {
      try {
        readConfiguration({ ...own, ...changed });
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };

    it('is taken as a whole, and from files', async () => {
      const file = join(directory.path, 'own.key');
      await writeFile(file, own['WALLET_CERTIFICATE_KEY'] ?? '');
      assert.equal(lineFor({}), '');
      assert.equal(lineFor({ WALLET_CERTIFICATE_KEY: undefined, WALLET_CERTIFICATE_KEY_FILE: file }), '');
      assert.match(lineFor({ WALLET_TEAM_ID: undefined }), /^WALLET_TEAM_ID: missing; set all of /);
      assert.match(
        lineFor({ GOOGLE_WALLET_ISSUER_ID: issuerId }),
        /^GOOGLE_WALLET_SERVICE_ACCOUNT: missing; set all of /,
      );
    });

    it('belongs together, or a start is refused with what to set', () => {
      assert.match(lineFor({ WALLET_PASS_TYPE_ID: 'pass.example.other' }), /^WALLET_PASS_TYPE_ID: is not what /);
      assert.match(lineFor({ WALLET_TEAM_ID: 'Z9Y8X7W6V5' }), /^WALLET_TEAM_ID: is not whose /);
      assert.match(lineFor({ WALLET_CERTIFICATE_KEY: another.key }), /^WALLET_CERTIFICATE_KEY: is not the key of /);
      assert.match(
        lineFor({ WALLET_WWDR_CERTIFICATE: another.authority }),
        /^WALLET_WWDR_CERTIFICATE: has not issued /,
      );
    });

    it('looks like what it is, or a start is refused without repeating it', () => {
      const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      for (const [name, value, fix] of [
        ['WALLET_PASS_TYPE_ID', 'example.tickets', /like pass\./],
        ['WALLET_TEAM_ID', 'riverside', /10 capitals and digits/],
        ['WALLET_CERTIFICATE', 'none', /must be a certificate in PEM/],
        ['WALLET_CERTIFICATE_KEY', ed25519, /must be an RSA private key/],
        ['WALLET_WWDR_CERTIFICATE', own['WALLET_CERTIFICATE_KEY'] ?? '', /must be a certificate in PEM/],
        ['GOOGLE_WALLET_ISSUER_ID', 'BCR2DN4T', /number of an issuer account/],
        ['GOOGLE_WALLET_SERVICE_ACCOUNT', '{"private_key": "secret"}', /JSON key of a service account/],
      ] as const) {
        const line = lineFor({ [name]: value });
        assert.match(line, fix, name);
        assert.doesNotMatch(line, /PRIVATE KEY|secret"/);
      }
    });
  });

  describe('where no wallet is set up', () => {
    it('none is offered, and none answers', async () => {
      const running = await runApp();
      try {
        const showId = await openShow(running.admin, await buildVenue(running.admin));
        const { body } = await running.admin.book({ showId, seats: ['S-A-1'], payment: visa });
        const { tickets } = await bookingOnce(
          running.admin,
          body.bookingId,
          (booking: Booking) => booking.tickets.length > 0,
        );
        const { body: ticket } = await running.admin.get<Ticket>(`/v1/tickets/${tickets[0]}`);
        assert.deepEqual([ticket.status, ticket.wallets], ['valid', undefined]);
        for (const path of [`${tickets[0]}.pkpass`, `${tickets[0]}/google-wallet`]) {
          const refused = await running.admin.get<Refused>(`/v1/tickets/${path}`);
          assert.deepEqual([refused.status, refused.body.code], [404, 'not_found']);
        }
      } finally {
        await running.stop();
      }
    });
  });
}
