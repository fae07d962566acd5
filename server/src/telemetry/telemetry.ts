import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket } from '@luban/contracts';
import type { LogRecord, OffsetStore, SampleLog } from '../log/log.ts';
import { Histogram } from '../platform/histogram.ts';
import { bucketParts, joinParts, mergeParts, toBuckets } from './bucket-parts.ts';
import { createChdbEngine } from './chdb-engine.ts';
import { createDeletions } from './deletions.ts';
import { type Expired, expire, type KeepFrom } from './expiry.ts';
import { createFreshSamples } from './fresh-samples.ts';
import { createLatestTable } from './latest-table.ts';
import type { TimeSpan } from './part-sql.ts';
import { createRemovalStore, startOfDay } from './removal-store.ts';
import { createRollupStore, minuteUs } from './rollup-store.ts';
import { createRollups } from './rollups.ts';
import { type ReadPage, samplesBefore, scanSeries } from './series-scan.ts';
import type { StoredSample } from './stored-sample.ts';
import { TelemetryFault, toTelemetryFault } from './telemetry-fault.ts';
import { createTelemetryStore } from './telemetry-store.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';

export type { Expired, KeepFrom } from './expiry.ts';
export type { StoredSample } from './stored-sample.ts';
export { TelemetryFault } from './telemetry-fault.ts';

/** Of the store's tables. One more when a change to them keeps older software from using them. */
export const telemetryFormat = 1;

export interface TelemetryOptions {
  /** For the store's files; belongs to this process alone. */
  readonly directory: string;
  readonly log: SampleLog;
  readonly consumer: OffsetStore;
  /** µs since 1970 UTC; default the machine's clock. */
  readonly clock?: () => number;
  readonly onFault: (fault: TelemetryFault) => void;
  /** From when on history is kept; default: all. */
  readonly keepFrom?: (tenant: number, series: number) => KeepFrom;
  /** Of the database process; default 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** A block is inserted when it has so many rows (default 100,000) … */
  readonly blockRows?: number;
  /** … or is so old (default 2,000). */
  readonly blockAgeMs?: number;
}

export interface RangeQuery {
  readonly tenant: number;
  readonly series: readonly number[];
  /** Half open [fromUs, toUs), µs since 1970 UTC. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Most samples of each series. */
  readonly limit: number;
}

export interface SeriesSpan {
  readonly tenant: number;
  readonly series: number;
  readonly fromUs: number;
  readonly toUs: number;
}

export interface BucketQuery {
  readonly tenant: number;
  readonly series: readonly number[];
  /** Widened to whole buckets. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Buckets start at whole multiples of it since 1970. */
  readonly widthUs: number;
}

export interface TelemetryStats {
  readonly rows: number;
  readonly bytesOnDisk: number;
  /** Inserted, over the last ten seconds. */
  readonly rowsPerSecond: number;
  /** Age of the oldest sample that is not in the store yet; 0 when all are; null before the first is read. */
  readonly lagMs: number | null;
  readonly backlogRecords: number;
  /** `recovering`: tries again by itself; `broken`: for half a minute in vain. The log keeps everything meanwhile. */
  readonly state: 'ok' | 'recovering' | 'broken';
  readonly cause?: { readonly code: string; readonly detail: string };
  /** Since the start: samples inserted, how long each block took, how often the database came back by itself. */
  /** Sums by minute and hour reach up to here; days with late samples that they lack. */
  readonly rolledUpToUs: number;
  readonly lateDays: number;
  readonly insertedRows: number;
  readonly inserts: Histogram;
  readonly restarts: number;
}

/**
 * The time series store: follows the log, answers reads. A sample is visible to every read as soon as it was read from
 * the log. The same series and time twice keeps what arrived last.
 * Reads throw TelemetryFault: `telemetry.too-much`, `telemetry.busy`, `telemetry.unavailable`.
 */
