import { idPrefixes } from './id-prefixes.ts';

/**
 * The code on a ticket: key id, ticket, show and issue number, signed with Ed25519 (RFC 8032), in base64url. Whoever has the public
 * key can tell a genuine code without asking; whether it was used already only the ticket service knows.
 *
 *   "FH1." base64url( key id: 4 | issue: 1 | ticket uuid: 16 | show uuid: 16 | signature: 64 bytes )
 */
export interface TicketCode {
  /** Of the key it says it was signed with: the first bytes of the SHA-256 of its SPKI, in hex. */
  readonly keyId: string;
  /** Raised whenever the ticket was given to somebody else; 1 for the first. */
  readonly issue: number;
  readonly ticketId: string;
  readonly showId: string;
  /** What is signed, and its signature: until that was verified, none of this is true. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export const codeVersion = 'FH1.';
export const keyIdBytes = 4;
/** What fits into its one byte. */
export const issueMax = 255;
const uuidBytes = 16;
const contentBytes = keyIdBytes + 1 + uuidBytes + uuidBytes;
const signatureBytes = 64;
const codeLength = codeVersion.length + Math.ceil(((contentBytes + signatureBytes) * 4) / 3);

/** Reads a code without trusting it; `undefined` for what has not the form of one. */
export function readTicketCode(code: string): TicketCode | undefined {
  if (code.length !== codeLength || !code.startsWith(codeVersion)) return undefined;
  const bytes = bytesOf(code.slice(codeVersion.length));
  if (bytes === undefined) return undefined;
  const ticketAt = keyIdBytes + 1;
  const showAt = ticketAt + uuidBytes;
  return {
    keyId: hexOf(bytes.slice(0, keyIdBytes)),
    issue: bytes[keyIdBytes] ?? 0,
    ticketId: idOf('ticket', bytes.slice(ticketAt, showAt)),
    showId: idOf('show', bytes.slice(showAt, contentBytes)),
    content: bytes.slice(0, contentBytes),
    signature: bytes.slice(contentBytes),
  };
}

/** With what browsers and Node.js both have. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const spelt = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    // Base64 that spells the same bytes in another way is not our spelling.
    return spelt === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function idOf(kind: 'ticket' | 'show', bytes: Uint8Array): string {
  const hex = hexOf(bytes);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `${idPrefixes[kind]}_${groups.join('-')}`;
}
