import { bindNumbers } from './bind-numbers.ts';
import type { BucketPart } from './bucket-part.ts';
import { synced } from './durable-tables.ts';
import { createKeptSums, type KeptSums, partsOfHour } from './kept-sums.ts';
import { encodeNativeBlock } from './native-block.ts';
import { rollupPartsSql, samplePartsSql, segmentOf, type TimeSpan, toParts } from './part-sql.ts';
import { partsOfSums, sumColumns } from './row-parts.ts';
import type { EngineParameters, TelemetryEngine } from './telemetry-engine.ts';

export const minuteUs = 60_000_000;
export const hourUs = 3_600_000_000;
export const dayUs = 86_400_000_000;

/**
 * A row sums up the samples of a series in a minute or an hour: how many, how many bad, lowest, highest, total, first
 * (head) and last (tail) good value, µs from the start to the oldest and newest sample, whether the newest is good
 * (held), and area (value × µs) and µs that values held within it. Newer rows replace older ones.
 */
const columns = `
  tenant UInt32 CODEC(ZSTD(1)),
  series UInt32 CODEC(Delta, ZSTD(1)),
  begin DateTime('UTC') CODEC(Delta, ZSTD(1)),
  samples UInt32 CODEC(ZSTD(1)),
  bads UInt32 CODEC(ZSTD(1)),
  lo Float64 CODEC(ZSTD(3)),
  hi Float64 CODEC(ZSTD(3)),
  total Float64 CODEC(ZSTD(3)),
  head Float64 CODEC(ZSTD(3)),
  tail Float64 CODEC(ZSTD(3)),
  head_us UInt32 CODEC(ZSTD(1)),
  tail_us UInt32 CODEC(ZSTD(1)),
  held UInt8 CODEC(ZSTD(1)),
  area Float64 CODEC(ZSTD(1)),
  area_us UInt32 CODEC(ZSTD(1)),
  version Int64 CODEC(Delta, ZSTD(1))`;
const tables = [
  `CREATE TABLE IF NOT EXISTS minutes (${columns}) ENGINE = ReplacingMergeTree(version)
   PARTITION BY toYYYYMM(begin) ORDER BY (tenant, series, begin) SETTINGS ${synced}`,
  `CREATE TABLE IF NOT EXISTS hours (${columns}) ENGINE = ReplacingMergeTree(version)
   PARTITION BY toYear(begin) ORDER BY (tenant, series, begin) SETTINGS ${synced}`,
  `CREATE TABLE IF NOT EXISTS rollup_progress (id UInt8, from_hour Int64, to_hour Int64, version Int64)
   ENGINE = ReplacingMergeTree(version) ORDER BY id SETTINGS ${synced}`,
  `CREATE TABLE IF NOT EXISTS late_days (tenant UInt32, day UInt32, series UInt32, hours UInt32, version Int64)
   ENGINE = ReplacingMergeTree(version) ORDER BY (tenant, day, series) SETTINGS ${synced}`,
];

/** Hours of a day in which a series (0: any of the tenant) has samples that its roll-ups lack; 0: none any more. */
export interface LateDay {
  readonly tenant: number;
  readonly day: number;
  readonly series: number;
  readonly hours: number;
}

export interface PartsQuery {
  readonly tenant: number;
  readonly series: readonly number[];
  readonly fromUs: number;
  readonly widthUs: number;
  /** In order, apart from each other; each becomes a segment. */
  readonly spans: readonly TimeSpan[];
}

export interface RollupStore {
  prepare(): Promise<void>;
  progress(): Promise<{ fromHour: number; toHour: number } | undefined>;
  saveProgress(fromHour: number, toHour: number): Promise<void>;
  loadLate(): Promise<LateDay[]>;
  saveLate(days: readonly LateDay[]): Promise<void>;
  /** Days that hold samples, as numbers since 1970, oldest first. Without years of wrong clocks. */
  days(): Promise<number[]>;
  /** How many samples each series has in a span, by tenant and series. */
  counts(span: TimeSpan, tenant?: number): Promise<{ tenant: number; series: number; count: number }[]>;
  /**
   * Makes the rows of whole hours from the samples; again at will. `keepFuller`: a row that sums up more samples than
   * there are stays, because those were expired.
   */
  rollUp(tenant: number, series: readonly number[], span: TimeSpan, keepFuller: boolean): Promise<void>;
  parts(table: 'minutes' | 'hours', query: PartsQuery): Promise<Map<number, BucketPart[]>>;
  /** Of each series of a tenant: samples and hours with any, since. */
  activity(tenant: number, sinceUs: number): Promise<Map<number, { samples: number; hours: number }>>;
  /** Bytes of a row on disk; null while there is none. */
  bytesPerRow(table: 'minutes' | 'hours'): Promise<number | null>;
}

