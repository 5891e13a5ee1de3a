import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Pass } from './pass.ts';

/**
 * Links by which a ticket is saved to Google Wallet: a signed token that has the event (a class) and the ticket (an object) in it, so
 * that nothing is sent to Google before the customer follows it
 * (https://developers.google.com/wallet/tickets/events/use-cases/jwt).
 */
export interface GoogleWallet {
  saveUrl(content: Pass): Promise<string>;
}

export interface GoogleAccount {
  readonly issuerId: string;
  readonly clientEmail: string;
  /** RSA, PKCS #8 in PEM. */
  readonly privateKey: string;
}

const saveAt = 'https://pay.google.com/gp/v/save/';
/** The address of a link has room for some 1,800 characters of token, so names are cut: to so many bytes of JSON each. */
const [issuerNameMax, eventNameMax, textMax] = [20, 30, 24];

export function createGoogleWallet({ issuerId, clientEmail, privateKey }: GoogleAccount): GoogleWallet {
  const key = createPrivateKey(privateKey);
  return {
    async saveUrl(content) {
      const claims = { typ: 'savetowallet', payload: payloadOf(content, issuerId) };
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
        .setIssuer(clientEmail)
        .setAudience('google')
        .setIssuedAt()
        .sign(key);
      return saveAt + token;
    },
  };
}

function payloadOf(content: Pass, issuerId: string): object {
  const { ticketId, showId, issue, code, movieName, theatreName, theatreLocation, startsAt, expiresAt } = content;
  // What is known by an id is not changed by a link: a show that was moved, and a ticket that was given away, have other ids.
  const version = Math.floor(Date.parse(startsAt) / 1_000).toString(36);
  const classId = `${issuerId}.${short(showId)}.${version}`;
  return {
    eventTicketClasses: [
      {
        id: classId,
        issuerName: cut(theatreName, issuerNameMax),
        eventName: text(movieName, eventNameMax),
        venue: { name: text(theatreName), address: text(theatreLocation) },
        dateTime: { start: startsAt },
        reviewStatus: 'UNDER_REVIEW',
      },
    ],
    eventTicketObjects: [
      {
        id: `${issuerId}.${short(ticketId)}.${version}.${issue}`,
        classId,
        state: 'ACTIVE',
        barcode: { type: 'QR_CODE', value: code },
        seatInfo: { seat: text(content.place, eventNameMax) },
        validTimeInterval: { end: { date: expiresAt } },
      },
    ],
  };
}

/** The end of an id, most of which is random, in 16 characters of those that Google takes. */
function short(id: string): string {
  return Buffer.from(id.replaceAll('-', '').slice(-24), 'hex').toString('base64url');
}

/** Whole characters; those of most alphabets take two bytes or three. */
function cut(value: string, max: number): string {
  if (bytesOf(value) <= max) return value;
  const characters = Array.from(value.slice(0, max));
  while (bytesOf(`${characters.join('')}…`) > max) characters.pop();
  return `${characters.join('')}…`;
}

/** In a token, without the quotes. */
const bytesOf = (value: string) => Buffer.byteLength(JSON.stringify(value)) - 2;
const text = (value: string, max = textMax) => ({ defaultValue: { language: 'en', value: cut(value, max) } });
