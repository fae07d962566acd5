import { createHash, randomBytes } from 'node:crypto';

/** A secret that a browser or a link carries: 256 random bits as base64url. Shown once, kept only as its hash. */
export function newSecretToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What the database keeps of a token. The token is random enough that a fast hash cannot be searched. */
export function secretTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
