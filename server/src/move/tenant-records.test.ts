import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeNumbers } from '../platform/database/counters.ts';
import { type Database, migrate, openDatabase, openForReading } from '../platform/database/database.ts';
import { type ArrivedTenant, expectTenant } from '../platform/database/moved-tenants.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { openSealer } from '../platform/sealing.ts';
import { recordMigrations } from '../record-migrations.ts';
import { forgetRows } from './forget-tenant.ts';
import { type RecordTable, readRecordTables } from './record-tables.ts';
import { findConflicts } from './tenant-conflicts.ts';
import { bringTenant, compareTenant, sumTenantAtSource, type TenantRecordsMove } from './tenant-records.ts';
import { findTenant, rowsOf } from './tenant-rows.ts';

const directory = mkdtempSync(join(tmpdir(), 'luban-tenant-records-'));
const none = () => undefined;
const progress = { expect: none, done: none, now: none };
const here = openSealer(join(directory, 'here.key'));
const there = openSealer(join(directory, 'there.key'));
const moved = { tenant: 'tenant:m', number: 2 };
let written: Database;
let source: Database;
let target: Awaited<ReturnType<typeof openTestDatabase>>;
let tables: RecordTable[];
let number = 0;

/** A tenant with a row of each kind; `at` is the first number of its series and senders. */
async function addTenant(database: Database, name: string, tenantNumber: number, at: number): Promise<void> {
  const t = `tenant:${name}`;
  const [series] = [await takeNumbers(database, 'series', at + 1), await takeNumbers(database, 'senders', at + 1)];
  expect(series).toBeGreaterThan(0);
  const run = (query: ReturnType<typeof sql>) => query.execute(database);
  await run(sql`insert into tenants values (${t}, ${tenantNumber}, ${name}, 'UTC', 'en')`);
  await run(
    sql`insert into users values (${`user:${name}`}, ${t}, ${name}, ${`${name}@x.example`}, 'owner', null, 'en', 1)`,
  );
  await run(sql`insert into sessions values (${`session ${name}`}, ${`user:${name}`}, 1, 1, 1)`);
  await run(sql`insert into sites values (${`site:${name}1`}, ${t}, null, 'site', 'a')`);
  await run(sql`insert into sites values (${`site:${name}0`}, ${t}, ${`site:${name}1`}, 'line', 'b')`);
  await run(sql`insert into thing_models values (${`model:${name}`}, ${t}, 'm', '{}')`);
  await run(sql`insert into edges (id, tenant, tenant_number, number, name, created_ms, configuration_version)
    values (${`edge:${name}`}, ${t}, ${tenantNumber}, ${at}, 'e', 1, 5)`);
  await run(sql`insert into things (id, tenant, tenant_number, number, key, name, model, created_ms)
    values (${`thing:${name}`}, ${t}, ${tenantNumber}, ${at + 1}, 'k', 'n', ${`model:${name}`}, 1)`);
  await run(sql`insert into points (series, tenant, thing, key, position, type, body, sender)
    values (${at}, ${t}, ${`thing:${name}`}, 'p', 0, 'number', '{}', ${at + 1})`);
  await run(sql`insert into thing_keys values
    (${`key:${name}`}, ${t}, ${`thing:${name}`}, 'k', 'p', ${`hash ${name}`}, 1, 'login', ${here.seal('secret')})`);
  for (const target of [9, 10])
    await run(sql`insert into retention_rules values (${t}, 'point', ${String(target)}, '{}')`);
  await run(
    sql`insert into gaps values (${`gap:${name}`}, ${t}, ${`edge:${name}`}, 1, 2, ${`{"series":[${at}],"why":"x"}`})`,
  );
  await run(sql`insert into accounts values (${`thing:${name}`}, ${tenantNumber}, null, 7, 0)`);
  await run(sql`insert into account_refusals values (${at}, 'malformed', 3, 1)`);
  await run(sql`insert into account_refusals_of values (${at}, ${`thing:${name}`}, 'malformed', 2, 1)`);
}

