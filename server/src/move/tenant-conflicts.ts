import { sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { RecordRow } from './record-rows.ts';
import { recordPages } from './record-rows.ts';
import type { RecordTable } from './record-tables.ts';
import { rowsOf, type TenantAt } from './tenant-rows.ts';

/** Something that may be only once on a platform, and is at the target already. */
export interface TenantConflict {
  readonly table: string;
  readonly columns: readonly string[];
  readonly values: readonly (string | number)[];
  /** Whose it is there; null where its table does not say. */
  readonly tenant: string | null;
}

/** These are given anew at the target. */
const renumbered = new Set(['number', 'series', 'sender', 'tenant_number', 'edge_number']);
/** In one statement. */
const rowsAtOnce = 200;
const shownAtMost = 20;

/** What of a tenant's rows stands in the way of others' at the target; at most twenty. Only reads. */
export async function findConflicts(
  source: Database,
  target: Database,
  tables: readonly RecordTable[],
  of: TenantAt,
): Promise<TenantConflict[]> {
  const found: TenantConflict[] = [];
  for (const table of tables) {
    const where = rowsOf(table, of);
    if (where === null) continue;
    const once = await uniqueColumns(source, table);
    if (once.length === 0) continue;
    for await (const page of recordPages(source, table, null, where))
      for (let i = 0; i < page.length; i += rowsAtOnce)
        for (const columns of once) {
          found.push(...(await taken(target, table, columns, page.slice(i, i + rowsAtOnce))));
          if (found.length >= shownAtMost) return found.slice(0, shownAtMost);
        }
  }
  return found;
}

/** Sets of columns that may have the same values only once, but for those that are given anew. */
async function uniqueColumns(source: Database, { name }: RecordTable): Promise<string[][]> {
  const indexes = await sql<{ name: string }>`select name from pragma_index_list(${name}) where "unique" = 1`.execute(
    source,
  );
  const all: string[][] = [];
  for (const index of indexes.rows) {
    const { rows } = await sql<{ name: string }>`select name from pragma_index_info(${index.name})`.execute(source);
    const columns = rows.map((column) => column.name);
    if (!columns.some((column) => renumbered.has(column))) all.push(columns);
  }
  return all;
}

async function taken(
  target: Database,
  table: RecordTable,
  columns: readonly string[],
  rows: readonly RecordRow[],
): Promise<TenantConflict[]> {
  const values = rows.map((row) => columns.map((column) => row[column])).filter((one) => !one.includes(null));
  if (values.length === 0) return [];
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const whose = table.columns.includes('tenant') ? sql.ref('tenant') : sql`null`;
  const there = await sql<RecordRow & { whose: string | null }>`
    select ${names}, ${whose} as whose from ${sql.table(table.name)}
    where (${names}) in (${sql.join(values.map((one) => sql`(${sql.join(one)})`))})`.execute(target);
  return there.rows.map((row) => ({
    table: table.name,
    columns,
    values: columns.map((column) => row[column]!),
    tenant: row.whose,
  }));
}
