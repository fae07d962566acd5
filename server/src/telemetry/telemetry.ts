import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogRecord, OffsetStore, SampleLog } from '../log/log.ts';
import { Histogram } from '../platform/histogram.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import type { Tracing } from '../platform/tracing/tracing.ts';
import { createChdbEngine } from './chdb-engine.ts';
import { parseClickhouseAddress } from './clickhouse-address.ts';
import { createClickhouseEngine } from './clickhouse-engine.ts';
import { createDeletions } from './deletions.ts';
import { type Expired, expire, type KeepFrom } from './expiry.ts';
import type { FollowedStore } from './following/followed-store.ts';
import { createFreshSamples } from './fresh-samples.ts';
import { createKeptSums } from './kept-sums.ts';
import { createLatestTable } from './latest-table.ts';
import { createRemovalStore, startOfDay } from './removal-store.ts';
import { createRollupStore } from './rollup-store.ts';
import { createRollups } from './rollups.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { TelemetryFault, toTelemetryFault } from './telemetry-fault.ts';
import { createTelemetryReads, type RangeQuery, type TelemetryReads, traceReads } from './telemetry-reads.ts';
import { createTelemetryStore } from './telemetry-store.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';
import { refuseUnfinishedCopy } from './unfinished-copy.ts';

export { parseClickhouseAddress } from './clickhouse-address.ts';
export type { Expired, KeepFrom } from './expiry.ts';
export { createHistoryAnywhere, type HistoryStats } from './following/history-anywhere.ts';
export { countsFromUs, type StoredSample } from './stored-sample.ts';
export { openTelemetryCopy } from './telemetry-copy.ts';
export { TelemetryFault } from './telemetry-fault.ts';
export type { TelemetryReads } from './telemetry-reads.ts';
export { openTenantCopy } from './tenant-copy.ts';
export { forgetTelemetry } from './tenant-removal.ts';

/** Of the store's tables. One more when a change to them keeps older software from using them. */
export const telemetryFormat = 1;

export interface TelemetryOptions {
  /** For the store's files; belongs to this process alone. */
  readonly directory: string;
  /** `http://…` of ClickHouse; absent: chDB in the directory. */
  readonly address?: string | undefined;
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
  /** Buckets of at most so many rows are made in this process, others by the database. */
  readonly partRows?: number;
  readonly tracing?: Tracing | undefined;
}

/** Bytes are of a row on disk, over all tenants; null while there is none. */
export interface Growth {
  readonly series: ReadonlyMap<number, { readonly samples: number; readonly hours: number }>;
  readonly sampleBytes: number | null;
  readonly minuteBytes: number | null;
  readonly hourBytes: number | null;
}

