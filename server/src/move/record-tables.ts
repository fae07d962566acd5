import { sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';

/** A table of the records, as SQLite describes it. */
export interface RecordTable {
  readonly name: string;
  /** In the order of their names. */
  readonly columns: readonly string[];
  /** The primary key, in its order. */
  readonly key: readonly string[];
  /** Columns that point to another row of the same table. */
  readonly toItself: readonly string[];
}

/** All tables of the records in SQLite, each after those that its rows point to. */
export async function readRecordTables(source: Database): Promise<RecordTable[]> {
  const { rows } = await sql<{ name: string }>`select name from sqlite_master
    where type = 'table' and name not like 'sqlite_%' and name not like 'kysely_%' and name <> 'unfinished_move' order by name`.execute(
    source,
  );
  const waiting = new Map<string, { table: RecordTable; parents: Set<string> }>();
  for (const { name } of rows) {
    const columns = await sql<{ name: string; pk: number }>`
      select name, pk from pragma_table_info(${name}) order by name`.execute(source);
    const links = await sql<{ table: string; from: string }>`
      select "table", "from" from pragma_foreign_key_list(${name})`.execute(source);
    const key = columns.rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    if (key.length === 0) throw new Error(`the table ${name} has no primary key: its rows cannot be told apart`);
    waiting.set(name, {
      table: {
        name,
        columns: columns.rows.map((column) => column.name),
        key: key.map((column) => column.name),
        toItself: links.rows.filter(({ table }) => table === name).map(({ from }) => from),
      },
      parents: new Set(links.rows.map(({ table }) => table).filter((table) => table !== name)),
    });
  }
  const ordered: RecordTable[] = [];
  while (waiting.size > 0) {
    const free = [...waiting.values()].filter(({ parents }) => ![...parents].some((parent) => waiting.has(parent)));
    if (free.length === 0) throw new Error(`these tables point to each other: ${[...waiting.keys()].join(', ')}`);
    for (const { table } of free) {
      ordered.push(table);
      waiting.delete(table.name);
    }
  }
  return ordered;
}
