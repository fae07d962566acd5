import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { type CopiedTable, copiedTables, type KeyNumbers, keyCondition, partitionCondition } from './copied-tables.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';

/** One tenant's rows, which get other numbers at the target. */
export interface Renumbering {
  readonly tenant: number;
  readonly toTenant: number;
  /** What is added to the number of each series. */
  readonly addToSeries: number;
}

interface PartCopyOptions {
  readonly source: TelemetryEngine;
  readonly target: TelemetryEngine;
  readonly progress: MoveProgress;
  /** Rows in one insert. */
  readonly pieceRows: number;
  /** Null: everybody's rows, as they are. */
  readonly renumbering: Renumbering | null;
}

/** A partition of a table, as it must be at both ends. */
export interface CopiedPart {
  readonly table: CopiedTable;
  readonly name: string;
  readonly where: string;
  /** As the engine counts them, those that merges will replace too. */
  readonly rows: number;
}

export const large = { rowsToRead: 1e12, timeoutMs: 1_800_000 };

export const sameSum = (a: PartSum, b: PartSum) => a.rows === b.rows && a.hash === b.hash;

/** Counts, hashes and copies the parts of the store from one engine to another. */
export function createPartCopy({ source, target, progress, pieceRows, renumbering }: PartCopyOptions) {
  const tables = copiedTables.filter(({ ofTenants }) => ofTenants || renumbering === null);
  const [own, theirs] =
    renumbering === null ? ['1', '1'] : [`tenant = ${renumbering.tenant}`, `tenant = ${renumbering.toTenant}`];

  async function partsAt(engine: TelemetryEngine, whose: string): Promise<CopiedPart[]> {
    const parts: CopiedPart[] = [];
    for (const table of tables) {
      const [names = [], rows = []] = (await engine.query(
        renumbering === null
          ? `SELECT partition, sum(rows) FROM system.parts
             WHERE active AND database = currentDatabase() AND table = '${table.name}' GROUP BY partition ORDER BY partition`
          : `SELECT _partition_id, count() FROM ${table.name} WHERE ${whose} GROUP BY _partition_id ORDER BY _partition_id`,
        {},
        large,
      )) as [string[]?, number[]?];
      for (const [i, partition] of names.entries())
        parts.push({
          table,
          name: table.time === null ? table.name : `${table.name} ${partition}`,
          where: partitionCondition(table, String(partition)),
          rows: Number(rows[i]),
        });
    }
    return parts;
  }

  const columns = new Map<string, readonly string[]>();
  async function columnsOf({ name }: CopiedTable): Promise<readonly string[]> {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const [names = []] = (await source.query(
      `SELECT name FROM system.columns
       WHERE database = currentDatabase() AND table = '${name}' AND default_kind != 'ALIAS' ORDER BY position`,
      {},
    )) as [string[]?];
    columns.set(name, names);
    return names;
  }

  /** The columns of the source as they arrive, where those that change are called `tenant` and `series`. */
  async function arriving(table: CopiedTable, tenant: string, series: string): Promise<string[]> {
    if (renumbering === null) return [...(await columnsOf(table))];
    const { toTenant, addToSeries } = renumbering;
    const changed: Record<string, string> = {
      [tenant]: `toUInt32(${toTenant})`,
      // 0 stands for all series of the tenant.
      [series]: `toUInt32(if(${series} = 0, 0, ${series} + ${addToSeries}))`,
    };
    const was: Record<string, string> = { tenant, series };
    return (await columnsOf(table)).map((name) => changed[was[name] ?? name] ?? name);
  }

  async function sum(engine: TelemetryEngine, { table, name, where }: CopiedPart): Promise<PartSum> {
    const whose = engine === source ? own : theirs;
    const values = engine === source ? await arriving(table, 'tenant', 'series') : await columnsOf(table);
    const [rows, hash] = await engine.query(
      `SELECT count(), toString(sum(cityHash64(${values.join(', ')}))) FROM ${table.from} WHERE ${whose} AND ${where}`,
      {},
      large,
    );
    return { name, rows: Number(rows?.[0] ?? 0), hash: String(hash?.[0] ?? '0') };
  }

  /** Keys at which a partition is cut into pieces. */
  async function cuts({ table, where, rows }: CopiedPart): Promise<KeyNumbers[]> {
    if (rows <= pieceRows || table.key.length === 0) return [];
    const names = table.key.map(({ name }) => name).join(', ');
    const numbers = table.key.map(({ toNumber }) => toNumber).join(', ');
    const answer = (await source.query(
      `SELECT ${numbers} FROM (
         SELECT ${names}, rowNumberInAllBlocks() AS n
         FROM (SELECT ${names} FROM ${table.from} WHERE ${own} AND ${where} ORDER BY ${names})
       ) WHERE n % ${pieceRows} = ${pieceRows - 1} ORDER BY ${names}`,
      {},
      large,
    )) as number[][];
    return (answer[0] ?? []).map((_, row) => answer.map((column) => Number(column[row])));
  }

  /** The rows of a part between two keys, as they arrive. Columns that change are read by other names first. */
  async function select({ table, where }: CopiedPart, between: string): Promise<string> {
    const names = await columnsOf(table);
    const rows = `FROM ${table.from} WHERE ${own} AND ${where} AND ${between}`;
    if (renumbering === null) return `SELECT ${names.join(', ')} ${rows}`;
    const was: Record<string, string> = { tenant: 'tenant AS was_tenant', series: 'series AS was_series' };
    const values = await arriving(table, 'was_tenant', 'was_series');
    return `SELECT ${values.map((value, i) => `${value} AS ${names[i]}`).join(', ')}
      FROM (SELECT ${names.map((name) => was[name] ?? name).join(', ')} ${rows})`;
  }

  /** In Native blocks, which the engine writes itself: bit by bit as they are. */
  async function copy(part: CopiedPart): Promise<void> {
    const { table } = part;
    const ends = [...(await cuts(part)), null];
    let after: KeyNumbers | null = null;
    for (const [i, to] of ends.entries()) {
      const rows = await select(part, keyCondition(table, after, to));
      const block = await source.selectNative(rows, large.timeoutMs);
      // Never a token that the target has seen: what an attempt before has brought may be gone again.
      if (block.length > 0) await target.insertNative(table.name, block, `move-${table.name}-${i}-${Date.now()}`);
      after = to;
    }
    progress.done(part.rows);
  }

  return {
    partsOfSource: () => partsAt(source, own),
    partsOfTarget: () => partsAt(target, theirs),
    sumOfSource: (part: CopiedPart) => sum(source, part),
    sumOfTarget: (part: CopiedPart) => sum(target, part),
    copy,
    /** Of the target's part, as it is there. */
    remove: ({ table, where }: CopiedPart) =>
      target.run(
        `ALTER TABLE ${table.name} DELETE WHERE ${theirs} AND ${where} SETTINGS mutations_sync = 2`,
        large.timeoutMs,
      ),
    async rowsAtTarget(): Promise<number> {
      const [there = []] = (await target.query(
        'SELECT name FROM system.tables WHERE database = currentDatabase()',
        {},
      )) as [string[]?];
      let rows = 0;
      for (const { name, from } of tables) {
        if (!there.includes(name)) continue;
        const [count] = await target.query(`SELECT count() FROM ${from} WHERE ${theirs}`, {}, large);
        rows += Number(count?.[0] ?? 0);
      }
      return rows;
    },
  };
}
