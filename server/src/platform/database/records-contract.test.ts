import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counterMigrations, takeNumbers } from './counters.ts';
import { type Database, migrate, openDatabase } from './database.ts';
import { makeTestRecords } from './records.test-support.ts';

/** What the features rely on, on whichever engine the records are. */
type Tables = { notes: { id: string; at_ms: number; body: string | null } };

const migrations = {
  ...counterMigrations,
  '9000-notes': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('notes')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('body', 'text')
        .execute();
    },
  },
};

let records: Awaited<ReturnType<typeof makeTestRecords>>;
let first: Database;
/** A second server on the same records; SQLite has one process only, so there it is the same. */
let second: Database;
const shared = process.env.LUBAN_TEST_RECORDS !== undefined;
const notes = (database: Database) => database.withTables<Tables>();

beforeAll(async () => {
  records = await makeTestRecords();
  first = openDatabase(records.location);
  second = shared ? openDatabase(records.location) : first;
  await Promise.all([...new Set([first, second])].map((database) => migrate(database, migrations)));
});
afterAll(async () => {
  await first.destroy();
  if (shared) await second.destroy();
  await records.remove();
});

test('whole numbers come back as numbers, counted and summed too', async () => {
  const at = Number.MAX_SAFE_INTEGER;
  await notes(first).insertInto('notes').values({ id: 'n', at_ms: at, body: null }).execute();
  const row = await notes(first)
    .selectFrom('notes')
    .select((eb) => ['at_ms', eb.fn.countAll().as('count'), eb.fn.sum('at_ms').as('sum')])
    .groupBy('at_ms')
    .executeTakeFirst();
  expect(row).toEqual({ at_ms: at, count: 1, sum: at });
  await notes(first).deleteFrom('notes').execute();
});

test('text sorts by its bytes, so that pages by cursor leave nothing out', async () => {
  const ids = ['B', 'a', 'Z-1', 'z-1', 'ä', '_', '鲁', '班', '10', '9', 'a b', 'ab', 'A'];
  await notes(first)
    .insertInto('notes')
    .values(ids.map((id) => ({ id, at_ms: 0, body: id })))
    .execute();
  const byBytes = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const seen: string[] = [];
  for (let after = ''; ; after = seen.at(-1)!) {
    const page = await notes(first)
      .selectFrom('notes')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(3)
      .execute();
    if (page.length === 0) break;
    seen.push(...page.map(({ id }) => id));
  }
  expect(seen).toEqual(byBytes);
  const sorted = await notes(first).selectFrom('notes').select('body').orderBy('body').execute();
  expect(sorted.map(({ body }) => body)).toEqual(byBytes);
  await notes(first).deleteFrom('notes').execute();
});

test('transactions that meet are as if one came after the other', async () => {
  await notes(first).insertInto('notes').values({ id: 'sum', at_ms: 0, body: null }).execute();
  const add = (database: Database) =>
    notes(database)
      .transaction()
      .execute(async (transaction) => {
        const { at_ms } = await transaction
          .selectFrom('notes')
          .select('at_ms')
          .where('id', '=', 'sum')
          .executeTakeFirstOrThrow();
        await transaction
          .updateTable('notes')
          .set({ at_ms: at_ms + 1 })
          .where('id', '=', 'sum')
          .execute();
      });
  await Promise.all(Array.from({ length: 20 }, (_, i) => add(i % 2 === 0 ? first : second)));
  const rows = await notes(second).selectFrom('notes').select('at_ms').execute();
  expect(rows).toEqual([{ at_ms: 20 }]);
});

test('a transaction that throws leaves nothing behind', async () => {
  const failing = notes(first)
    .transaction()
    .execute(async (transaction) => {
      await transaction.insertInto('notes').values({ id: 'half', at_ms: 1, body: null }).execute();
      throw new Error('changed my mind');
    });
  await expect(failing).rejects.toThrow('changed my mind');
  expect(await notes(first).selectFrom('notes').select('id').where('id', '=', 'half').execute()).toEqual([]);
});

test('a number of a counter is given once, whoever asks', async () => {
  const given = await Promise.all(
    Array.from({ length: 40 }, (_, i) => takeNumbers(i % 2 === 0 ? first : second, 'seats')),
  );
  expect([...given].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});
