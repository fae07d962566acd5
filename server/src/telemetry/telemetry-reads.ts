import type { Bucket } from '@luban/contracts';
import type { Tracing } from '../platform/tracing/tracing.ts';
import { bucketParts, joinParts, mergeParts, toBuckets } from './bucket-parts.ts';
import type { FreshSamples } from './fresh-samples.ts';
import type { LatestTable } from './latest-table.ts';
import type { TimeSpan } from './part-sql.ts';
import { minuteUs } from './rollup-store.ts';
import type { Rollups } from './rollups.ts';
import { type ReadPage, samplesBefore, scanSeries } from './series-scan.ts';
import type { StoredSample } from './stored-sample.ts';
import { TelemetryFault } from './telemetry-fault.ts';
import type { TelemetryStore } from './telemetry-store.ts';

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

/**
 * What can be read of the history. The same series and time twice keeps what arrived last.
 * Throws TelemetryFault: `telemetry.too-much`, `telemetry.busy`, `telemetry.unavailable`.
 */
export interface TelemetryReads {
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
}

/** What reads ask of the roll-ups; another server may have to be asked for the spans. */
export interface RollupReads extends Pick<Rollups, 'parts'> {
  rawSpans(...asked: Parameters<Rollups['rawSpans']>): readonly TimeSpan[] | Promise<readonly TimeSpan[]>;
}

interface TelemetryReadsOptions {
  readonly store: TelemetryStore;
  readonly rollups: RollupReads;
  readonly fresh: Pick<FreshSamples, 'select'>;
  readonly latest: LatestTable;
  /** Resolves when all that was fresh is stored. */
  readonly storeFresh: () => Promise<void>;
}

const hourUs = 3_600_000_000;
const maxSeriesAtOnce = 10_000;
const maxRangeSamples = 500_000;
const maxBucketsInAll = 250_000;

/** History as it is asked for: stored samples, roll-ups and what is not stored yet, as one. */
export function createTelemetryReads({
  store,
  rollups,
  fresh,
  latest,
  storeFresh,
}: TelemetryReadsOptions): TelemetryReads & { pagesOf(tenant: number, series: number): ReadPage } {
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
    const raw = widthUs % minuteUs === 0 ? await rollups.rawSpans(tenant, series, whole) : [whole];
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
    latest: (tenant, series) => latest.get(tenant, series),
    range,
    pagesOf,
    async count(tenant, series, fromUs, toUs) {
      const wanted = checkSeries(series);
      if (wanted.size === 0) return 0;
      let pending = 0;
      for (const samples of fresh.select(tenant, wanted, fromUs, toUs).values()) pending += samples.length;
      return pending + (await store.count(tenant, [...wanted], fromUs, toUs));
    },
    scan({ tenant, series, fromUs, toUs }, signal) {
      const newest = latest.get(tenant, [series]).get(series);
      // What never had a sample need not be searched for.
      const end = newest === undefined ? fromUs : toUs;
      return scanSeries(pagesOf(tenant, series), fromUs, end, signal, newest?.timeUs);
    },
    async before(tenant, series, atUs, holds) {
      // What never had a sample need not be searched for.
      if (latest.get(tenant, [series]).size === 0) return [];
      return samplesBefore(pagesOf(tenant, series), atUs, holds);
    },
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
      await storeFresh();
      return (await readBuckets(query, false))!;
    },
  };
}

function checkSeries(series: readonly number[]): Set<number> {
  if (series.length > maxSeriesAtOnce)
    throw new TelemetryFault('telemetry.too-much', `${series.length} series at once; at most ${maxSeriesAtOnce}`);
  return new Set(series);
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

/** Each read a part of the trace of whoever asks. */
export function traceReads(reads: TelemetryReads, tracing: Tracing | undefined): TelemetryReads {
  if (tracing === undefined) return reads;
  function traced<Asked extends unknown[], Answer>(name: string, read: (...asked: Asked) => Promise<Answer>) {
    return (...asked: Asked) => tracing!.part(`telemetry ${name}`, {}, () => read(...asked));
  }
  return {
    latest: reads.latest,
    range: traced('range', reads.range),
    count: traced('count', reads.count),
    scan: reads.scan,
    before: traced('before', reads.before),
    buckets: traced('buckets', reads.buckets),
  };
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
