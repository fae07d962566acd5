import type { BucketPart } from './bucket-part.ts';
import { binaryScale } from './decimal-values.ts';
import { synced } from './durable-tables.ts';
import { micros, samplePartsSql, segmentOf, type TimeSpan, toParts } from './part-sql.ts';
import { partsOfRows, toSampleRows } from './row-parts.ts';
import { emptyColumns, encodeColumns, pickRows, type SampleColumns } from './sample-columns.ts';
import { type StoredSample, storedValue } from './stored-sample.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';

/**
 * Days as partitions, because history is expired by day; outside 2020–2059, where only wrong clocks write, years, so
 * that no sender can make more than about 15,000 of them. Codecs by measurement: times of a machine share a divisor
 * (whole ms), and the steps between their steps lie around zero and fit in a few bits; arrival repeats from series to
 * series, so it gets wide blocks and a window as wide, in which ZSTD looks for long repetitions; a value that stands
 * still leaves more to level 2 than to 1; texts repeat from row to row, which ZSTD sees from level 3 on.
 */
const time =
  "DateTime64(6, 'UTC') CODEC(GCD, Delta, Delta, T64('bit'), ZSTD(1)) SETTINGS (min_compress_block_size = 262144)";
const decimal = "Int64 CODEC(Delta, T64('bit'), ZSTD(2)) SETTINGS (min_compress_block_size = 262144)";
const text = 'String CODEC(ZSTD(3))';
const arrival = "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1, 20)) SETTINGS (min_compress_block_size = 1048576)";
const columns = `
  tenant UInt32 CODEC(ZSTD(1)),
  series UInt32 CODEC(Delta, ZSTD(1)),
  time ${time},
  decimal ${decimal},
  scale UInt8 CODEC(ZSTD(1)),
  binary Float64 CODEC(Delta, ZSTD(1)),
  text ${text},
  status UInt16 CODEC(ZSTD(1)),
  arrival ${arrival},
  value Float64 ALIAS if(scale = ${binaryScale}, binary, decimal / intExp10(scale))`;
const durable = `${synced}, non_replicated_deduplication_window = 1000`;

const tables = [
  `CREATE TABLE IF NOT EXISTS samples (${columns}) ENGINE = ReplacingMergeTree(arrival)
   PARTITION BY if(time >= toDateTime64('2020-01-01', 6, 'UTC') AND time < toDateTime64('2060-01-01', 6, 'UTC'), toYYYYMMDD(time), toYear(time))
   ORDER BY (tenant, series, time) SETTINGS ${durable}`,
  `CREATE TABLE IF NOT EXISTS latest (${columns}) ENGINE = ReplacingMergeTree(time)
   ORDER BY (tenant, series) SETTINGS ${durable}`,
];

const between = (from: string, to: string) =>
  `time >= fromUnixTimestamp64Micro({${from}:Int64}) AND time < fromUnixTimestamp64Micro({${to}:Int64})`;

export interface TelemetryStore {
  /** Makes the tables where they are missing. */
  prepare(): Promise<void>;
  insert(rows: SampleColumns, token: string): Promise<void>;
  /** Stores the part of a block that is not there: partitions are inserted one by one, each as a whole or not at all. */
  complete(rows: SampleColumns, token: string): Promise<void>;
  saveLatest(rows: SampleColumns, token: string): Promise<void>;
  loadLatest(take: (rows: SampleColumns) => void): Promise<void>;
  /** Makes the table of latest values anew from the samples; minutes of work on a large store. */
  rebuildLatest(): Promise<void>;
  /** By series, oldest first, at most `limit + 1` each; the last arrived of each time. */
  range(
    tenant: number,
    series: readonly number[],
    fromUs: number,
    toUs: number,
    limit: number,
  ): Promise<Map<number, StoredSample[]>>;
  /** Rows in [fromUs, toUs); those that merges will replace still count. */
  count(tenant: number, series: readonly number[], fromUs: number, toUs: number): Promise<number>;
  /**
   * Parts of buckets with any sample in `spans`, in order, one or several a bucket; what lies before `fromUs` comes as
   * parts whose start is before `fromUs`. `fromUs` is a whole multiple of `widthUs`.
   */
  bucketParts(
    tenant: number,
    series: readonly number[],
    spans: readonly TimeSpan[],
    fromUs: number,
    widthUs: number,
  ): Promise<Map<number, BucketPart[]>>;
  size(): Promise<{ rows: number; bytesOnDisk: number }>;
  compact(): Promise<void>;
}

