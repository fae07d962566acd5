import { bindNumbers } from './bind-numbers.ts';
import { synced } from './durable-tables.ts';
import { createKeptSums, type KeptSums } from './kept-sums.ts';
import { micros, type TimeSpan } from './part-sql.ts';
import { dayUs } from './rollup-store.ts';
import type { EngineParameters, TelemetryEngine } from './telemetry-engine.ts';

/** Series of one tenant. */
export interface SeriesOf {
  readonly tenant: number;
  readonly series: readonly number[];
}

/** Samples that were deleted on request: none that arrived up to `arrivalUs` may come back from the log. */
export interface Deletion extends SeriesOf, TimeSpan {
  readonly arrivalUs: number;
}

export interface RemovalStore {
  prepare(): Promise<void>;
  /** All samples of a day, at once. */
  dropDay(day: number): Promise<void>;
  /** Those of some series; rewrites what else the day holds. */
  deleteOfDay(day: number, wanted: readonly SeriesOf[]): Promise<void>;
  /** Rows of a roll-up that touch the span. */
  deleteRollups(table: 'minutes' | 'hours', of: SeriesOf, span: TimeSpan): Promise<void>;
  saveDeletion(deletion: Deletion): Promise<void>;
  /** Deletions asked for since. */
  loadDeletions(sinceUs: number): Promise<Deletion[]>;
  /** Partitions with samples that a deletion names, and how many rows each has. */
  partitionsOf(deletion: Deletion): Promise<{ partition: string; rows: number }[]>;
  deleteInPartition(partition: string, deletion: Deletion): Promise<void>;
  /** Which hours of which series still hold samples. */
  hoursLeft(of: SeriesOf, span: TimeSpan): Promise<{ series: number; hour: number }[]>;
  /** Of the table of latest values, where the latest is in the span. */
  deleteLatest(of: SeriesOf, span: TimeSpan): Promise<void>;
}

/** Series in one statement: it must stay below ClickHouse's limit for the length of a query. */
const seriesAtOnce = 10_000;
/** Deleting rewrites parts; it waits for other work of its lane, but nothing that comes in waits for it. */
const deleteTimeoutMs = 1_800_000;

