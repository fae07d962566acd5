import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const keyBytes = 32;

/**
 * A secret key of 256 bits in `file`, which is made at the first start and is for the platform's user alone. Throws
 * when the file is no such key.
 */
export function openKeyFile(file: string): Buffer {
  const key = readKey(file) ?? makeKey(file);
  if (key.length !== keyBytes) throw new Error(`${file} must hold ${keyBytes} bytes, not ${key.length}`);
  return key;
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