beforeEach(async () => {
  const file = join(directory, `${number++}.sqlite`);
  written = openDatabase(file);
  await migrate(written, recordMigrations);
  await addTenant(written, 'stays', 1, 100);
  await addTenant(written, 'm', 2, 200);
  source = openForReading(file);
  target = await openTestDatabase();
  await migrate(target.database, recordMigrations);
  await addTenant(target.database, 'other', 1, 200);
  tables = await readRecordTables(source);
});
afterEach(async () => {
  await source.destroy();
  await written.destroy();
  await target.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function moveOf(): Promise<TenantRecordsMove & { arrived: ArrivedTenant }> {
  const arrived = await expectTenant(target.database, moved.tenant, { series: 302, senders: 302 });
  const sealers = { source: here, target: there };
  return { source, target: target.database, tables, tenant: moved, arrived, sealers, progress };
}

const bring = (move: TenantRecordsMove, sums: Awaited<ReturnType<typeof sumTenantAtSource>>) =>
  target.database.transaction().execute((transaction) => bringTenant(move, transaction, sums));

async function rowsAt(table: string): Promise<unknown[]> {
  return (await sql`select * from ${sql.table(table)}`.execute(target.database)).rows;
}

test('of every table it is said whose its rows are', async () => {
  for (const table of tables) rowsOf(table, moved);
  const unknown = { ...tables[0]!, name: 'new_table', columns: ['id'] };
  expect(() => rowsOf(unknown, moved)).toThrow('nobody has said which rows of new_table belong to a tenant');
});

test('a tenant’s rows arrive under numbers that nobody has or had at either end, the other tenants’ stay', async () => {
  const before = await Promise.all(['users', 'points', 'edges', 'accounts'].map(rowsAt));
  const move = await moveOf();
  const sums = await sumTenantAtSource(move, 1);
  await bring(move, sums);
  const { series, senders } = move.arrived;
  expect(move.arrived.number).toBe(2);
  expect(series.added).toBeGreaterThanOrEqual(302);
  expect(await rowsAt('points')).toContainEqual(
    expect.objectContaining({ series: 200 + series.added, sender: 201 + senders.added, thing: 'thing:m' }),
  );
  expect(await rowsAt('edges')).toContainEqual(
    expect.objectContaining({ number: 200 + senders.added, configuration_version: 6 }),
  );
  const targets = (await rowsAt('retention_rules')) as { tenant: string; target: string }[];
  expect(
    targets
      .filter(({ tenant }) => tenant === 'tenant:m')
      .map(({ target }) => target)
      .sort(),
  ).toEqual([String(9 + series.added), String(10 + series.added)].sort());
  expect(await rowsAt('gaps')).toContainEqual(
    expect.objectContaining({ id: 'gap:m', body: `{"series":[${200 + series.added}],"why":"x"}` }),
  );
  expect(await rowsAt('account_refusals')).toContainEqual(
    expect.objectContaining({ sender: 200 + senders.added, samples: 3 }),
  );
  expect(await rowsAt('account_refusals_of')).toContainEqual(
    expect.objectContaining({ sender: 200 + senders.added, holder: 'thing:m', samples: 2 }),
  );
  const keys = (await rowsAt('thing_keys')) as { id: string; sealed: string }[];
  expect(there.unseal(keys.find(({ id }) => id === 'key:m')!.sealed)).toBe('secret');
  expect(await rowsAt('tenants')).toHaveLength(2);
  expect(await rowsAt('sessions')).toHaveLength(2);
  for (const [i, table] of ['users', 'points', 'edges', 'accounts'].entries())
    expect(await rowsAt(table)).toEqual(expect.arrayContaining(before[i]!));
  await compareTenant(move, target.database, sums);
  // Who was expected once gets the same numbers, and new ones only where there are more at home by now.
  expect(await moveOf()).toMatchObject({ arrived: move.arrived });
  const more = await expectTenant(target.database, moved.tenant, { series: 303, senders: 302 });
  expect(more.series.added).toBeGreaterThanOrEqual(series.added + 302);
});

test('a row that does not arrive as it is undoes the whole', async () => {
  const move = await moveOf();
  const sums = await sumTenantAtSource(move, 1);
  const wrong = sums.map((sum) => (sum.name === 'gaps' ? { ...sum, hash: sum.hash.replace(/^./, 'x') } : sum));
  await expect(bring(move, wrong)).rejects.toThrow('differ: gaps');
  expect(await rowsAt('tenants')).toHaveLength(1);
  expect(await rowsAt('points')).toHaveLength(1);
  await bring(move, sums);
  await sql`update points set position = 1 where thing = 'thing:m'`.execute(target.database);
  await expect(compareTenant(move, target.database, sums)).rejects.toThrow('differ: points');
});

test('what may be only once is found at the target, with whose it is', async () => {
  expect(await findConflicts(source, target.database, tables, moved)).toEqual([]);
  await sql`update users set email = 'm@x.example'`.execute(target.database);
  await sql`update thing_keys set hash = 'hash m'`.execute(target.database);
  const found = await findConflicts(source, target.database, tables, moved);
  expect(found).toContainEqual({ table: 'users', columns: ['email'], values: ['m@x.example'], tenant: 'tenant:other' });
  expect(found).toContainEqual({ table: 'thing_keys', columns: ['hash'], values: ['hash m'], tenant: 'tenant:other' });
  expect(found).toHaveLength(2);
});

test('a tenant is found by its id or its name', async () => {
  expect(await findTenant(source, 'm')).toEqual(moved);
  expect(await findTenant(source, 'tenant:m')).toEqual(moved);
  await expect(findTenant(source, 'x')).rejects.toThrow('There is no tenant x');
  await sql`update tenants set name = 'm'`.execute(written);
  await expect(findTenant(source, 'm')).rejects.toThrow('Several tenants are called m');
});

test('what is kept of a tenant that has moved can be removed; the others’ rows stay', async () => {
  const own = async (name: string) => {
    const all: Record<string, unknown[]> = {};
    for (const table of tables) {
      const { rows } = await sql`select * from ${sql.table(table.name)}`.execute(written);
      all[table.name] = rows.filter((row) => JSON.stringify(row).includes(name));
    }
    return all;
  };
  const [stays, counted] = [await own('stays'), await sql`select * from account_refusals`.execute(written)];
  await forgetRows(written, tables, moved);
  expect(await own('stays')).toEqual(stays);
  expect(Object.values(await own(':m')).flat()).toEqual([]);
  expect((await sql`select * from account_refusals`.execute(written)).rows).toEqual([counted.rows[0]]);
  expect((await sql`select * from accounts where tenant_number = 2`.execute(written)).rows).toEqual([]);
});
