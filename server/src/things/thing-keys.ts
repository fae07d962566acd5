import { randomBytes } from 'node:crypto';
import type { Sealer } from '../platform/sealing.ts';
import { hashSecret, newSecret } from '../platform/secret.ts';

/** A key that is sent as it is: stored hashed. */
export function plainKey() {
  const secret = newSecret('lbt');
  return { secret, prefix: secret.slice(0, 8), hash: hashSecret(secret), login: null, sealed: null };
}

/** A secret that a device signs with: the platform must be able to read it again, so it is sealed. */
export function signedKey({ login, secret: given }: { login: string; secret?: string }, sealer: Sealer) {
  const secret = given ?? randomBytes(16).toString('hex');
  return {
    secret,
    prefix: given === undefined ? secret.slice(0, 4) : '',
    // The column wants something unlike all others; a random text is the hash of nothing that anybody knows.
    hash: newSecret('signed'),
    login,
    sealed: sealer.seal(secret),
  };
}
