import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from './database/database.ts';
import { openTestDatabase } from './database/records.test-support.ts';
import { openSealKey, sealKeyMigrations } from './seal-key.ts';
import { openSealer } from './sealing.ts';

let records: Awaited<ReturnType<typeof openTestDatabase>>;
let folder: string;
beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, sealKeyMigrations);
  folder = mkdtempSync(join(tmpdir(), 'luban-seal-key-'));
});
afterEach(async () => {
  await records.close();
  rmSync(folder, { recursive: true });
});

/** As a server with this data folder does at its start. */
const open = (name: string, given?: string, sealed: string | null = null) =>
  openSealKey({
    database: records.database,
    directory: join(folder, name),
    given,
    sealedSecret: async () => sealed,
  });
const put = (name: string, content: string | Buffer) => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

test('the first server makes the key in its data folder; another one is refused until it has the same', async () => {
  const directory = mkdtempSync(join(folder, 'first-'));
  const options = { database: records.database, given: undefined, sealedSecret: async () => null };
  const key = await openSealKey({ ...options, directory });
  expect((await openSealKey({ ...options, directory })).unseal(key.seal('a'))).toBe('a');

  const second = mkdtempSync(join(folder, 'second-'));
  await expect(openSealKey({ ...options, directory: second })).rejects.toThrow(
    /There is no seal key .*second-\w+.seal.key/,
  );
  expect(existsSync(join(second, 'seal.key')), 'no key is made that could read nothing').toBe(false);
  openSealer(join(second, 'seal.key'));
  await expect(openSealKey({ ...options, directory: second })).rejects.toThrow('is not the key that these records');

  const given = join(directory, 'seal.key');
  expect((await openSealKey({ ...options, directory: second, given })).fingerprint).toBe(key.fingerprint);
});

test('a key that is given by a file is taken as bytes or in hexadecimal, and never made', async () => {
  const absent = join(folder, 'absent');
  await expect(open('data', absent)).rejects.toThrow(`There is no seal key ${absent}`);
  expect(existsSync(absent)).toBe(false);
  await expect(open('data', put('short', 'abc'))).rejects.toThrow('must hold 32 bytes or 64 hexadecimal digits, not 3');
  await expect(open('data', put('letters', 'g'.repeat(64)))).rejects.toThrow('must hold 32 bytes');
  const bytes = Buffer.alloc(32, 0xa7);
  const key = await open('data', put('bytes', bytes));
  const same = await open('data', put('text', `${bytes.toString('hex')}\n`));
  expect(same.unseal(key.seal('a'))).toBe('a');
});

test('records from before there was a fingerprint take the key that opens what they hold, and no other', async () => {
  const right = put('right', Buffer.alloc(32, 1));
  const wrong = put('wrong', Buffer.alloc(32, 2));
  const sealed = openSealer(right).seal('device secret');
  await expect(open('data', wrong, sealed)).rejects.toThrow(`${wrong} is not the key`);
  await open('data', right, sealed);
  await expect(open('data', wrong, null)).rejects.toThrow(`${wrong} is not the key`);
});

test('of two servers that start on new records at the same moment one is refused', async () => {
  const files = [put('a', Buffer.alloc(32, 1)), put('b', Buffer.alloc(32, 2))];
  const opened = await Promise.allSettled(files.map((file) => open('data', file)));
  expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('keys that are derived differ by their purpose, and are the same on every server', () => {
  const file = put('key', Buffer.alloc(32, 3));
  const [one, other] = [openSealer(file), openSealer(file)];
  expect(one.derive('access tokens').equals(other.derive('access tokens'))).toBe(true);
  expect(one.derive('access tokens').equals(one.derive('other'))).toBe(false);
  expect(one.derive('access tokens')).toHaveLength(32);
});
