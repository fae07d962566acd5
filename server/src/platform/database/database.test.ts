import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { counterMigrations } from './counters.ts';
import { migrate, openDatabase } from './database.ts';

test('the records are for the platform’s user alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'luban-records-'));
  const database = openDatabase(join(directory, 'records.sqlite'));
  await migrate(database, counterMigrations);
  const modes = readdirSync(directory).map((name) => [
    name,
    (statSync(join(directory, name)).mode & 0o777).toString(8),
  ]);
  expect(modes.length).toBeGreaterThan(1);
  expect(modes).toEqual(modes.map(([name]) => [name, '600']));
  await database.destroy();
  rmSync(directory, { recursive: true });
});

test('a damaged file is refused by name, and after a stop everything is in the file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'luban-records-'));
  const file = join(directory, 'records.sqlite');
  const database = openDatabase(file);
  await migrate(database, counterMigrations);
  await database.destroy();
  expect(readdirSync(directory).filter((name) => statSync(join(directory, name)).size > 0)).toContain('records.sqlite');
  expect(statSync(file).size).toBeGreaterThan(8192);
  rmSync(`${file}-wal`, { force: true });
  const again = openDatabase(file);
  await migrate(again, counterMigrations);
  await again.destroy();
  writeFileSync(file, Buffer.alloc(8192, 0x5a), { flag: 'r+' });
  expect(() => openDatabase(file)).toThrow(/损坏.*\n.*records\.sqlite is damaged/);
  rmSync(directory, { recursive: true });
});
