import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { openCopyEngines } from './copy-engines.ts';
import { type CopiedPart, createPartCopy, type Renumbering, sameSum } from './part-copy.ts';
import { createRemovalStore } from './removal-store.ts';
import { createRollupStore, type LateDay } from './rollup-store.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTelemetryStore } from './telemetry-store.ts';

interface TenantCopyOptions {
  /** Of a stopped platform, and nobody else's: it may be written. */
  readonly source: TelemetryEngine;
  /** The store of a platform that others use too; nobody stores in it meanwhile. */
  readonly target: TelemetryEngine;
  readonly renumbering: Renumbering;
  readonly progress: MoveProgress;
  /** Rows in one insert; default 200,000. */
  readonly pieceRows?: number;
}

/** One tenant's history into the store of another platform, partition by partition. Both engines run. */
export function createTenantCopy({ source, target, renumbering, progress, pieceRows = 200_000 }: TenantCopyOptions) {
  const parts = createPartCopy({ source, target, progress, pieceRows, renumbering });

  async function readParts(passes: number): Promise<CopiedPart[]> {
    await source.run('SYSTEM STOP MERGES');
    const found = await parts.partsOfSource();
    progress.expect(found.reduce((sum, { rows }) => sum + rows, 0) * passes);
    return found;
  }

  async function compare(wanted: readonly CopiedPart[]): Promise<PartSum[]> {
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
    if (different.length > 0) throw differs(different);
    return sums;
  }

  /**
   * The target takes hours as summed up that the source had not reached: there the tenant's sums are to be made, and
   * where they were missing already.
   */
  async function markLate(): Promise<void> {
    const [here, there] = [createRollupStore(source), createRollupStore(target)];
    const marks = new Map<string, LateDay>();
    const add = (day: number, series: number, hours: number) => {
      const known = marks.get(`${day} ${series}`)?.hours ?? 0;
      if (hours !== 0)
        marks.set(`${day} ${series}`, { tenant: renumbering.toTenant, day, series, hours: known | hours });
    };
    for (const { tenant, day, series, hours } of await here.loadLate())
      if (tenant === renumbering.tenant) add(day, series === 0 ? 0 : series + renumbering.addToSeries, hours);
    const summed = await here.progress();
    for (const day of await here.days()) add(day, 0, hoursOutside(day, summed?.fromHour ?? 0, summed?.toHour ?? 0));
    if (marks.size > 0) await there.saveLate([...marks.values()]);
  }

  return {
    /** Parts that are the same already are passed over. Throws StartRefusal for a copy that is not the same. */
    async move(): Promise<PartSum[]> {
      await createTelemetryStore(target).prepare();
      await createRollupStore(target).prepare();
      await createRemovalStore(target).prepare();
      const wanted = await readParts(2);
      const names = new Set(wanted.map(({ name }) => name));
      for (const part of await parts.partsOfTarget()) if (!names.has(part.name)) await parts.remove(part);
      for (const part of wanted) {
        progress.now(part.name);
        const there = await parts.sumOfTarget(part);
        if (sameSum(await parts.sumOfSource(part), there)) progress.done(part.rows);
        else {
          if (there.rows > 0) await parts.remove(part);
          await parts.copy(part);
        }
      }
      await markLate();
      return compare(wanted);
    },
    /** Compares only. Throws StartRefusal when they differ. */
    check: async () => compare(await readParts(1)),
  };
}

/** One tenant's history. Throws TelemetryFault when one of the engines does not start. */
export async function openTenantCopy(options: {
  directory: string;
  address: string;
  renumbering: Renumbering;
  progress: MoveProgress;
}) {
  const { close, chdb, clickhouse } = await openCopyEngines(options);
  const { renumbering, progress } = options;
  return { ...createTenantCopy({ source: chdb, target: clickhouse, renumbering, progress }), close };
}

/** The hours of a day, as bits, that are not in [fromHour, toHour), which count since 1970. */
function hoursOutside(day: number, fromHour: number, toHour: number): number {
  let hours = 0;
  for (let i = 0; i < 24; i++) if (day * 24 + i < fromHour || day * 24 + i >= toHour) hours |= 1 << i;
  return hours;
}

function differs(parts: readonly string[]): StartRefusal {
  return new StartRefusal({
    zh: `该租户的时序数据与目标数据库不一致：${parts.join('、')}`,
    en: `The tenant’s telemetry and the target database differ: ${parts.join(', ')}`,
  });
}
