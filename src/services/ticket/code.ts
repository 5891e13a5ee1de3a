import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { codeVersion, keyIdBytes, readTicketCode, type TicketCode } from '../../contracts/rules/ticket-code.ts';

/** Signs the codes of tickets, and tells genuine ones from others. */
export type CodeContent = Pick<TicketCode, 'ticketId' | 'showId' | 'issue'>;

/** A public key of codes as a JWK (RFC 8037); `kid` is the key id in the codes. */
export interface TicketKey {
  readonly kid: string;
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

export interface TicketCodes {
  /** Those that codes are verified with. */
  readonly keys: readonly TicketKey[];
  sign(content: CodeContent): string;
  /** What a genuine code says; `undefined` for any other text. */
  verify(code: string): CodeContent | undefined;
}

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
    keys: [...keys].map(([kid, key]) => ({
      kid,
      kty: 'OKP',
      crv: 'Ed25519',
      x: key.export({ format: 'jwk' }).x ?? '',
    })),
    sign({ ticketId, showId, issue }) {
      const content = Buffer.concat([keyId, Buffer.from([issue]), uuidBytes(ticketId), uuidBytes(showId)]);
      return codeVersion + Buffer.concat([content, sign(null, content, signer)]).toString('base64url');
    },
    verify(code) {
      const said = readTicketCode(code);
      const key = said && keys.get(said.keyId);
      if (said === undefined || key === undefined || !verify(null, said.content, key, said.signature)) return undefined;
      const { ticketId, showId, issue } = said;
      return { ticketId, showId, issue };
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
