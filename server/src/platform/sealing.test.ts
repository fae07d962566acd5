import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSealer } from './sealing.ts';

const directory = mkdtempSync(join(tmpdir(), 'luban-sealing-'));
const file = join(directory, 'seal.key');
afterAll(() => rmSync(directory, { recursive: true }));

describe('a sealed secret', () => {
  test('is read again after a restart, and is not the same text twice', () => {
    const first = openSealer(file).seal('鲁班 device secret');
    const second = openSealer(file).seal('鲁班 device secret');
    expect(first).not.toBe(second);
    expect(openSealer(file).unseal(first)).toBe('鲁班 device secret');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  });

  test('is worth nothing without the key, and a change in it is noticed', () => {
    const sealed = openSealer(file).seal('device secret');
    expect(() => openSealer(join(directory, 'other.key')).unseal(sealed)).toThrow();
    const bytes = Buffer.from(sealed, 'base64url');
    bytes[bytes.length - 1]! ^= 1;
    expect(() => openSealer(file).unseal(bytes.toString('base64url'))).toThrow();
  });

  test('is not made with half a key', () => {
    const broken = join(directory, 'broken.key');
    writeFileSync(broken, 'short');
    expect(() => openSealer(broken)).toThrow('must hold 32 bytes');
  });
});
