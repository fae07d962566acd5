import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, migrate, openDatabase, openForReading } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { endMove, unfinishedMove } from '../platform/database/unfinished-move.ts';
import { recordMigrations } from '../record-migrations.ts';
import { checkRecords, moveRecords, refuseOtherVersion } from './move-records.ts';

const directory = mkdtempSync(join(tmpdir(), 'luban-move-records-'));
const migrations = recordMigrations;
const none = () => undefined;
const silent = { expect: none, done: none, now: none };
let written: Database;
let source: Database;
let target: Awaited<ReturnType<typeof openTestDatabase>>;
let number = 0;

beforeEach(async () => {
  const file = join(directory, `${number++}.sqlite`);
  written = openDatabase(file);
  await migrate(written, migrations);
  await sql`insert into tenants values ('tenant:a', 1, 'Werk “Süd” 鲁班', 'Asia/Shanghai', 'zh')`.execute(written);
  // Each hangs from one that sorts behind it.
  await sql`insert into sites with recursive number(i) as (select 1200 union all select i - 1 from number where i > 1)
    select printf('site:%05d', i), 'tenant:a', iif(i = 1200, null, printf('site:%05d', i + 1)), 'area', ${"' \\ "} || i
    from number`.execute(written);
  source = openForReading(file);
  target = await openTestDatabase();
});
afterEach(async () => {
  await source.destroy();
  await written.destroy();
  await target.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

const id = (i: number) => `site:${String(i).padStart(5, '0')}`;
const parts = () => ({ source, target: target.database, migrations, progress: silent });

/** Fails when `rows` rows were looked at and copied. */
function cutOff(rows: number) {
  let left = rows;
  return {
    ...silent,
    done(count: number) {
      left -= count;
      if (left < 0) throw new Error('cut off');
    },
  };
}

test('rows that hang from rows behind them arrive, and texts as they are', async () => {
  const moved = await moveRecords(parts());
  expect(moved.find(({ name }) => name === 'sites')).toMatchObject({ rows: 1200 });
  const { rows } = await sql`select name, parent from sites where id = ${id(7)}`.execute(target.database);
  expect(rows).toEqual([{ name: "' \\ 7", parent: id(8) }]);
  expect(await checkRecords(parts())).toEqual(moved);
});

test('cut off after every so many rows, it comes to the same end', async () => {
  for (const rows of [1300, 1800, 2300, 2800])
    await expect(moveRecords({ ...parts(), progress: cutOff(rows) })).rejects.toThrow('cut off');
  expect(await unfinishedMove(target.database)).toMatchObject({ platform: 'tenant:a' });
  await moveRecords(parts());
  await endMove(target.database);
  expect(await unfinishedMove(target.database)).toBeNull();
  expect(await checkRecords(parts())).toHaveLength((await moveRecords(parts())).length);
});

test('a source that was at work between two attempts is moved as it is now', async () => {
  await expect(moveRecords({ ...parts(), progress: cutOff(2300) })).rejects.toThrow('cut off');
  await sql`delete from sites where id = ${id(1)}`.execute(written);
  await sql`update sites set name = 'renamed' where id = ${id(2)}`.execute(written);
  expect((await moveRecords(parts())).find(({ name }) => name === 'sites')).toMatchObject({ rows: 1199 });
});

test('another platform’s unfinished move is refused', async () => {
  await expect(moveRecords({ ...parts(), progress: cutOff(1300) })).rejects.toThrow('cut off');
  await sql`delete from sites`.execute(written);
  await sql`update tenants set id = 'tenant:b'`.execute(written);
  await expect(moveRecords(parts())).rejects.toThrow('holds other data');
});

test('one value that differs is found', async () => {
  await moveRecords(parts());
  await sql`update sites set level = 'line' where id = ${id(600)}`.execute(target.database);
  await expect(checkRecords(parts())).rejects.toThrow('differ: sites');
});

test('records of another version are refused', async () => {
  await sql`delete from kysely_migration where name = '0021-accounting'`.execute(written);
  await expect(refuseOtherVersion(source, migrations)).rejects.toThrow('not of this version');
});
