import { createHash } from 'node:crypto';
import { type Migration, sql } from 'kysely';
import { type Database, executedMigrations, migrate } from '../platform/database/database.ts';
import { beginMove, type MoveSource, unfinishedMove } from '../platform/database/unfinished-move.ts';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { countRows, insertRows, lastRow, linkRows, type RecordRow, recordPages, sumTable } from './record-rows.ts';
import { type RecordTable, readRecordTables } from './record-tables.ts';

interface RecordsMove {
  /** Only read. */
  readonly source: Database;
  readonly target: Database;
  /** Absent: all those of the source, which is SQLite then. */
  readonly tables?: readonly RecordTable[];
  readonly migrations: Record<string, Migration>;
  readonly progress: MoveProgress;
  /** Where the log begins, when another one takes its place: what is counted goes up to there. */
  readonly countedTo?: number | undefined;
}

/** The records of a stopped platform, seen whole once: what there is, and how it is recognised at the other end. */
interface SeenRecords {
  readonly tables: readonly RecordTable[];
  readonly sums: readonly PartSum[];
  readonly move: MoveSource;
}

/**
 * Carries all records over and leaves the target marked as unfinished: `endMove` when the other parts are there too.
 * Killed at any moment, it goes on where it was. A target that holds the same already is left as it is. Throws
 * StartRefusal for a target that holds anything else.
 */
export async function moveRecords(move: RecordsMove): Promise<PartSum[]> {
  const { target, migrations, progress } = move;
  const seen = await seeRecords(move, 3);
  const begun = await unfinishedMove(target);
  if (begun === null && !(await isEmpty(target, seen.tables))) {
    if (await isSame(target, migrations, seen, progress)) return [...seen.sums];
    throw holdsOther();
  }
  if (begun !== null && begun.platform !== seen.move.platform) throw holdsOther();
  if (begun === null) await beginMove(target, seen.move);
  await migrate(target, migrations);
  // The source has been at work since the attempt before: what came over then may be old.
  if (begun !== null && begun.fingerprint !== seen.move.fingerprint) {
    await empty(target, seen.tables);
    await beginMove(target, seen.move);
  }
  for (const table of seen.tables) await copyTable(move, table);
  return compareRecords(target, seen, progress);
}

/** Compares only. Throws StartRefusal when they differ. */
export async function checkRecords(move: RecordsMove): Promise<PartSum[]> {
  const { target, migrations, progress } = move;
  const seen = await seeRecords(move, 2);
  const known = Object.keys(migrations).sort();
  if (JSON.stringify(await executedMigrations(target)) !== JSON.stringify(known)) throw differs(['kysely_migration']);
  return compareRecords(target, seen, progress);
}

/** Throws StartRefusal for records that this version has not brought to its own. */
export async function refuseOtherVersion(source: Database, migrations: Record<string, Migration>): Promise<void> {
  const executed = await executedMigrations(source);
  if (JSON.stringify(executed) === JSON.stringify(Object.keys(migrations).sort())) return;
  throw new StartRefusal({
    zh: '要迁移的业务数据不是本版本的格式；请先用本版本启动并停止平台一次，再迁移',
    en: 'The records that are to move are not of this version. Start and stop the platform once with this version, then move it',
  });
}

/** By what a platform is known: the id of its first tenant. Throws StartRefusal when it has none. */
export async function platformOf(source: Database): Promise<string> {
  const { rows } = await sql<{ id: string }>`select id from tenants order by number limit 1`.execute(source);
  if (rows[0] !== undefined) return rows[0].id;
  throw new StartRefusal({
    zh: '该平台尚未设置（没有租户），没有需要迁移的数据；直接使用集群引擎启动即可',
    en: 'This platform has not been set up (it has no tenant): there is nothing to move. Start it on the other engines at once',
  });
}