const secondsOf = (us: number) => Math.floor(us / 1_000_000);

/** `partRows`: at most so many rows are read as they are, for what is asked in wider buckets. */
export function createRollupStore(
  engine: TelemetryEngine,
  partRows = 50_000,
  kept: KeptSums = createKeptSums(),
): RollupStore {
  const run = (sql: string, parameters: EngineParameters) =>
    engine.run(`${bindNumbers(sql, parameters)} SETTINGS max_threads = 1`, 300_000);

  const whole = 'tenant = {tenant:UInt32} AND series IN {series:Array(UInt32)}';
  const begins = 'begin >= toDateTime({begin:UInt32}) AND begin < toDateTime({end:UInt32})';
  const target = (table: string) =>
    `INSERT INTO ${table} (tenant, series, begin, samples, bads, lo, hi, total, head, tail, head_us, tail_us, held, area, area_us, version)
     SELECT {tenant:UInt32}, p.series, toDateTime(intDiv(p.start, 1000000)), n, bad, min, max, sum, first, last,
       first_us - p.start, last_us - p.start, holds, weighted, weight_us, {version:Int64}`;

  function within(tenant: number, series: readonly number[], spans: readonly TimeSpan[]) {
    const parameters: Record<string, number | readonly number[]> = { tenant, series };
    const times = spans.map(({ fromUs, toUs }, i) => {
      parameters[`b${i}`] = secondsOf(fromUs);
      parameters[`e${i}`] = secondsOf(toUs);
      return `(begin >= toDateTime({b${i}:UInt32}) AND begin < toDateTime({e${i}:UInt32}))`;
    });
    return { where: `${whole} AND (${times.join(' OR ')})`, parameters };
  }

  function readSums(table: string, tenant: number, series: readonly number[], spans: readonly TimeSpan[]) {
    const { where, parameters } = within(tenant, series, spans);
    return engine.queryNumbers(`SELECT ${sumColumns} FROM ${table} FINAL WHERE ${where}`, parameters, { threads: 1 });
  }

  async function minuteParts({
    tenant,
    series,
    fromUs,
    widthUs,
    spans,
  }: PartsQuery): Promise<Map<number, BucketPart[]>> {
    const place = { rowUs: minuteUs, fromUs, widthUs };
    const hours = hoursOf(spans);
    const sums = await kept.read(tenant, series, hours, (some, missing) => readSums('minutes', tenant, some, missing));
    const found = new Map<number, BucketPart[]>();
    for (const [one, ofHours] of sums) {
      const parts = ofHours.flatMap((hour, i) => partsOfHour(hour, hours[i]!, spans, place));
      if (parts.length > 0) found.set(one, parts);
    }
    return found;
  }

  return {
    async prepare() {
      for (const table of tables) await engine.run(table);
    },
    async progress() {
      const [from, to] = await engine.query('SELECT from_hour, to_hour FROM rollup_progress FINAL', {});
      return from?.length ? { fromHour: Number(from[0]), toHour: Number(to![0]) } : undefined;
    },
    saveProgress: (from, to) =>
      engine.run(
        bindNumbers('INSERT INTO rollup_progress SELECT 1, {from:Int64}, {to:Int64}, {version:Int64}', {
          from,
          to,
          version: Date.now(),
        }),
      ),
    async loadLate() {
      const [tenant, day, series, hours] = (await engine.query(
        'SELECT tenant, day, series, hours FROM late_days FINAL WHERE hours != 0',
        {},
      )) as [number[], number[], number[], number[]];
      return (tenant ?? []).map((one, i) => ({ tenant: one, day: day[i]!, series: series[i]!, hours: hours[i]! }));
    },
    async saveLate(days) {
      const version = Date.now();
      const u32 = (name: 'tenant' | 'day' | 'series' | 'hours') => ({
        name,
        kind: 'u32' as const,
        data: Uint32Array.from(days, (one) => one[name]),
      });
      const block = encodeNativeBlock(days.length, [
        u32('tenant'),
        u32('day'),
        u32('series'),
        u32('hours'),
        { name: 'version', kind: 'i64', data: new Float64Array(days.length).fill(version) },
      ]);
      await engine.insertNative('late_days', block, `late-${version}`);
    },
    async days() {
      const [names] = (await engine.query(
        `SELECT DISTINCT partition FROM system.parts
         WHERE active AND database = currentDatabase() AND table = 'samples' AND length(partition) = 8 ORDER BY partition`,
        {},
      )) as [string[]];
      return (names ?? []).map((name) => {
        const text = String(name);
        return Date.UTC(Number(text.slice(0, 4)), Number(text.slice(4, 6)) - 1, Number(text.slice(6))) / 86_400_000;
      });
    },
    async counts({ fromUs, toUs }, tenant) {
      const of = tenant === undefined ? '' : 'tenant = {tenant:UInt32} AND ';
      const [tenants, series, count] = (await engine.query(
        `SELECT tenant, series, count() FROM samples
         WHERE ${of}time >= fromUnixTimestamp64Micro({from:Int64}) AND time < fromUnixTimestamp64Micro({to:Int64})
         GROUP BY tenant, series ORDER BY tenant, series`,
        { tenant: tenant ?? 0, from: fromUs, to: toUs },
        { rowsToRead: 10_000_000_000, timeoutMs: 120_000, resultRows: 2_000_000 },
      )) as [number[], number[], number[]];
      return (tenants ?? []).map((one, i) => ({ tenant: one, series: series[i]!, count: count[i]! }));
    },
    async rollUp(tenant, series, span, keepFuller) {
      const { fromUs, toUs } = span;
      const parameters = {
        tenant,
        series,
        from: fromUs,
        to: toUs,
        begin: secondsOf(fromUs),
        end: secondsOf(toUs),
        version: Date.now(),
      };
      const times = 'time >= fromUnixTimestamp64Micro({from:Int64}) AND time < fromUnixTimestamp64Micro({to:Int64})';
      const samples = samplePartsSql(`${whole} AND ${times}`);
      const unlessFuller = `LEFT JOIN (
          SELECT series, toInt64(toUnixTimestamp(begin)) * 1000000 AS start, samples + bads AS had
          FROM minutes FINAL WHERE ${whole} AND ${begins}
        ) AS m ON p.series = m.series AND p.start = m.start WHERE p.n + p.bad >= m.had`;
      try {
        await run(`${target('minutes')} FROM (${samples}) AS p ${keepFuller ? unlessFuller : ''}`, {
          ...parameters,
          width: minuteUs,
        });
      } finally {
        kept.forget(tenant, series, span);
      }
      const minutes = rollupPartsSql('minutes', minuteUs, `${whole} AND ${begins}`);
      await run(`${target('hours')} FROM (${minutes}) AS p`, { ...parameters, width: hourUs });
    },
    async activity(tenant, sinceUs) {
      const [series, samples, hours] = (await engine.query(
        `SELECT series, sum(samples) + sum(bads), count() FROM hours FINAL
         WHERE tenant = {tenant:UInt32} AND begin >= toDateTime({since:UInt32}) GROUP BY series`,
        { tenant, since: secondsOf(sinceUs) },
      )) as [number[], number[], number[]];
      return new Map((series ?? []).map((one, i) => [one, { samples: samples[i]!, hours: hours[i]! }]));
    },
    async bytesPerRow(table) {
      const [rows, bytes] = await engine.query(
        `SELECT sum(rows), sum(bytes_on_disk) FROM system.parts
         WHERE active AND database = currentDatabase() AND table = '${table}'`,
        {},
      );
      return Number(rows?.[0]) > 0 ? Number(bytes![0]) / Number(rows![0]) : null;
    },
    async parts(table, query) {
      const { tenant, series, fromUs, widthUs, spans } = query;
      if (spans.length === 0) return new Map();
      const rowUs = table === 'minutes' ? minuteUs : hourUs;
      const rows = spans.reduce((sum, span) => sum + (span.toUs - span.fromUs) / rowUs, 0) * series.length;
      if (rows <= partRows && table === 'minutes') return minuteParts(query);
      if (rows <= partRows)
        return partsOfSums(await readSums(table, tenant, series, spans), { rowUs, fromUs, widthUs });
      const { where, parameters } = within(tenant, series, spans);
      const sql = rollupPartsSql(table, rowUs, where, segmentOf(spans));
      const answer = await engine.query(`${sql} ORDER BY series, start, segment`, {
        ...parameters,
        from: fromUs,
        width: widthUs,
      });
      return toParts(answer);
    },
  };
}

/** Hours since 1970 that the spans touch, in order, each once. */
function hoursOf(spans: readonly TimeSpan[]): number[] {
  const hours = new Set<number>();
  for (const { fromUs, toUs } of spans)
    for (let hour = Math.floor(fromUs / hourUs); hour * hourUs < toUs; hour++) hours.add(hour);
  return [...hours];
}
