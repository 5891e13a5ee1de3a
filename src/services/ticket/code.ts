import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { idPrefixes } from '../../contracts/ids.ts';

/**
 * The code on a ticket: key id, ticket, show and issue number, signed with Ed25519 (RFC 8032), in base64url. Anybody with
 * the public key can tell a genuine code without asking; whether it was used already only the ticket service knows.
 *
 *   "FH1." base64url( key id: 4 | issue: 1 | ticket uuid: 16 | show uuid: 16 | signature: 64 bytes )
 */
export interface CodeContent {
  readonly ticketId: string;
  readonly showId: string;
  /** Raised when a ticket is issued again; 1 for the first. */
  readonly issue: number;
}

export interface TicketCodes {
  sign(content: CodeContent): string;
  /** What a genuine code says; `undefined` for any other text. */
  verify(code: string): CodeContent | undefined;
}

const version = 'FH1.';
const keyIdBytes = 4;
const contentBytes = keyIdBytes + 1 + 16 + 16;
const signatureBytes = 64;
const codeLength = version.length + Math.ceil(((contentBytes + signatureBytes) * 4) / 3);

/** A new signing key as PKCS #8 PEM. */
export function newTicketKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Signs with the given private key (PEM or key object); verifies with its public key and with those that were used
 * before.
 */
export function createTicketCodes(
  privateKey: string | KeyObject,
  earlier: readonly (string | KeyObject)[] = [],
): TicketCodes {
  const signer = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  const current = publicKeyOf(signer);
  const keys = new Map([current, ...earlier.map(publicKeyOf)].map((key) => [keyIdOf(key).toString('hex'), key]));
  const keyId = keyIdOf(current);
  return {
    sign({ ticketId, showId, issue }) {
      const content = Buffer.concat([keyId, Buffer.from([issue]), uuidBytes(ticketId), uuidBytes(showId)]);
      return version + Buffer.concat([content, sign(null, content, signer)]).toString('base64url');
    },
    verify(code) {
      if (code.length !== codeLength || !code.startsWith(version)) return undefined;
      const bytes = Buffer.from(code.slice(version.length), 'base64url');
      // Base64 that spells the same bytes in another way is not our spelling.
      if (bytes.toString('base64url') !== code.slice(version.length)) return undefined;
      const content = bytes.subarray(0, contentBytes);
      const key = keys.get(content.subarray(0, keyIdBytes).toString('hex'));
      if (key === undefined || !verify(null, content, key, bytes.subarray(contentBytes))) return undefined;
      return {
        ticketId: idOf('ticket', content.subarray(keyIdBytes + 1, keyIdBytes + 17)),
        showId: idOf('show', content.subarray(keyIdBytes + 17)),
        issue: content[keyIdBytes] ?? 0,
      };
    },
  };
}

function publicKeyOf(key: string | KeyObject): KeyObject {
  return typeof key !== 'string' && key.type === 'public' ? key : createPublicKey(key);
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, keyIdBytes);
}

function uuidBytes(id: string): Buffer {
  return Buffer.from(id.slice(id.indexOf('_') + 1).replaceAll('-', ''), 'hex');
}

function idOf(kind: 'ticket' | 'show', bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `${idPrefixes[kind]}_${groups.join('-')}`;
}
