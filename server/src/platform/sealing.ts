import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { openKeyFile } from './key-file.ts';

/** Keeps secrets that the platform must be able to read again: what a device signs with cannot be stored hashed. */
export interface Sealer {
  seal(secret: string): string;
  /** Throws when the text was sealed with another key or has been changed. */
  unseal(sealed: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals with the key in `file`, which is made at the first start and is for the platform's user alone. Whoever copies
 * the records without this file can read none of the secrets in them. Throws when the file is no such key.
 */
export function openSealer(file: string): Sealer {
  const key = openKeyFile(file);
  return {
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
