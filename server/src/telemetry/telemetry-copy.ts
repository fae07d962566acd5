import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { createChdbEngine } from './chdb-engine.ts';
import { parseClickhouseAddress } from './clickhouse-address.ts';
import { createClickhouseEngine } from './clickhouse-engine.ts';
import { type CopiedTable, copiedTables, type KeyNumbers, keyCondition, partitionCondition } from './copied-tables.ts';
import { createRemovalStore } from './removal-store.ts';
import { createRollupStore } from './rollup-store.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTelemetryStore } from './telemetry-store.ts';
import { beginTelemetryMove, endTelemetryMove, telemetryMove } from './unfinished-copy.ts';

interface TelemetryCopyOptions {
  /** chDB of a stopped platform, in a folder that may be written. */
  readonly source: TelemetryEngine;
  readonly target: TelemetryEngine;
  /** The id of its first tenant: whose move this is. */
  readonly platform: string;
  readonly progress: MoveProgress;
  /** Rows in one insert; default 200,000. */
  readonly pieceRows?: number;
}

/** A partition of a table, as it must be at both ends. */
interface CopiedPart {
  readonly table: CopiedTable;
  readonly name: string;
  readonly where: string;
  /** As the engine counts them, those that merges will replace too. */
  readonly rows: number;
}

const large = { rowsToRead: 1e12, timeoutMs: 1_800_000 };

