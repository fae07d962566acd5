import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Keeps secrets that the platform must be able to read again: what a device signs with cannot be stored hashed. */
export interface Sealer {
  seal(secret: string): string;
  /** Throws when the text was sealed with another key or has been changed. */
  unseal(sealed: string): string;
}

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals with the key in `file`, which is made at the first start and is for the platform's user alone. Whoever copies
 * the records without this file can read none of the secrets in them. Throws when the file is no such key.
 */
export function openSealer(file: string): Sealer {
  const key = readKey(file) ?? makeKey(file);
  if (key.length !== keyBytes) throw new Error(`${file} must hold ${keyBytes} bytes, not ${key.length}`);
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

function readKey(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whole or not at all: a platform killed while it writes must not start with half a key. */
function makeKey(file: string): Buffer {
  const key = randomBytes(keyBytes);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, key, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, file);
    return key;
  } catch (error) {
    // Another process of the platform was first: its key counts.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readFileSync(file);
    throw error;
  } finally {
    rmSync(draft);
  }
}
