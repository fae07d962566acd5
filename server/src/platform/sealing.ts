import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { openKeyFile } from './key-file.ts';

/** Keeps secrets that the platform must be able to read again: what a device signs with cannot be stored hashed. */
export interface Sealer {
  seal(secret: string): string;
  /** Throws when the text was sealed with another key or has been changed. */
  unseal(sealed: string): string;
}

/** The one secret that all servers of a platform share. */
export interface SealKey extends Sealer {
  /** By what it is recognised; tells nothing of the key. */
  readonly fingerprint: string;
  /** A key of 256 bits for one purpose. Whoever has it knows neither this key nor that of another purpose. */
  derive(purpose: string): Buffer;
}

const nonceBytes = 12;
const tagBytes = 16;

/** The key in `file`, which is made when there is none. Throws when the file is no such key. */
export function openSealer(file: string): SealKey {
  return createSealKey(openKeyFile(file));
}

/** `key`: 256 bits. Whoever copies the records without it can read none of the secrets in them. */
export function createSealKey(key: Buffer): SealKey {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', key, '', `luban ${purpose}`, 32));
  return {
    derive,
    fingerprint: derive('seal key fingerprint').toString('hex', 0, 16),
    seal(secret) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    unseal(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes));
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
    },
  };
}
