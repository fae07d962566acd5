import { join } from 'node:path';
import { readKeyFile } from '../platform/key-file.ts';
import type { SealKey } from '../platform/sealing.ts';

/** The keys that access tokens are signed and recognised with. */
export interface TokenKeys {
  signing(): Buffer;
  readonly recognised: readonly Buffer[];
}

interface TokenKeysOptions {
  readonly sealKey: SealKey;
  readonly dataDirectory: string;
  /** Whether every other server recognises tokens that are signed with the derived key. */
  readonly othersDerive: () => boolean;
}

/**
 * Tokens are signed with a key that comes from the seal key, which all servers share. Earlier versions had a file for it:
 * where it is there still, its tokens, which live a day at most, stay good, and as long as a server of such a version runs beside
 * this one new tokens are signed with it too, or that server's door would refuse them.
 */
export function openTokenKeys({ sealKey, dataDirectory, othersDerive }: TokenKeysOptions): TokenKeys {
  const derived = sealKey.derive('access tokens');
  const earlier = readKeyFile(join(dataDirectory, 'access-token.key'));
  return {
    signing: () => (earlier === null || othersDerive() ? derived : earlier),
    recognised: earlier === null ? [derived] : [derived, earlier],
  };
}
