import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../platform/errors.ts';

export interface Passwords {
  /** The text to keep: `scrypt$<log2 N>$<r>$<p>$<salt>$<key>`. */
  hash(password: string): Promise<string>;
  /** `hash` null: the same work as for a known user, then false, so that the time says nothing. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

interface Cost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

const keyBytes = 32;
/** One at a time: each takes 64 MiB and a thread of the pool that the log's fdatasync needs as well. */
const mostWaiting = 32;

/**
 * Password hashing by scrypt. The default cost is 64 MiB and about 0.3 s. `hash` and `verify` throw
 * Refusal session.throttled when too many wait already.
 */
export function createPasswords(options: { log2N?: number } = {}): Passwords {
  const cost: Cost = { log2N: options.log2N ?? 16, r: 8, p: 1 };
  const nobody = encode(cost, randomBytes(16), randomBytes(keyBytes));
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function derive(password: string, salt: Buffer, at: Cost): Promise<Buffer> {
    if (waiting >= mostWaiting) throw new Refusal('session.throttled');
    waiting++;
    const mine = last.then(() => scryptKey(password, salt, at));
    last = mine.catch(() => undefined); // whoever asked hears of it; the next in line must not
    try {
      return await mine;
    } finally {
      waiting--;
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(16);
      return encode(cost, salt, await derive(password, salt, cost));
    },
    async verify(password, hash) {
      const kept = decode(hash ?? nobody);
      const key = await derive(password, kept.salt, kept.cost);
      return timingSafeEqual(key, kept.key) && hash !== null;
    },
  };
}

function scryptKey(password: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    // NFKC: the same characters typed on another keyboard are the same password.
    scrypt(password.normalize('NFKC'), salt, keyBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function encode({ log2N, r, p }: Cost, salt: Buffer, key: Buffer): string {
  return `scrypt$${log2N}$${r}$${p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** The cost is kept with each hash, so that a later version may raise it. */
function decode(hash: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const [kind, log2N, r, p, salt, key] = hash.split('$');
  if (kind !== 'scrypt' || salt === undefined || key === undefined)
    throw new Error('a password hash in the database is not readable');
  return {
    cost: { log2N: Number(log2N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
}
