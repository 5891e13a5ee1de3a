import { readTicketCode } from '../../src/contracts/rules/ticket-code.ts';
import type { DoorScan } from '../kit/door-log.ts';
import type { CodeKey, KnownTicket, Preparation } from './preparation.ts';

/** What a code is, told without the server: by the signature in it, and by what the server told of the show before. */
export type Checked =
  | { readonly is: 'no_ticket' | 'void' | 'given' }
  | { readonly is: 'wrong_show'; readonly showId: string }
  | { readonly is: 'used'; readonly ticket: KnownTicket }
  /** Without the ticket where it was sold after the server told of them. */
  | { readonly is: 'good'; readonly ticketId: string; readonly ticket: KnownTicket | undefined };

const algorithm = { name: 'Ed25519' };

/** The keys of codes, ready to verify with, by their ids; `undefined` where the browser cannot verify such signatures. */
export async function verifyingKeys(keys: readonly CodeKey[]): Promise<ReadonlyMap<string, CryptoKey> | undefined> {
  // A page that came without TLS has none of it, whatever its type says.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  try {
    const imported = keys.map(async ({ kid, kty, crv, x }) => {
      const key = await subtle?.importKey('jwk', { kty, crv, x }, algorithm, false, ['verify']);
      return key === undefined ? [] : [[kid, key] as const];
    });
    return subtle && new Map((await Promise.all(imported)).flat());
  } catch {
    return undefined;
  }
}

export async function checkCode(
  { code, gate, scannedAt }: Pick<DoorScan, 'code' | 'gate' | 'scannedAt'>,
  { showId, issue, tickets }: Preparation,
  keys: ReadonlyMap<string, CryptoKey>,
): Promise<Checked> {
  const said = readTicketCode(code);
  const key = said && keys.get(said.keyId);
  if (said === undefined || key === undefined) return { is: 'no_ticket' };
  if (!(await crypto.subtle.verify(algorithm, key, said.signature, said.content))) return { is: 'no_ticket' };
  if (said.showId !== showId) return { is: 'wrong_show', showId: said.showId };
  const ticket = tickets.get(said.ticketId);
  if (ticket?.status === 'void') return { is: 'void' };
  // A newer one was given to somebody after the server told of the ticket; of one that is not known, nobody knows a newer one.
  if (ticket !== undefined && said.issue < (ticket.issue ?? issue)) return { is: 'given' };
  // Where it was this very scan, the server has counted it, and only its answer was lost.
  const isThisScan = ticket?.admittedAt === scannedAt && ticket.gate === gate;
  if (ticket?.status === 'used' && !isThisScan) return { is: 'used', ticket };
  return { is: 'good', ticketId: said.ticketId, ticket };
}
