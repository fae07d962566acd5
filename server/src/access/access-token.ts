import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AccessKeyId, idSchema, type TenantId } from '@luban/contracts';
import { z } from 'zod';

/** How a token begins, so that it is recognised where it should not stand: in a log, in a repository. */
export const tokenPrefix = 'lbs_';

/** What a token says. Topics left out are those of its access key. */
export interface TokenClaims {
  readonly tenant: TenantId;
  readonly access: AccessKeyId;
  readonly expiresMs: number;
  readonly publish?: readonly string[] | undefined;
  readonly subscribe?: readonly string[] | undefined;
}

const claimsSchema: z.ZodType<TokenClaims> = z.object({
  tenant: idSchema('tenant'),
  access: idSchema('access'),
  expiresMs: z.int(),
  publish: z.array(z.string()).optional(),
  subscribe: z.array(z.string()).optional(),
});

/** `lbs_<claims>.<HMAC-SHA-256 of what stands before>`. Whoever holds the key can make any token. */
export function signToken(key: Buffer, claims: TokenClaims): string {
  const body = tokenPrefix + Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${mac(key, body).toString('base64url')}`;
}

/** The claims of a token that was signed with one of these keys and that has not expired; null for any other text. */
export function verifyToken(keys: readonly Buffer[], token: string, nowMs: number): TokenClaims | null {
  const dot = token.lastIndexOf('.');
  if (!token.startsWith(tokenPrefix) || dot < 0) return null;
  const body = token.slice(0, dot);
  const given = Buffer.from(token.slice(dot + 1), 'base64url');
  if (!keys.some((key) => isMac(given, mac(key, body)))) return null;
  const claims = claimsSchema.parse(
    JSON.parse(Buffer.from(body.slice(tokenPrefix.length), 'base64url').toString('utf8')),
  );
  return claims.expiresMs > nowMs ? claims : null;
}

function isMac(given: Buffer, wanted: Buffer): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function mac(key: Buffer, body: string): Buffer {
  return createHmac('sha256', key).update(body).digest();
}
