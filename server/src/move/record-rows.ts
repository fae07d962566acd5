import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { PartSum } from '../platform/moved-parts.ts';
import type { RecordTable } from './record-tables.ts';

export type RecordRow = Readonly<Record<string, string | number | null>>;

const rowsAtOnce = 500;

/**
 * All rows in the order of the primary key, or those after the row that is given; so many at once as memory bears.
 * `where`: only some.
 */
export async function* recordPages(
  database: Database,
  table: RecordTable,
  after: RecordRow | null = null,
  where: RawBuilder<unknown> = sql`1 = 1`,
): AsyncGenerator<readonly RecordRow[]> {
  const key = sql.join(table.key.map((column) => sql.ref(column)));
  const columns = sql.join(table.columns.map((column) => sql.ref(column)));
  for (let last = after; ; ) {
    const before = last;
    const rest = before === null ? sql`` : sql`and (${key}) > (${sql.join(table.key.map((column) => before[column]))})`;
    const { rows } = await sql<RecordRow>`select ${columns} from ${sql.table(table.name)} where ${where} ${rest}
      order by ${key} limit ${sql.lit(rowsAtOnce)}`.execute(database);
    if (rows.length > 0) yield rows;
    if (rows.length < rowsAtOnce) return;
    last = rows.at(-1)!;
  }
}

/** The row with the greatest primary key; null in an empty table. */
export async function lastRow(database: Database, table: RecordTable): Promise<RecordRow | null> {
  const backwards = sql.join(table.key.map((column) => sql`${sql.ref(column)} desc`));
  const { rows } = await sql<RecordRow>`select ${sql.join(table.key.map((column) => sql.ref(column)))}
    from ${sql.table(table.name)} order by ${backwards} limit 1`.execute(database);
  return rows[0] ?? null;
}

export async function countRows(
  database: Database,
  table: RecordTable,
  where: RawBuilder<unknown> = sql`1 = 1`,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.table(table.name)} where ${where}`.execute(database);
  return Number(rows[0]?.count ?? 0);
}

/** SHA-256 over each row as JSON: its values in the order of the columns' names, rows in the order of the key. */
export async function sumTable(
  database: Database,
  table: RecordTable,
  onRows: (rows: number) => void,
  change: (row: RecordRow) => RecordRow = (row) => row,
): Promise<PartSum> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const rows of recordPages(database, table)) {
    for (const row of rows.map(change)) hash.update(`${JSON.stringify(table.columns.map((name) => row[name]))}\n`);
    count += rows.length;
    onRows(rows.length);
  }
  return { name: table.name, rows: count, hash: hash.digest('hex') };
}

/** At once or not at all. */
export async function insertRows(database: Database, table: RecordTable, rows: readonly RecordRow[]): Promise<void> {
  const values = rows.map((row) => sql`(${sql.join(table.columns.map((column) => row[column]))})`);
  await sql`insert into ${sql.table(table.name)} (${sql.join(table.columns.map((column) => sql.ref(column)))})
    values ${sql.join(values)}`.execute(database);
}

/** Rows that point to rows of the same table came without: now that all are there, they get it. Again at will. */
export async function linkRows(database: Database, table: RecordTable, rows: readonly RecordRow[]): Promise<void> {
  for (const row of rows) {
    const set = table.toItself.filter((column) => row[column] !== null);
    if (set.length === 0) continue;
    const changes = set.map((column) => sql`${sql.ref(column)} = ${row[column]}`);
    const where = table.key.map((column) => sql`${sql.ref(column)} = ${row[column]}`);
    await sql`update ${sql.table(table.name)} set ${sql.join(changes)} where ${sql.join(where, sql` and `)}`.execute(
      database,
    );
  }
}