/** The store's tables from one engine to another, partition by partition. Both engines run. */
export function createTelemetryCopy(options: TelemetryCopyOptions) {
  const { source, target, progress, pieceRows = 200_000 } = options;
  const platform = Number.parseInt(createHash('sha256').update(options.platform).digest('hex').slice(0, 12), 16);

  async function readParts(passes: number): Promise<CopiedPart[]> {
    const parts: CopiedPart[] = [];
    for (const table of copiedTables) {
      const [names = [], rows = []] = (await source.query(
        `SELECT partition, sum(rows) FROM system.parts
         WHERE active AND database = currentDatabase() AND table = '${table.name}' GROUP BY partition ORDER BY partition`,
        {},
      )) as [string[]?, number[]?];
      for (const [i, partition] of names.entries())
        parts.push({
          table,
          name: table.time === null ? table.name : `${table.name} ${partition}`,
          where: partitionCondition(table, partition),
          rows: Number(rows[i]),
        });
    }
    progress.expect(parts.reduce((sum, { rows }) => sum + rows, 0) * passes);
    return parts;
  }

  const columns = new Map<string, string>();
  async function columnsOf({ name }: CopiedTable): Promise<string> {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const [names = []] = (await source.query(
      `SELECT name FROM system.columns
       WHERE database = currentDatabase() AND table = '${name}' AND default_kind != 'ALIAS' ORDER BY position`,
      {},
    )) as [string[]?];
    columns.set(name, names.join(', '));
    return names.join(', ');
  }

  async function sum(engine: TelemetryEngine, { table, name, where }: CopiedPart): Promise<PartSum> {
    const [rows, hash] = await engine.query(
      `SELECT count(), toString(sum(cityHash64(${await columnsOf(table)}))) FROM ${table.from} WHERE ${where}`,
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
         SELECT ${names}, rowNumberInAllBlocks() AS n FROM (SELECT ${names} FROM ${table.from} WHERE ${where} ORDER BY ${names})
       ) WHERE n % ${pieceRows} = ${pieceRows - 1} ORDER BY ${names}`,
      {},
      large,
    )) as number[][];
    return (answer[0] ?? []).map((_, row) => answer.map((column) => Number(column[row])));
  }

  /** Through a file: chDB writes the Native blocks itself, bit by bit as they are. */
  async function copy(part: CopiedPart, folder: string): Promise<void> {
    const { table, where } = part;
    const ends = [...(await cuts(part)), null];
    let after: KeyNumbers | null = null;
    for (const [i, to] of ends.entries()) {
      const file = join(folder, `${table.name}-${i}.native`);
      await source.run(
        `INSERT INTO FUNCTION file('${file.replaceAll(/['\\]/g, '\\$&')}', 'Native')
         SELECT ${await columnsOf(table)} FROM ${table.from} WHERE ${where} AND ${keyCondition(table, after, to)}`,
        large.timeoutMs,
      );
      const block = await readFile(file);
      await rm(file);
      // Never a token that the target has seen: what an attempt before has brought may be gone again.
      if (block.length > 0) await target.insertNative(table.name, block, `move-${table.name}-${i}-${Date.now()}`);
      after = to;
    }
    progress.done(part.rows);
  }

  async function prepareTarget(): Promise<void> {
    await createTelemetryStore(target).prepare();
    await createRollupStore(target).prepare();
    await createRemovalStore(target).prepare();
  }

  async function rowsAtTarget(): Promise<number> {
    const [tables = []] = (await target.query(
      'SELECT name FROM system.tables WHERE database = currentDatabase()',
      {},
    )) as [string[]?];
    let rows = 0;
    for (const { name, from } of copiedTables) {
      if (!tables.includes(name)) continue;
      const [count] = await target.query(`SELECT count() FROM ${from}`, {}, large);
      rows += Number(count?.[0] ?? 0);
    }
    return rows;
  }

  const same = (a: PartSum, b: PartSum) => a.rows === b.rows && a.hash === b.hash;

  /** Sums of all parts, and the names of those that differ at the target. */
  async function compare(parts: readonly CopiedPart[]) {
    const sums: PartSum[] = [];
    const different: string[] = [];
    for (const part of parts) {
      progress.now(part.name);
      const here = await sum(source, part);
      if (!same(here, await sum(target, part))) different.push(part.name);
      sums.push(here);
      progress.done(part.rows);
    }
    const total = sums.reduce((all, { rows }) => all + rows, 0);
    const there = await rowsAtTarget();
    if (different.length === 0 && there !== total) different.push(`${there} ≠ ${total}`);
    return { sums, different };
  }

  return {
    /**
     * Carries everything over and leaves the target marked as unfinished until `end`. Partitions that are the same
     * already are passed over. Throws StartRefusal for a target that holds anything else.
     */
    async move(): Promise<PartSum[]> {
      // Merges would only take room: what is read here does not depend on them.
      await source.run('SYSTEM STOP MERGES');
      const parts = await readParts(2);
      const begun = await telemetryMove(target);
      if (begun?.platform === platform ? begun.done : (await rowsAtTarget()) > 0) {
        await prepareTarget();
        const { sums, different } = await compare(parts);
        if (different.length === 0) return sums;
        throw holdsOther();
      }
      await beginTelemetryMove(target, platform);
      await prepareTarget();
      const folder = await mkdtemp(join(tmpdir(), 'luban-move-'));
      try {
        for (const part of parts) {
          progress.now(part.name);
          const [here, there] = [await sum(source, part), await sum(target, part)];
          if (same(here, there)) progress.done(part.rows);
          else {
            if (there.rows > 0)
              await target.run(
                `ALTER TABLE ${part.table.name} DELETE WHERE ${part.where} SETTINGS mutations_sync = 2`,
                large.timeoutMs,
              );
            await copy(part, folder);
          }
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
      const { sums, different } = await compare(parts);
      if (different.length > 0) throw differs(different);
      return sums;
    },
    /** Compares only. Throws StartRefusal when they differ. */
    async check(): Promise<PartSum[]> {
      await source.run('SYSTEM STOP MERGES');
      const { sums, different } = await compare(await readParts(1));
      if (different.length > 0) throw differs(different);
      return sums;
    },
    /** The platform may start on the target. */
    end: () => endTelemetryMove(target, platform),
  };
}

/**
 * Starts both engines: chDB's `directory`, and ClickHouse at `address`. Throws TelemetryFault when one of them does not
 * start.
 */
export async function openTelemetryCopy(options: {
  directory: string;
  address: string;
  platform: string;
  progress: MoveProgress;
}) {
  const address = parseClickhouseAddress(options.address);
  if (address === null) throw new Error('the address of the telemetry is not one of ClickHouse');
  const none = () => undefined; // whoever asks hears of it
  const source = createChdbEngine({ directory: options.directory, memoryLimitBytes: 1 << 30, onFault: none });
  const target = createClickhouseEngine({ address, onFault: none, onRestart: none });
  const close = async () => {
    await source.stop();
    await target.stop();
  };
  try {
    await target.start();
    await source.start();
  } catch (error) {
    await close();
    throw error;
  }
  const { platform, progress } = options;
  return { ...createTelemetryCopy({ source, target, platform, progress }), close };
}

function holdsOther(): StartRefusal {
  return new StartRefusal({
    zh: '--telemetry 指定的数据库中已有其他时序数据；请指定一个空数据库。其中的数据未做任何更改',
    en: 'The database that --telemetry names holds other telemetry. Name an empty one. None of its data has been changed',
  });
}

function differs(parts: readonly string[]): StartRefusal {
  return new StartRefusal({
    zh: `时序数据与目标数据库不一致：${parts.join('、')}`,
    en: `The telemetry and the target database differ: ${parts.join(', ')}`,
  });
}
