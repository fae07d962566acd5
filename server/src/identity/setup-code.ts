import { randomBytes, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { secretTokenHash } from './secret-token.ts';

export const setupCodeHeader = 'x-luban-setup-code';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** 60 bits that a person can type: `k3v9-x0qd-7mna`. `secret`: random when absent. */
export function newSetupCode(secret: Uint8Array = randomBytes(12)): string {
  const text = [...secret.subarray(0, 12)].map((byte) => alphabet[byte & 31]).join('');
  return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
}

export function isSetupCode(given: unknown, code: string): boolean {
  if (typeof given !== 'string') return false;
  const plain = given.trim().toLowerCase();
  return timingSafeEqual(Buffer.from(secretTokenHash(plain)), Buffer.from(secretTokenHash(code)));
}

/**
 * Does this request surely come from the platform's own machine? The address alone does not say it: a proxy on the
 * same machine passes on the requests of strangers, and a foreign page can point its own name at 127.0.0.1.
 */
export function isFromThisMachine(request: {
  ip: string;
  hostname: string;
  headers: Record<string, unknown>;
}): boolean {
  const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];
  if (forwarded.some((name) => request.headers[name] !== undefined)) return false;
  const host = request.hostname.replace(/^\[|\]$/g, '');
  return isLoopback(request.ip) && (host === 'localhost' || isLoopback(host));
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
