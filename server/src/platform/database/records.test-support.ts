import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { type Database, openDatabase } from './database.ts';

/** Set by the cluster tests: the server where each suite makes a database of its own. */
const postgres = process.env.LUBAN_TEST_RECORDS;

interface TestRecords {
  /** For `openDatabase` and the platform's configuration. */
  readonly location: string;
  /** For the files of the same test. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** An empty place for records: SQLite, or PostgreSQL in the cluster tests. */
export async function makeTestRecords(): Promise<TestRecords> {
  const directory = mkdtempSync(join(tmpdir(), 'luban-records-'));
  const clean = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  if (postgres === undefined)
    return { location: join(directory, 'records.sqlite'), directory, remove: async () => clean() };
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2)}`;
  const location = new URL(postgres);
  location.pathname = `/${name}`;
  await askPostgres(postgres, `create database ${name}`);
  return {
    location: location.href,
    directory,
    async remove() {
      clean();
      await askPostgres(postgres, `drop database if exists ${name} with (force)`);
    },
  };
}

/** The rows that PostgreSQL answers, over a connection of its own. */
export async function askPostgres(address: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Ends every connection of PostgreSQL to these records, as a restart of it does. How many there were. */
export async function endConnections(location: string): Promise<number> {
  const ended = await askPostgres(
    location,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  return ended.length;
}

/** `makeTestRecords`, opened. */
export async function openTestDatabase(): Promise<{ database: Database; directory: string; close(): Promise<void> }> {
  const records = await makeTestRecords();
  const database = openDatabase(records.location);
  return {
    database,
    directory: records.directory,
    async close() {
      await database.destroy();
      await records.remove();
    },
  };
}

/** From now on the row of `points` with this series cannot be changed: “disk failed”. */
export async function failPointWrites(database: Database, series: number): Promise<void> {
  if (postgres === undefined) {
    await sql`create trigger broken before update on points when new.series = ${sql.lit(series)}
      begin select raise(abort, 'disk failed'); end`.execute(database);
    return;
  }
  await sql`create function broken() returns trigger language plpgsql as
    'begin raise exception ''disk failed''; end'`.execute(database);
  await sql`create trigger broken before update on points for each row when (new.series = ${sql.lit(series)})
    execute function broken()`.execute(database);
}
