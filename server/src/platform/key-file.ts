import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const keyBytes = 32;

/**
 * A secret key of 256 bits in `file`, which is made at the first start and is for the platform's user alone. Throws
 * when the file is no such key.
 */
export function openKeyFile(file: string): Buffer {
  return readKeyFile(file) ?? makeKey(file);
}

/** The key in `file`: its bytes, or as text in hexadecimal, as what hands secrets to a process likes it. Null: no such file. */
export function readKeyFile(file: string): Buffer | null {
  const content = readOrNull(file);
  if (content === null || content.length === keyBytes) return content;
  const text = content.toString('latin1').trim();
  if (text.length === 2 * keyBytes && /^[\da-f]+$/i.test(text)) return Buffer.from(text, 'hex');
  throw new Error(
    `${file} must hold ${keyBytes} bytes or ${2 * keyBytes} hexadecimal digits, not ${content.length} bytes`,
  );
}

function readOrNull(file: string): Buffer | null {
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