export function createRemovalStore(engine: TelemetryEngine, kept: KeptSums = createKeptSums()): RemovalStore {
  const alter = (sql: string, parameters: EngineParameters) =>
    engine.run(`${bindNumbers(sql, parameters)} SETTINGS mutations_sync = 2`, deleteTimeoutMs);
  const whole = 'tenant = {tenant:UInt32} AND series IN {series:Array(UInt32)}';
  const within = 'time >= fromUnixTimestamp64Micro({from:Int64}) AND time < fromUnixTimestamp64Micro({to:Int64})';
  const arrived = 'arrival <= fromUnixTimestamp64Milli({arrival:Int64})';
  const parametersOf = ({ tenant, series, fromUs, toUs, arrivalUs }: Deletion) => ({
    tenant,
    series,
    from: fromUs,
    to: toUs,
    arrival: Math.floor(arrivalUs / 1000),
  });
  const partitionOf = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

  return {
    prepare: () =>
      engine.run(`CREATE TABLE IF NOT EXISTS deletions
        (tenant UInt32, series UInt32, from_us Int64, to_us Int64, arrival_us Int64)
        ENGINE = MergeTree ORDER BY (arrival_us, tenant, series)
        SETTINGS ${synced}`),
    dropDay: (day) => engine.run(`ALTER TABLE samples DROP PARTITION ID '${partitionOf(day)}'`),
    async deleteOfDay(day, wanted) {
      for (const { tenant, series } of wanted)
        for (let i = 0; i < series.length; i += seriesAtOnce)
          await alter(`ALTER TABLE samples DELETE IN PARTITION ID '${partitionOf(day)}' WHERE ${whole}`, {
            tenant,
            series: series.slice(i, i + seriesAtOnce),
          });
    },
    async deleteRollups(table, { tenant, series }, { fromUs, toUs }) {
      const widthUs = table === 'minutes' ? 60_000_000 : 3_600_000_000;
      const parameters = {
        tenant,
        begin: Math.max(0, Math.floor(fromUs / widthUs) * widthUs) / 1_000_000,
        end: Math.min(0xffff_ffff, Math.ceil(toUs / 1_000_000)),
      };
      const begins = 'begin >= toDateTime({begin:UInt32}) AND begin < toDateTime({end:UInt32})';
      for (let i = 0; i < series.length; i += seriesAtOnce) {
        const some = { ...parameters, series: series.slice(i, i + seriesAtOnce) };
        const [rows] = await engine.query(`SELECT count() FROM ${table} WHERE ${whole} AND ${begins}`, some);
        if (Number(rows?.[0]) === 0) continue;
        try {
          await alter(`ALTER TABLE ${table} DELETE WHERE ${whole} AND ${begins}`, some);
        } finally {
          kept.forget(tenant, some.series, { fromUs, toUs });
        }
      }
    },
    async saveDeletion({ tenant, series, fromUs, toUs, arrivalUs }) {
      await engine.run(
        bindNumbers(
          'INSERT INTO deletions SELECT {tenant:UInt32}, arrayJoin({series:Array(UInt32)}), {from:Int64}, {to:Int64}, {arrival:Int64}',
          { tenant, series, from: fromUs, to: toUs, arrival: arrivalUs },
        ),
      );
    },
    async loadDeletions(sinceUs) {
      const [tenant, series, from, to, arrival] = (await engine.query(
        `SELECT tenant, groupArray(series), from_us, to_us, arrival_us FROM deletions WHERE arrival_us >= {since:Int64}
         GROUP BY tenant, from_us, to_us, arrival_us`,
        { since: sinceUs },
      )) as [number[], number[][], number[], number[], number[]];
      return (tenant ?? []).map((one, i) => ({
        tenant: one,
        series: series[i]!,
        fromUs: from[i]!,
        toUs: to[i]!,
        arrivalUs: arrival[i]!,
      }));
    },
    async partitionsOf(deletion) {
      const [names, rows] = (await engine.query(
        `SELECT _partition_id, count() FROM samples WHERE ${whole} AND ${within} AND ${arrived}
         GROUP BY _partition_id ORDER BY _partition_id`,
        parametersOf(deletion),
        { rowsToRead: 10_000_000_000, timeoutMs: 120_000 },
      )) as [string[], number[]];
      return (names ?? []).map((partition, i) => ({ partition: String(partition), rows: rows[i]! }));
    },
    async deleteInPartition(partition, deletion) {
      if (!/^\w+$/.test(partition)) throw new Error(`not a partition: ${partition}`);
      await alter(
        `ALTER TABLE samples DELETE IN PARTITION ID '${partition}' WHERE ${whole} AND ${within} AND ${arrived}`,
        parametersOf(deletion),
      );
    },
    async hoursLeft({ tenant, series }, { fromUs, toUs }) {
      const [found, hour] = (await engine.query(
        `SELECT DISTINCT series, intDiv(${micros('time')}, 3600000000) FROM samples WHERE ${whole} AND ${within}`,
        { tenant, series, from: fromUs, to: toUs },
        { rowsToRead: 10_000_000_000, timeoutMs: 120_000 },
      )) as [number[], number[]];
      return (found ?? []).map((one, i) => ({ series: one, hour: hour[i]! }));
    },
    deleteLatest: ({ tenant, series }, { fromUs, toUs }) =>
      alter(`ALTER TABLE latest DELETE WHERE ${whole} AND ${within}`, { tenant, series, from: fromUs, to: toUs }),
  };
}

export const startOfDay = (us: number) => Math.floor(us / dayUs) * dayUs;