const rowsAtOnce = 100_000;
const rowsToProve = 8;

/**
 * `partRows`: buckets of at most so many rows are made here, which is quicker than to have the database sort and group
 * them; those of more there, because nothing else happens here meanwhile.
 */
export function createTelemetryStore(engine: TelemetryEngine, partRows = 200_000): TelemetryStore {
  async function isStored(rows: SampleColumns, row: number): Promise<boolean> {
    const answer = await engine.query(
      `SELECT count() FROM samples WHERE tenant = {tenant:UInt32} AND series = {series:UInt32}
       AND time = fromUnixTimestamp64Micro({time:Int64}) AND arrival >= fromUnixTimestamp64Milli({arrival:Int64})`,
      {
        tenant: rows.tenant[row]!,
        series: rows.series[row]!,
        time: rows.time[row]!,
        arrival: rows.arrival[row]! / 1000,
      },
    );
    return (answer[0]![0] as number) > 0;
  }

  /** A store of an earlier version: what is written from now on, and what is merged, gets the codecs of this one. */
  async function renewCodecs(): Promise<void> {
    // What changed last tells: a store that has it has the others too, because it is renewed last.
    const [old] = await engine.query(
      `SELECT count() FROM system.columns
       WHERE database = currentDatabase() AND table = 'samples' AND name = 'arrival' AND compression_codec NOT LIKE '%ZSTD(1, 20)%'`,
      {},
    );
    if (Number(old?.[0]) === 0) return;
    for (const [name, definition] of Object.entries({ time, decimal, text, arrival }))
      await engine.run(`ALTER TABLE samples MODIFY COLUMN ${name} ${definition}`);
  }

  return {
    async prepare() {
      for (const table of tables) await engine.run(table);
      // For tables that an older version made.
      for (const table of ['samples', 'latest']) await engine.run(`ALTER TABLE ${table} MODIFY SETTING ${synced}`);
      await renewCodecs();
    },
    insert: (rows, token) => engine.insertNative('samples', encodeColumns(rows), token),
    async complete(rows, token) {
      const missing: number[] = [];
      for (const part of rowsByPartition(rows)) {
        const step = Math.max(1, Math.floor(part.length / rowsToProve));
        let stored = true;
        for (let i = 0; stored && i < part.length; i += step) stored = await isStored(rows, part[i]!);
        if (!stored) for (const row of part) missing.push(row);
      }
      if (missing.length > 0) await engine.insertNative('samples', encodeColumns(pickRows(rows, missing)), token);
    },
    saveLatest: (rows, token) => engine.insertNative('latest', encodeColumns(rows), token),
    async loadLatest(take) {
      let tenant = 0;
      let series = 0;
      for (;;) {
        const [tenants, all, time, value, text, status, arrival] = (await engine.query(
          `SELECT tenant, series, ${micros('time')}, value, text, status, ${micros('arrival')} FROM latest FINAL
           WHERE (tenant, series) > ({tenant:UInt32}, {series:UInt32}) ORDER BY tenant, series LIMIT ${rowsAtOnce}`,
          { tenant, series },
          { timeoutMs: 60_000 },
        )) as [number[], number[], number[], number[], string[], number[], number[]];
        const count = all?.length ?? 0;
        if (count === 0) return;
        const rows = emptyColumns(count);
        rows.rows = count;
        rows.tenant.set(tenants);
        rows.series.set(all);
        rows.time.set(time);
        rows.value.set(value);
        rows.status.set(status);
        rows.arrival.set(arrival);
        text.forEach((one, i) => {
          if (one !== '') rows.texts.set(i, one);
        });
        take(rows);
        tenant = tenants[count - 1]!;
        series = all[count - 1]!;
        if (count < rowsAtOnce) return;
      }
    },
    async rebuildLatest() {
      await engine.run('TRUNCATE TABLE latest');
      await engine.run(
        'INSERT INTO latest SELECT * FROM samples ORDER BY tenant, series, time DESC LIMIT 1 BY tenant, series',
        600_000,
      );
    },
    async range(tenant, series, fromUs, toUs, limit) {
      const [all, time, value, text, status, arrival] = (await engine.query(
        `SELECT series, ${micros('time')}, value, text, status, ${micros('arrival')} FROM samples FINAL
         WHERE tenant = {tenant:UInt32} AND series IN {series:Array(UInt32)} AND ${between('from', 'to')}
         ORDER BY series, time LIMIT {limit:UInt32} BY series`,
        { tenant, series, from: fromUs, to: toUs, limit: limit + 1 },
      )) as [number[], number[], number[], string[], number[], number[]];
      const found = new Map<number, StoredSample[]>();
      for (let i = 0; i < (all?.length ?? 0); i++) {
        let samples = found.get(all[i]!);
        if (!samples) {
          samples = [];
          found.set(all[i]!, samples);
        }
        samples.push({
          timeUs: time[i]!,
          arrivalUs: arrival[i]!,
          value: storedValue(status[i]!, value[i]!, text[i]!),
          status: status[i]!,
        });
      }
      return found;
    },
    async count(tenant, series, fromUs, toUs) {
      const [rows] = await engine.query(
        `SELECT count() FROM samples
         WHERE tenant = {tenant:UInt32} AND series IN {series:Array(UInt32)} AND ${between('from', 'to')}`,
        { tenant, series, from: fromUs, to: toUs },
        { rowsToRead: 1_000_000_000, timeoutMs: 30_000 },
      );
      return Number(rows?.[0] ?? 0);
    },
    async bucketParts(tenant, series, spans, fromUs, widthUs) {
      if (spans.length === 0) return new Map();
      const parameters: Record<string, number | readonly number[]> = { tenant, series, from: fromUs, width: widthUs };
      const within = spans.map((span, i) => {
        parameters[`b${i}`] = span.fromUs;
        parameters[`e${i}`] = span.toUs;
        return `(${between(`b${i}`, `e${i}`)})`;
      });
      const where = `tenant = {tenant:UInt32} AND series IN {series:Array(UInt32)} AND (${within.join(' OR ')})`;
      // Of one series its number need not come with each row. One thread, so that the rows come in order.
      const [only, ...others] = series;
      const one = others.length === 0 ? only : undefined;
      const answer = await engine.queryNumbers(
        `SELECT ${micros('time')}, value, status${one === undefined ? ', series' : ''} FROM samples FINAL WHERE ${where} LIMIT {limit:UInt32}`,
        { ...parameters, limit: partRows + 1 },
        { threads: 1 },
      );
      if (answer.length === 0) return new Map();
      const rows = toSampleRows(answer, one);
      if (rows.series.length <= partRows) return partsOfRows(rows, spans, fromUs, widthUs);
      const sql = samplePartsSql(where, segmentOf(spans));
      return toParts(await engine.query(`${sql} ORDER BY series, start, segment`, parameters));
    },
    async size() {
      const [rows, bytes] = await engine.query(
        "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'samples'",
        {},
      );
      return { rows: Number(rows?.[0] ?? 0), bytesOnDisk: Number(bytes?.[0] ?? 0) };
    },
    async compact() {
      await engine.run('OPTIMIZE TABLE samples FINAL', 600_000);
    },
  };
}

const dayUs = 86_400_000_000;

/** Row numbers by day. Finer than the partitions of the table at its edges, never coarser. */
function rowsByPartition(rows: SampleColumns): number[][] {
  const days = new Map<number, number[]>();
  for (let i = 0; i < rows.rows; i++) {
    const day = Math.floor(rows.time[i]! / dayUs);
    const part = days.get(day);
    if (part) part.push(i);
    else days.set(day, [i]);
  }
  return [...days.values()];
}
