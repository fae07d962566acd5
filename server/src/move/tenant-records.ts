import { createHash } from 'node:crypto';
import type { Database } from '../platform/database/database.ts';
import type { ArrivedTenant } from '../platform/database/moved-tenants.ts';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import type { Sealer } from '../platform/sealing.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { countRows, insertRows, linkRows, type RecordRow, recordPages } from './record-rows.ts';
import type { RecordTable } from './record-tables.ts';
import { renumberedRow, resealed, rowsOf, type TenantAt } from './tenant-rows.ts';

export interface TenantRecordsMove {
  /** SQLite, which is only read. */
  readonly source: Database;
  readonly target: Database;
  readonly tables: readonly RecordTable[];
  readonly tenant: TenantAt;
  readonly arrived: ArrivedTenant;
  readonly sealers: { readonly source: Sealer; readonly target: Sealer | null };
  readonly progress: MoveProgress;
}

/** The tables that have rows of tenants, and which of them are this one's at each end. */
function ownTables({ tables, tenant, arrived }: TenantRecordsMove) {
  return tables.flatMap((table) => {
    const [here, there] = [rowsOf(table, tenant), rowsOf(table, arrived)];
    return here === null || there === null ? [] : [{ table, here, there }];
  });
}

/** `passes`: how often each row will be looked at in all. */
export async function sumTenantAtSource(move: TenantRecordsMove, passes: number): Promise<PartSum[]> {
  const { source, progress, arrived, sealers } = move;
  let rows = 0;
  for (const { table, here } of ownTables(move)) rows += await countRows(source, table, here);
  progress.expect(rows * passes);
  const sums: PartSum[] = [];
  for (const { table, here } of ownTables(move)) {
    const sum = new RowsSum(table);
    for await (const page of recordPages(source, table, null, here)) {
      for (const row of page)
        sum.add(resealed(table.name, renumberedRow(table.name, row, arrived), sealers.source, null));
      progress.done(page.length);
    }
    sums.push(sum.sum());
  }
  return sums;
}

/** Throws StartRefusal when what is at the target is not what `sums` says. */
export async function compareTenant(
  move: TenantRecordsMove,
  database: Database,
  sums: readonly PartSum[],
): Promise<void> {
  const { progress, sealers } = move;
  const different: string[] = [];
  for (const [i, { table, there }] of ownTables(move).entries()) {
    progress.now(table.name);
    const sum = new RowsSum(table);
    for await (const page of recordPages(database, table, null, there)) {
      for (const row of page) sum.add(sealers.target === null ? row : resealed(table.name, row, sealers.target, null));
      progress.done(page.length);
    }
    if (JSON.stringify(sum.sum()) !== JSON.stringify(sums[i])) different.push(table.name);
  }
  if (different.length > 0)
    throw new StartRefusal({
      zh: `该租户的业务数据与目标数据库不一致：${different.join('、')}`,
      en: `The tenant’s records and the target database differ: ${different.join(', ')}`,
    });
}

/** Brings all rows by `transaction`, and compares them before it ends. */
export async function bringTenant(
  move: TenantRecordsMove,
  transaction: Database,
  sums: readonly PartSum[],
): Promise<void> {
  const { source, progress, arrived, sealers } = move;
  const arriving = (table: RecordTable, row: RecordRow) =>
    resealed(table.name, renumberedRow(table.name, row, arrived), sealers.source, sealers.target);
  for (const { table, here } of ownTables(move)) {
    progress.now(table.name);
    const without = Object.fromEntries(table.toItself.map((column) => [column, null]));
    for await (const page of recordPages(source, table, null, here)) {
      await insertRows(
        transaction,
        table,
        page.map((row) => ({ ...arriving(table, row), ...without })),
      );
      progress.done(page.length);
    }
    if (table.toItself.length === 0) continue;
    for await (const page of recordPages(source, table, null, here)) await linkRows(transaction, table, page);
  }
  await compareTenant(move, transaction, sums);
}

/** Rows in any order: the sum of each row's SHA-256 as JSON, its values in the order of the columns' names. */
class RowsSum {
  readonly #table: RecordTable;
  #rows = 0;
  #sum = 0n;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  add(row: RecordRow): void {
    const text = JSON.stringify(this.#table.columns.map((name) => row[name]));
    this.#sum += BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
    this.#rows++;
  }

  sum(): PartSum {
    const hash = (this.#sum & ((1n << 256n) - 1n)).toString(16).padStart(64, '0');
    return { name: this.#table.name, rows: this.#rows, hash };
  }
}
