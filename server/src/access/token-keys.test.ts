import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSealKey } from '../platform/sealing.ts';
import { signToken, verifyToken } from './access-token.ts';
import { openTokenKeys } from './token-keys.ts';

const sealKey = createSealKey(Buffer.alloc(32, 1));
const earlier = Buffer.alloc(32, 2);
const claims = { tenant: newId('tenant'), access: newId('access'), expiresMs: 1000 };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'luban-token-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A server's keys; `all`: there is no server of an earlier version beside it. */
const keys = (all: boolean) => openTokenKeys({ sealKey, dataDirectory: folder, othersDerive: () => all });
const putEarlierKey = () => writeFileSync(join(folder, 'access-token.key'), earlier);
const isGood = (recognised: readonly Buffer[], token: string) => verifyToken(recognised, token, 0) !== null;

test('every server with the same seal key recognises a token, and no other does', () => {
  const token = signToken(keys(true).signing(), claims);
  expect(verifyToken(keys(true).recognised, token, 0)).toEqual(claims);
  expect(verifyToken(keys(true).recognised, token, 1000)).toBe(null);
  const stranger = openTokenKeys({
    sealKey: createSealKey(Buffer.alloc(32, 3)),
    dataDirectory: folder,
    othersDerive: () => true,
  });
  expect(isGood(stranger.recognised, token)).toBe(false);
});

test('tokens that an earlier version has signed stay good until they expire', () => {
  const token = signToken(earlier, claims);
  expect(isGood(keys(true).recognised, token)).toBe(false);
  putEarlierKey();
  expect(isGood(keys(true).recognised, token)).toBe(true);
  expect(verifyToken(keys(true).recognised, token, 1000)).toBe(null);
});

test('beside a server of an earlier version tokens are such that it recognises them too, and after it they are not', () => {
  putEarlierKey();
  const during = signToken(keys(false).signing(), claims);
  expect([isGood([earlier], during), isGood(keys(true).recognised, during)]).toEqual([true, true]);
  const after = signToken(keys(true).signing(), claims);
  expect([isGood([earlier], after), isGood(keys(true).recognised, after)]).toEqual([false, true]);
});

test('a server that never had the earlier key signs with the one that comes from the seal key', () => {
  expect(keys(false).signing().equals(keys(true).signing())).toBe(true);
});
