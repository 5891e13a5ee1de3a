import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { HashingQueue } from './hashing-queue.ts';

/**
 * Passwords are kept as argon2id hashes (RFC 9106) with the parameters OWASP names for 19 MiB. Hashing runs on the
 * thread pool, off the event loop. Others work there, too, such as the embedded log: hundreds of people who sign in at the
 * same moment take their turns, and half of its four threads (libuv's default) at most.
 */
const queue = new HashingQueue({ atOnce: 2, waitMsMax: 8_000 });
const argon2id = 2;
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const passwordCharactersMin = 8;
/** Longer ones would only buy an attacker computing time. */
export const passwordCharactersMax = 128;

/**
 * Hashes a password by its letters (NFC): another keyboard may write an accent as a code point of its own. Throws for one
 * that is too long, which the door should have refused, and `overloaded`. `asker`: with whom others take turns.
 */
export async function hashPassword(password: string, asker: string): Promise<string> {
  if (password.length > passwordCharactersMax) throw new Error('the password is too long to be hashed');
  return queue.run(asker, () => hash(password.normalize(), parameters));
}

let nobody: Promise<string> | undefined;

/**
 * Whether the password is right. For an account that does not exist (`undefined`) the answer is no after the same work,
 * so that time does not tell which addresses are registered. Throws the problem `overloaded`. `asker`: with whom others take turns.
 */
export async function passwordMatches(
  passwordHash: string | undefined,
  password: string,
  asker: string,
): Promise<boolean> {
  if (password.length > passwordCharactersMax) return false;
  nobody ??= hash(randomBytes(24).toString('base64url'), parameters);
  const known = passwordHash ?? (await nobody);
  // As it was typed, too: hashes from before were made of that.
  for (const typed of new Set([password.normalize(), password])) {
    const matches = await queue.run(asker, () => verify(known, typed));
    if (matches) return passwordHash !== undefined;
  }
  return false;
}