export interface Telemetry {
  start(): Promise<void>;
  /** Inserts what it has, waiting at most ten seconds; the rest is in the log. */
  stop(): Promise<void>;
  /** The newest sample by source time of each series that ever had one. From memory. */
  latest(tenant: number, series: readonly number[]): Map<number, StoredSample>;
  /** Oldest first; every series asked for is in the answer. */
  range(query: RangeQuery): Promise<Map<number, { samples: StoredSample[]; more: boolean }>>;
  /** Samples of the range, all series together; stored ones that will replace each other may count twice. */
  count(tenant: number, series: readonly number[], fromUs: number, toUs: number): Promise<number>;
  /** All samples of one series in [fromUs, toUs), oldest first, in pages; as many as there are, in bounded memory. */
  scan(query: SeriesSpan, signal?: AbortSignal): AsyncIterable<readonly StoredSample[]>;
  /** What is known at `atUs`: the newest sample before it that `holds`, the first after that one, the newest of all. */
  before(
    tenant: number,
    series: number,
    atUs: number,
    holds: (sample: StoredSample) => boolean,
  ): Promise<readonly StoredSample[]>;
  /**
   * The buckets that hold samples, oldest first; every series asked for is in the answer. Time-weighted: each value
   * that is not bad holds until the next sample or the bucket's end; into a bucket comes the value before it, if that is
   * in an earlier bucket of the answer or at most one hour (or one bucket, when wider) before the first bucket.
   */
  buckets(query: BucketQuery): Promise<Map<number, Bucket[]>>;
  stats(): TelemetryStats;
  /** Resolves when all that the log holds now is in the store and committed. Throws `telemetry.busy` after 30 s. */
  flush(): Promise<void>;
  /** Brings the sums by minute and hour up to date, which else happens by itself. */
  rollUp(): Promise<void>;
  /** Takes away what is older than `keepFrom` says. */
  expire(signal: AbortSignal): Promise<Expired>;
  /**
   * Deletes samples for good, with their sums and latest values; what arrives later stays. May be repeated after it was
   * cut off. Resolves to the number of rows.
   */
  remove(
    what: Omit<RangeQuery, 'limit'>,
    onProgress: (done: number, total: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number>;
  /** Merges all parts of the store; minutes of work on a large one. */
  compact(): Promise<void>;
  /** Hears each record once it is visible. Returns what ends it. */
  onSamples(listener: (record: LogRecord) => void): () => void;
}

const hourUs = 3_600_000_000;
const maxSeriesAtOnce = 10_000;
const maxRangeSamples = 500_000;
const maxBucketsInAll = 250_000;
const sizeEveryMs = 5_000;
const brokenAfterMs = 30_000;

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { directory, log, consumer, onFault } = options;
  const clock = options.clock ?? (() => Date.now() * 1000);
  const blockRows = options.blockRows ?? 100_000;
  const listeners = new Set<(record: LogRecord) => void>();
  const latest = createLatestTable();
  const fresh = createFreshSamples(blockRows);
  const engine = createChdbEngine({
    directory: join(directory, 'chdb'),
    memoryLimitBytes: options.memoryLimitBytes ?? 1 << 30,
    onFault(fault) {
      down = { fault, sinceMs: down?.sinceMs ?? performance.now() };
      onFault(fault);
    },
    onRestart() {
      restarts++;
      down = undefined;
      writer.retryNow();
    },
  });
  const store = createTelemetryStore(engine);
  let down: { fault: TelemetryFault; sinceMs: number } | undefined;
  let insertions: { atMs: number; rows: number }[] = [];
  let size = { rows: 0, bytesOnDisk: 0 };
  let sizeAtMs = Number.NEGATIVE_INFINITY;
  let anyRead = false;
  let insertedRows = 0;
  let restarts = 0;
  const inserts = new Histogram();
  const rollupStore = createRollupStore(engine);
  const removalStore = createRemovalStore(engine);
  const keepFrom = options.keepFrom ?? (() => ({ samplesUs: 0, minutesUs: 0, hoursUs: 0 }));
  const rollups = createRollups({
    store: rollupStore,
    nowUs: clock,
    position: () => ({ read: writer.read, inserted: writer.inserted }),
    onFault,
    rawFromUs: (tenant, series) => startOfDay(keepFrom(tenant, series).samplesUs),
  });
  const flush = () => writer.drain({ commit: true, signal: AbortSignal.timeout(30_000) });
  const deletions = createDeletions({ store: removalStore, rollups, latest, nowUs: clock, flush, pagesOf });
  const writer = createTelemetryWriter({
    directory,
    log,
    consumer,
    store,
    fresh,
    latest,
    blockRows,
    blockAgeMs: options.blockAgeMs ?? 2000,
    filter: deletions.filter,
    onTaken: rollups.note,
    beforeCommit: rollups.save,
    onRecord(record) {
      anyRead = true;
      for (const listener of listeners) listener(record);
    },
    onInserted(rows, milliseconds) {
      insertedRows += rows;
      inserts.observe(milliseconds / 1000);
      insertions.push({ atMs: performance.now(), rows });
      if (insertions.length > 1000) insertions = recentInsertions();
    },
    onFault,
  });

  function recentInsertions() {
    return insertions.filter(({ atMs }) => performance.now() - atMs < 10_000);
  }

  function measure(): void {
    if (performance.now() - sizeAtMs < sizeEveryMs || engine.state !== 'ready') return;
    sizeAtMs = performance.now();
    store.size().then(
      (now) => {
        size = now;
      },
      (error) => {
        if (engine.state === 'ready') onFault(toTelemetryFault(error));
      },
    );
  }

  function checkSeries(series: readonly number[]): Set<number> {
    if (series.length > maxSeriesAtOnce)
      throw new TelemetryFault('telemetry.too-much', `${series.length} series at once; at most ${maxSeriesAtOnce}`);
    return new Set(series);
  }

  async function freshlyStored(): Promise<void> {
    await writer.drain({ commit: false, signal: AbortSignal.timeout(10_000) });
  }

  async function readBuckets(query: BucketQuery, withFresh: boolean): Promise<Map<number, Bucket[]> | undefined> {
    const { tenant, widthUs } = query;
    const series = checkSeries(query.series);
    const fromUs = Math.floor(query.fromUs / widthUs) * widthUs;
    // The last bucket may end past the last time that a number holds exactly; nothing can lie there.
    const toUs = Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(query.toUs / widthUs) * widthUs);
    const backUs = Math.max(0, fromUs - Math.max(hourUs, widthUs));
    // Taken before the question: what is stored meanwhile is then in both, never in neither.
    const pending = withFresh ? fresh.select(tenant, series, backUs, toUs) : new Map<number, StoredSample[]>();
    const whole = { fromUs: backUs, toUs };
    const raw = widthUs % minuteUs === 0 ? rollups.rawSpans(tenant, series, whole) : [whole];
    const [stored, sums] = await Promise.all([
      store.bucketParts(tenant, [...series], raw, fromUs, widthUs),
      rollups.parts(tenant, [...series], complement(whole, raw), fromUs, widthUs),
    ]);
    const answer = new Map<number, Bucket[]>();
    for (const one of series) {
      const freshParts = bucketParts(pending.get(one) ?? [], fromUs, widthUs);
      const parts = joinParts(
        mergeParts([...(stored.get(one) ?? []), ...(sums.get(one) ?? [])], widthUs),
        freshParts,
        widthUs,
      );
      if (!parts) return undefined;
      answer.set(one, toBuckets(parts, fromUs));
    }
    return answer;
  }

