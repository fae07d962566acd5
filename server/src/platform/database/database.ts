import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, type Logger, type Migration, Migrator, SqliteAdapter, SqliteDialect, sql } from 'kysely';
import Libsql from 'libsql';
import { StartRefusal } from '../start-refusal.ts';
import type { Database } from './database-contract.ts';
import { openPostgres } from './postgres.ts';
import { isPostgresAddress } from './postgres-address.ts';

export type { Database } from './database-contract.ts';

/**
 * Opens the records: PostgreSQL for an address `postgres://…`, SQLite for a file. Queries and migrations use only what
 * both have. Whole numbers come as numbers, text sorts by its bytes, and a transaction is as if it were alone: on
 * PostgreSQL what it runs may run again, so it touches nothing but the database.
 * `writer` names who writes, for `RecordChanges`; `log` hears of each statement that was run.
 * A PostgreSQL that cannot be reached makes queries throw Refusal `records.unavailable`; they work again when it is back.
 */
export function openDatabase(location: string, writer = 'luban', log: Logger | undefined = undefined): Database {
  return isPostgresAddress(location) ? openPostgres(location, writer, log) : openSqlite(location, log);
}

/** SQLite (libsql). What is committed is on disk: WAL with full sync. */
function openSqlite(file: string, log: Logger | undefined): Database {
  mkdirSync(dirname(file), { recursive: true });
  // It holds what edges sign in to devices with: nobody else on this machine reads it. SQLite's own files follow suit.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  refuseDamage(file);
  const connection = new Libsql(file);
  connection.exec('PRAGMA journal_mode = WAL');
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA foreign_keys = ON');
  connection.exec('PRAGMA busy_timeout = 5000');
  // What a damaged WAL holds counts as never written, without a word: it holds nothing longer than it must.
  const emptyWal = () => once(file, (other) => other.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  emptyWal();
  const database = {
    // libsql keeps better-sqlite3's interface, which is what the dialect wants.
    prepare: (query: string) => connection.prepare(query) as never,
    close() {
      emptyWal();
      connection.close();
    },
  };
  return new Kysely({ dialect: new SqliteDialect({ database }), ...(log && { log }) });
}

/** The records in SQLite's `file`, which is only read: no upgrade, no repair, nothing is written. */
export function openForReading(file: string): Database {
  return new Kysely({ dialect: new SqliteDialect({ database: new Libsql(file, { readonly: true }) as never }) });
}

/** By a connection of its own: a statement that libsql keeps open would stand in the way. */
function once<T>(file: string, work: (connection: Libsql.Database) => T): T {
  const connection = new Libsql(file);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/** A damaged file would answer some questions and fail others: better no start than half of the records. */
function refuseDamage(file: string): void {
  let found: string;
  let cause: unknown;
  try {
    found = once(file, (other) => {
      const [answer] = other.prepare('PRAGMA quick_check(1)').all() as { quick_check?: string }[];
      return answer?.quick_check ?? 'no answer';
    });
  } catch (error) {
    if (!/malformed|not a database|corrupt/i.test(String(error))) throw error;
    found = error instanceof Error ? error.message : String(error);
    cause = error;
  }
  if (found === 'ok') return;
  throw new StartRefusal(
    {
      zh: `业务数据文件 ${file} 已损坏（${found}）；请保留该文件，并从备份恢复`,
      en: `The file of records ${file} is damaged (${found}). Keep it aside and restore it from a backup`,
    },
    { cause },
  );
}

/** Rejects when the database does not answer. */
export async function probeDatabase(database: Database): Promise<void> {
  await sql`select 1`.execute(database);
}

/** Names of the migrations that this database has had, in their order. */
export async function executedMigrations(database: Database): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database);
  return rows.map(({ name }) => name);
}

/** False where the records are in a database server, which has its own tools to copy them. */
export function isOneFile(database: Database): boolean {
  return database.getExecutor().adapter instanceof SqliteAdapter;
}

/** Writes the records as they are at this moment into a new file, whole and compact. Only where `isOneFile`. */
export async function copyDatabase(database: Database, file: string): Promise<void> {
  await sql`vacuum into ${file}`.execute(database);
}

/** Brings the tables to this version. Names sort in the order of their making. Throws at the first that fails. */
export async function migrate(database: Database, migrations: Record<string, Migration>): Promise<void> {
  // Servers that start at once wait here for each other, and each must then see what the other has done: in a
  // transaction of a plain Kysely, which does not stay at the moment of its first question as ours do.
  const plain = database.withoutPlugins();
  const migrator = new Migrator({ db: plain, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'unknown';
    throw new Error(`the database migration ${failed} failed`, { cause: error });
  }
}