/** `passes`: how often each row will be looked at in all. */
async function seeRecords(move: RecordsMove, passes: number): Promise<SeenRecords> {
  const { source, progress } = move;
  const tables = move.tables ?? (await readRecordTables(source));
  let rows = 0;
  for (const table of tables) rows += await countRows(source, table);
  progress.expect(rows * passes);
  const sums: PartSum[] = [];
  for (const table of tables) {
    progress.now(table.name);
    sums.push(await sumTable(source, table, progress.done, arriving(move, table)));
  }
  const fingerprint = createHash('sha256').update(JSON.stringify(sums)).digest('hex');
  return { tables, sums, move: { platform: await platformOf(source), fingerprint } };
}

async function isEmpty(target: Database, tables: readonly RecordTable[]): Promise<boolean> {
  const known = new Map(tables.map((table) => [table.name, table]));
  for (const { name } of await target.introspection.getTables()) {
    const table = known.get(name);
    if (table === undefined || (await countRows(target, table)) > 0) return false;
  }
  return true;
}

async function isSame(
  target: Database,
  migrations: Record<string, Migration>,
  seen: SeenRecords,
  progress: MoveProgress,
): Promise<boolean> {
  const executed = await executedMigrations(target);
  if (JSON.stringify(executed) !== JSON.stringify(Object.keys(migrations).sort())) return false;
  return (await differences(target, seen, progress)).length === 0;
}

async function empty(target: Database, tables: readonly RecordTable[]): Promise<void> {
  for (const table of [...tables].reverse()) {
    for (const column of table.toItself)
      await sql`update ${sql.table(table.name)} set ${sql.ref(column)} = null`.execute(target);
    await sql`delete from ${sql.table(table.name)}`.execute(target);
  }
}

/** A row as it must be at the target. */
function arriving({ countedTo }: RecordsMove, table: RecordTable): (row: RecordRow) => RecordRow {
  return countedTo === undefined || table.name !== 'accounting_progress'
    ? (row) => row
    : (row) => ({ ...row, position: countedTo });
}

/** Rows go over in the order of their key, so what is there already is a beginning of it. */
async function copyTable(move: RecordsMove, table: RecordTable): Promise<void> {
  const { source, target, progress } = move;
  const arrive = arriving(move, table);
  progress.now(table.name);
  progress.done(await countRows(target, table));
  for await (const rows of recordPages(source, table, await lastRow(target, table))) {
    const without = Object.fromEntries(table.toItself.map((column) => [column, null]));
    await insertRows(
      target,
      table,
      rows.map((row) => ({ ...arrive(row), ...without })),
    );
    progress.done(rows.length);
  }
  if (table.toItself.length === 0) return;
  for await (const rows of recordPages(source, table)) await linkRows(target, table, rows);
}

async function compareRecords(target: Database, seen: SeenRecords, progress: MoveProgress): Promise<PartSum[]> {
  const different = await differences(target, seen, progress);
  if (different.length > 0) throw differs(different);
  return [...seen.sums];
}

/** Names of the tables that are not the same at both ends. */
async function differences(target: Database, seen: SeenRecords, progress: MoveProgress): Promise<string[]> {
  const different: string[] = [];
  for (const [i, table] of seen.tables.entries()) {
    progress.now(table.name);
    const there = await sumTable(target, table, progress.done);
    if (JSON.stringify(there) !== JSON.stringify(seen.sums[i])) different.push(table.name);
  }
  return different;
}

function holdsOther(): StartRefusal {
  return new StartRefusal({
    zh: '--records 指定的数据库中已有其他数据；请指定一个空数据库。未做任何更改',
    en: 'The database that --records names holds other data. Name an empty one. Nothing has been changed',
  });
}

function differs(tables: readonly string[]): StartRefusal {
  return new StartRefusal({
    zh: `业务数据与目标数据库不一致：${tables.join('、')}`,
    en: `The records and the target database differ: ${tables.join(', ')}`,
  });
}
