import { createHash, randomBytes } from 'node:crypto';

/** A new secret of 192 random bits behind a prefix that tells what it opens: `lbt_…`. Shown once, stored hashed. */
export function newSecret(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString('base64url')}`;
}

/** What is stored of a secret. It has 192 random bits, so a plain hash is enough and the look-up is by key. */
export function hashSecret(secret: string | Buffer): string {
  return createHash('sha256').update(secret).digest('base64url');
}
