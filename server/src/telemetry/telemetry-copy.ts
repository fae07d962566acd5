import { createHash } from 'node:crypto';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { openCopyEngines } from './copy-engines.ts';
import { type CopiedPart, createPartCopy, sameSum } from './part-copy.ts';
import { createRemovalStore } from './removal-store.ts';
import { createRollupStore } from './rollup-store.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTelemetryStore } from './telemetry-store.ts';
import { beginTelemetryMove, endTelemetryMove, telemetryMove } from './unfinished-copy.ts';

interface TelemetryCopyOptions {
  /** Of a stopped platform. chDB: in a folder that may be written. */
  readonly source: TelemetryEngine;
  readonly target: TelemetryEngine;
  /** The id of its first tenant: whose move this is. */
  readonly platform: string;
  readonly progress: MoveProgress;
  /** Rows in one insert; default 200,000. */
  readonly pieceRows?: number;
}

/** The store's tables from one engine to another, partition by partition. Both engines run. */
export function createTelemetryCopy(options: TelemetryCopyOptions) {
  const { source, target, progress, pieceRows = 200_000 } = options;
  const platform = Number.parseInt(createHash('sha256').update(options.platform).digest('hex').slice(0, 12), 16);

  const parts = createPartCopy({ source, target, progress, pieceRows, renumbering: null });

  async function readParts(passes: number): Promise<CopiedPart[]> {
    const found = await parts.partsOfSource();
    progress.expect(found.reduce((sum, { rows }) => sum + rows, 0) * passes);
    return found;
  }

  /** Merges would only take room here: what is read does not depend on them. A server’s merges are its own affair. */
  async function holdStill(): Promise<void> {
    if (source.snapshot !== undefined) await source.run('SYSTEM STOP MERGES');
  }

  async function prepareTarget(): Promise<void> {
    await createTelemetryStore(target).prepare();
    await createRollupStore(target).prepare();
    await createRemovalStore(target).prepare();
  }

  /** Sums of all parts, and the names of those that differ at the target. */
  async function compare(wanted: readonly CopiedPart[]) {
    const sums: PartSum[] = [];
    const different: string[] = [];
    for (const part of wanted) {
      progress.now(part.name);
      const here = await parts.sumOfSource(part);
      if (!sameSum(here, await parts.sumOfTarget(part))) different.push(part.name);
      sums.push(here);
      progress.done(part.rows);
    }
    const total = sums.reduce((all, { rows }) => all + rows, 0);
    const there = await parts.rowsAtTarget();
    if (different.length === 0 && there !== total) different.push(`${there} ≠ ${total}`);
    return { sums, different };
  }

  return {
    /**
     * Carries everything over and leaves the target marked as unfinished until `end`. Partitions that are the same
     * already are passed over. Throws StartRefusal for a target that holds anything else.
     */
    async move(): Promise<PartSum[]> {
      await holdStill();
      const wanted = await readParts(2);
      const begun = await telemetryMove(target);
      if (begun?.platform === platform ? begun.done : (await parts.rowsAtTarget()) > 0) {
        await prepareTarget();
        const { sums, different } = await compare(wanted);
        if (different.length === 0) return sums;
        throw holdsOther();
      }
      await beginTelemetryMove(target, platform);
      await prepareTarget();
      for (const part of wanted) {
        progress.now(part.name);
        const there = await parts.sumOfTarget(part);
        if (sameSum(await parts.sumOfSource(part), there)) progress.done(part.rows);
        else {
          if (there.rows > 0) await parts.remove(part);
          await parts.copy(part);
        }
      }
      const { sums, different } = await compare(wanted);
      if (different.length > 0) throw differs(different);
      return sums;
    },
    /** Compares only. Throws StartRefusal when they differ. */
    async check(): Promise<PartSum[]> {
      await holdStill();
      const { sums, different } = await compare(await readParts(1));
      if (different.length > 0) throw differs(different);
      return sums;
    },
    /** The platform may start on the target. */
    end: () => endTelemetryMove(target, platform),
  };
}

/** All of a platform's history. Throws TelemetryFault when one of the engines does not start. */
export async function openTelemetryCopy(options: {
  directory: string;
  address: string;
  /** From ClickHouse to chDB instead. */
  back?: boolean;
  platform: string;
  progress: MoveProgress;
}) {
  const { close, chdb, clickhouse } = await openCopyEngines(options);
  const { platform, progress, back = false } = options;
  const engines = back ? { source: clickhouse, target: chdb } : { source: chdb, target: clickhouse };
  return { ...createTelemetryCopy({ ...engines, platform, progress }), close };
}

function holdsOther(): StartRefusal {
  return new StartRefusal({
    zh: '目标时序数据库中已有其他数据；请指定一个空数据库。其中的数据未做任何更改',
    en: 'The target holds other telemetry. Name an empty database. None of its data has been changed',
  });
}

function differs(parts: readonly string[]): StartRefusal {
  return new StartRefusal({
    zh: `时序数据与目标数据库不一致：${parts.join('、')}`,
    en: `The telemetry and the target database differ: ${parts.join(', ')}`,
  });
}