export interface TelemetryStats {
  readonly rows: number;
  readonly bytesOnDisk: number;
  /** Inserted, over the last ten seconds. */
  readonly rowsPerSecond: number;
  /** Age of the oldest sample that is not in the store yet; 0 when all are; null before the first is read. */
  readonly lagMs: number | null;
  readonly backlogRecords: number;
  /** Everything below it in the log is stored. */
  readonly storedPosition: number;
  /** `recovering`: tries again by itself; `broken`: for half a minute in vain. The log keeps everything meanwhile. */
  readonly state: 'ok' | 'recovering' | 'broken';
  readonly cause?: { readonly code: string; readonly detail: string };
  /** Files of the store are damaged, as a question found since the start: what they held cannot be read. */
  readonly damage?: { readonly code: string; readonly detail: string };
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
 * the log.
 */
export interface Telemetry extends TelemetryReads {
  start(): Promise<void>;
  /** Inserts what it has, waiting at most ten seconds; the rest is in the log. */
  stop(): Promise<void>;
  stats(): TelemetryStats;
  /** True once reads see all that the log holds now; false when that takes longer than who asks should wait. */
  caughtUp(): Promise<boolean>;
  /** Resolves when all that the log holds now is in the store and committed. Throws `telemetry.busy` after 30 s. */
  flush(): Promise<void>;
  /** Brings the sums by minute and hour up to date, which else happens by itself. */
  rollUp(): Promise<void>;
  /** What the history of a tenant grows by: by series, over the last `days` days. */
  growth(tenant: number, days: number): Promise<Growth>;
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
  /**
   * Makes `into` a folder that holds the store as it is, for a backup, and does `also` before anything more is stored:
   * then the store has exactly what the log has before the consumer's offset. Throws `telemetry.refused` where the
   * store is a database server, which has its own tools; `telemetry.busy`, `telemetry.unavailable`.
   */
  freeze<T>(into: string, also: () => Promise<T>): Promise<T>;
  /** Hears each record once it is visible. Returns what ends it. */
  onSamples(listener: (record: LogRecord) => void): () => void;
  /** For servers that only read. */
  readonly followed: FollowedStore;
}

const sizeEveryMs = 5_000;
const brokenAfterMs = 30_000;

/** What a start needs and cannot read stays so, however often it is tried. */
function damagedStart(error: unknown, directory: string): unknown {
  if (!(error instanceof TelemetryFault) || error.code !== 'telemetry.damaged') return error;
  return new StartRefusal(
    {
      zh: `时序库 ${directory} 中有文件损坏，平台无法启动；请保留该目录，并从备份恢复。${error.message}`,
      en: `Files of the telemetry store in ${directory} are damaged, so the platform cannot start. Keep the folder aside and restore it from a backup. ${error.message}`,
    },
    { cause: error },
  );
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { directory, log, consumer, onFault, tracing } = options;
  const clock = options.clock ?? (() => Date.now() * 1000);
  const blockRows = options.blockRows ?? 100_000;
  const listeners = new Set<(record: LogRecord) => void>();
  const latest = createLatestTable();
  const fresh = createFreshSamples(blockRows);
  const engineEvents = {
    onFault(fault: TelemetryFault) {
      down = { fault, sinceMs: down?.sinceMs ?? performance.now() };
      onFault(fault);
    },
    onDamage(fault: TelemetryFault) {
      // Each question that meets it says the same: one line is enough.
      if (damage === undefined) onFault(fault);
      damage = fault;
    },
    onRestart() {
      restarts++;
      down = undefined;
      writer.retryNow();
    },
  };
  const server = options.address === undefined ? null : parseClickhouseAddress(options.address);
  const engine: TelemetryEngine = server
    ? createClickhouseEngine({ address: server, ...engineEvents })
    : createChdbEngine({
        directory: join(directory, 'chdb'),
        memoryLimitBytes: options.memoryLimitBytes ?? 1 << 30,
        ...engineEvents,
      });
  const store = createTelemetryStore(engine, options.partRows);
  let damage: TelemetryFault | undefined;
  let down: { fault: TelemetryFault; sinceMs: number } | undefined;
  let insertions: { atMs: number; rows: number }[] = [];
  let size = { rows: 0, bytesOnDisk: 0 };
  let sizeAtMs = Number.NEGATIVE_INFINITY;
  let anyRead = false;
  let insertedRows = 0;
  let restarts = 0;
  const inserts = new Histogram();
  const keptSums = createKeptSums();
  const rollupStore = createRollupStore(engine, options.partRows, keptSums);
  const removalStore = createRemovalStore(engine, keptSums);
  const keepFrom = options.keepFrom ?? (() => ({ samplesUs: 0, minutesUs: 0, hoursUs: 0 }));
  const rollups = createRollups({
    store: rollupStore,
    nowUs: clock,
    position: () => ({ read: writer.read, inserted: writer.inserted }),
    onFault,
    rawFromUs: (tenant, series) => startOfDay(keepFrom(tenant, series).samplesUs),
  });
  const flush = () => writer.drain({ commit: true, signal: AbortSignal.timeout(30_000) });
  const storeFresh = () => writer.drain({ commit: false, signal: AbortSignal.timeout(10_000) });
  const { pagesOf, ...reads } = createTelemetryReads({ store, rollups, fresh, latest, storeFresh });
  const deletions = createDeletions({
    ...{ store: removalStore, rollups, latest, nowUs: clock, flush, pagesOf },
    saveLatest: () => writer.saveLatest(),
  });
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
    onInserted(block, milliseconds) {
      const { rows } = block;
      tracing?.block('telemetry insert', block, { 'luban.samples': rows }, milliseconds);
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

  /** The latest values can be had from the history too: damage of theirs must not keep the platform from starting. */
  async function loadLatest(): Promise<void> {
    try {
      await store.loadLatest((rows) => latest.load(rows));
    } catch (error) {
      if (!(error instanceof TelemetryFault) || error.code !== 'telemetry.damaged') throw error;
      await store.rebuildLatest();
      await store.loadLatest((rows) => latest.load(rows));
    }
  }

  return {
    async start() {
      await mkdir(directory, { recursive: true });
      down = undefined;
      await engine.start();
      try {
        if (server !== null) await refuseUnfinishedCopy(engine);
        await store.prepare();
        await loadLatest();
        await rollups.start();
        await deletions.start();
        await writer.start();
      } catch (error) {
        await rollups.stop();
        await engine.stop();
        throw damagedStart(error, directory);
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
    ...traceReads(reads, tracing),
    stats() {
      measure();
      const recent = recentInsertions();
      const failing = down ?? writer.failing;
      const state = !failing ? 'ok' : performance.now() - failing.sinceMs > brokenAfterMs ? 'broken' : 'recovering';
      const oldestUs = fresh.oldestArrivalUs;
      return {
        ...(damage && { damage: { code: damage.code, detail: damage.message } }),
        rows: size.rows,
        bytesOnDisk: size.bytesOnDisk,
        rowsPerSecond: recent.reduce((sum, { rows }) => sum + rows, 0) / 10,
        lagMs: oldestUs === undefined ? (anyRead ? 0 : null) : Math.max(0, (clock() - oldestUs) / 1000),
        backlogRecords: log.behind(writer.inserted),
        storedPosition: writer.inserted,
        state,
        rolledUpToUs: rollups.stats().toUs,
        lateDays: rollups.stats().lateDays,
        insertedRows,
        inserts,
        restarts,
        ...(failing && { cause: { code: failing.fault.code, detail: failing.fault.message } }),
      };
    },
    caughtUp: () => writer.caughtUp(),
    flush,
    rollUp: () => rollups.settle(),
    async growth(tenant, days) {
      const [series, minuteBytes, hourBytes] = await Promise.all([
        rollupStore.activity(tenant, clock() - days * 86_400_000_000),
        rollupStore.bytesPerRow('minutes'),
        rollupStore.bytesPerRow('hours'),
      ]);
      return { series, sampleBytes: size.rows > 0 ? size.bytesOnDisk / size.rows : null, minuteBytes, hourBytes };
    },
    expire: (signal) =>
      expire({ store: removalStore, rollupStore, rollups, known: () => latest.known(), keepFrom }, signal),
    remove: ({ tenant, series, fromUs, toUs }, onProgress, signal) =>
      deletions.remove({ tenant, series }, { fromUs, toUs }, onProgress, signal),
    freeze(into, also) {
      const { snapshot } = engine;
      if (snapshot === undefined)
        throw new TelemetryFault('telemetry.refused', 'a database server is backed up with its own tools');
      return writer.hold(async () => {
        await snapshot.call(engine, into);
        return also();
      }, AbortSignal.timeout(60_000));
    },
    async compact() {
      await store.compact();
    },
    onSamples(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    followed: {
      state: async () => ({ inserted: writer.inserted, read: writer.read, ...deletions.state() }),
      rawSpans: async (tenant, series, span) => ({
        spans: rollups.rawSpans(tenant, new Set(series), span),
        sums: keptSums.state,
      }),
      async drain() {
        await storeFresh();
        return true;
      },
    },
  };
}
