import { createHash, randomBytes } from 'node:crypto';

/** A secret for a person's pocket: 32 random bytes. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of such a secret; it has entropy enough that a plain hash does. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