  function pagesOf(tenant: number, series: number): ReadPage {
    return async (fromUs, toUs, limit) =>
      (await range({ tenant, series: [series], fromUs, toUs, limit })).get(series) ?? { samples: [], more: false };
  }

  async function range({ tenant, series, fromUs, toUs, limit }: RangeQuery) {
    const wanted = checkSeries(series);
    if (wanted.size * limit > maxRangeSamples)
      throw new TelemetryFault('telemetry.too-much', `${wanted.size} series × ${limit}; at most ${maxRangeSamples}`);
    const answer = new Map<number, { samples: StoredSample[]; more: boolean }>();
    if (wanted.size === 0) return answer;
    const pending = fresh.select(tenant, wanted, fromUs, toUs);
    const stored = await store.range(tenant, [...wanted], fromUs, toUs, limit);
    for (const one of wanted) {
      const all = mergeByTime(stored.get(one) ?? [], pending.get(one) ?? []);
      answer.set(one, { samples: all.slice(0, limit), more: all.length > limit });
    }
    return answer;
  }

  return {
    async start() {
      await mkdir(directory, { recursive: true });
      down = undefined;
      await engine.start();
      try {
        await store.prepare();
        await store.loadLatest((rows) => latest.load(rows));
        await rollups.start();
        await deletions.start();
        await writer.start();
      } catch (error) {
        await engine.stop();
        throw error;
      }
      measure();
    },
    async stop() {
      if (engine.state === 'stopped') return;
      await rollups.stop();
      try {
        await writer.drain({ commit: true, signal: AbortSignal.timeout(10_000) });
      } catch (error) {
        onFault(toTelemetryFault(error));
      }
      await writer.stop();
      await engine.stop();
    },
    latest: (tenant, series) => latest.get(tenant, series),
    range,
    async count(tenant, series, fromUs, toUs) {
      const wanted = checkSeries(series);
      if (wanted.size === 0) return 0;
      let pending = 0;
      for (const samples of fresh.select(tenant, wanted, fromUs, toUs).values()) pending += samples.length;
      return pending + (await store.count(tenant, [...wanted], fromUs, toUs));
    },
    scan: ({ tenant, series, fromUs, toUs }, signal) => {
      const newest = latest.get(tenant, [series]).get(series)?.timeUs ?? -1;
      return scanSeries(pagesOf(tenant, series), fromUs, Math.min(toUs, newest + 1), signal);
    },
    before: (tenant, series, atUs, holds) => samplesBefore(pagesOf(tenant, series), atUs, holds),
    async buckets(query) {
      const count = Math.ceil((query.toUs - query.fromUs) / query.widthUs) + 1;
      if (!(query.widthUs >= 1) || query.widthUs % 1 !== 0)
        throw new TelemetryFault('telemetry.refused', `a bucket of ${query.widthUs} µs`);
      if (count * query.series.length > maxBucketsInAll)
        throw new TelemetryFault(
          'telemetry.too-much',
          `${query.series.length} series × ${count} buckets; at most ${maxBucketsInAll}`,
        );
      if (query.series.length === 0) return new Map();
      const answer = await readBuckets(query, true);
      if (answer) return answer;
      // Fresh samples lie among stored ones: store them first, then the store has the whole answer.
      await freshlyStored();
      return (await readBuckets(query, false))!;
    },
    stats() {
      measure();
      const recent = recentInsertions();
      const failing = down ?? writer.failing;
      const state = !failing ? 'ok' : performance.now() - failing.sinceMs > brokenAfterMs ? 'broken' : 'recovering';
      const oldestUs = fresh.oldestArrivalUs;
      return {
        rows: size.rows,
        bytesOnDisk: size.bytesOnDisk,
        rowsPerSecond: recent.reduce((sum, { rows }) => sum + rows, 0) / 10,
        lagMs: oldestUs === undefined ? (anyRead ? 0 : null) : Math.max(0, (clock() - oldestUs) / 1000),
        backlogRecords: Math.max(0, log.next - writer.inserted),
        state,
        rolledUpToUs: rollups.stats().toUs,
        lateDays: rollups.stats().lateDays,
        insertedRows,
        inserts,
        restarts,
        ...(failing && { cause: { code: failing.fault.code, detail: failing.fault.message } }),
      };
    },
    flush,
    rollUp: () => rollups.settle(),
    expire: (signal) =>
      expire({ store: removalStore, rollupStore, rollups, known: () => latest.known(), keepFrom }, signal),
    remove: ({ tenant, series, fromUs, toUs }, onProgress, signal) =>
      deletions.remove({ tenant, series: [...checkSeries(series)] }, { fromUs, toUs }, onProgress, signal),
    async compact() {
      await store.compact();
    },
    onSamples(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What of `whole` lies in none of `spans`, which are in order. */
function complement(whole: TimeSpan, spans: readonly TimeSpan[]): TimeSpan[] {
  const rest: TimeSpan[] = [];
  let at = whole.fromUs;
  for (const { fromUs, toUs } of spans) {
    if (fromUs > at) rest.push({ fromUs: at, toUs: fromUs });
    at = Math.max(at, toUs);
  }
  if (at < whole.toUs) rest.push({ fromUs: at, toUs: whole.toUs });
  return rest;
}

/** Both by time; of the same time, what arrived last, and of the same arrival the fresh one. */
function mergeByTime(stored: readonly StoredSample[], fresh: readonly StoredSample[]): StoredSample[] {
  if (fresh.length === 0) return [...stored];
  const byTime = new Map(stored.map((sample) => [sample.timeUs, sample]));
  for (const sample of fresh) {
    const other = byTime.get(sample.timeUs);
    if (!other || sample.arrivalUs >= other.arrivalUs) byTime.set(sample.timeUs, sample);
  }
  return [...byTime.values()].sort((a, b) => a.timeUs - b.timeUs);
}
