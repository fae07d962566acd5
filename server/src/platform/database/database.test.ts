import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
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
