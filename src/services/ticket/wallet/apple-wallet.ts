import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AppleSigning } from './apple-signing.ts';
import type { Pass } from './pass.ts';

/**
 * Passes for Apple Wallet: a zip of `pass.json`, an icon, their hashes, and the signature of the house's certificate over these
 * (https://developer.apple.com/documentation/walletpasses). The library does what is Apple's in it: it hashes, signs and packs.
 */
export interface AppleWallet {
  /** Until when Apple's phones take what is signed. */
  readonly validTo: Date;
  /** A `.pkpass` file; throws the problem `overloaded` where too many are asked for at once. */
  pass(content: Pass): Promise<Buffer>;
}

export interface AppleAccount {
  /** `pass.example.tickets`, as the certificate has it. */
  readonly passTypeId: string;
  readonly teamId: string;
  /** In PEM: the certificate of the pass type, its RSA key, and the certificate of Apple's authority that issued it. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

export const appleType = 'application/vnd.apple.pkpass';

/** A signature costs some 30 ms of processor; who asks for the same again, in haste or to do harm, has the same again. */
const passesKeptMax = 200;

export function createAppleWallet({ passTypeId, teamId, certificate, key, authority }: AppleAccount): AppleWallet {
  const made = new LRUCache<string, Promise<Buffer>>({ max: passesKeptMax });
  const signing = new AppleSigning({ signerCert: certificate, signerKey: key, wwdr: authority });
  return {
    validTo: new X509Certificate(certificate).validToDate,
    async pass(content) {
      const said = { passTypeIdentifier: passTypeId, teamIdentifier: teamId, ...passJson(content) };
      const text = JSON.stringify(said);
      const known = made.get(text);
      if (known !== undefined) return known;
      const pass = signing.sign(text);
      made.set(text, pass);
      // Who asks again may have it signed.
      pass.catch(() => made.delete(text));
      return pass;
    },
  };
}

function passJson(content: Pass): object {
  const { ticketId, code, movieName, theatreName, theatreLocation, screenNumber, startsAt, expiresAt, place } = content;
  return {
    formatVersion: 1,
    // A pass of one serial number takes the place of the one before: so does the code of whoever had the ticket given back.
    serialNumber: ticketId,
    organizationName: theatreName,
    description: `Ticket for ${movieName}`,
    relevantDate: startsAt,
    expirationDate: expiresAt,
    // A copy lets nobody in beside its owner; who is to have the ticket is given it, with a code of its own.
    sharingProhibited: true,
    foregroundColor: 'rgb(255, 255, 255)',
    labelColor: 'rgb(255, 200, 87)',
    backgroundColor: 'rgb(122, 31, 61)',
    barcodes: [{ format: 'PKBarcodeFormatQR', message: code, messageEncoding: 'iso-8859-1' }],
    eventTicket: {
      headerFields: [{ key: 'screen', label: 'SCREEN', value: screenNumber }],
      primaryFields: [{ key: 'movie', label: theatreName, value: movieName }],
      secondaryFields: [
        {
          ...{ key: 'starts', label: 'STARTS', value: startsAt, ignoresTimeZone: true },
          ...{ dateStyle: 'PKDateStyleMedium', timeStyle: 'PKDateStyleShort' },
        },
      ],
      auxiliaryFields: [{ key: 'place', label: 'PLACE', value: place }],
      backFields: [
        { key: 'where', label: 'Where', value: `${theatreName}, ${theatreLocation}` },
        { key: 'category', label: 'Category', value: content.priceCategory },
        ...(content.bookedUnder === undefined
          ? []
          : [{ key: 'name', label: 'Booked under', value: content.bookedUnder }]),
        {
          ...{ key: 'terms', label: 'At the door' },
          value:
            'The code lets one person in, once. If the ticket is given to somebody else or its booking is cancelled, it lets nobody in any more, although the pass stays here. If the show is moved, save the pass again.',
        },
      ],
    },
  };
}
