import { maxRangeRows } from '@luban/contracts';
import type { ListedPoint } from '../api/api-types.ts';
import { readAggregates, readBuckets, readRange } from '../api/queries.ts';
import type { LineKind } from './line-kind.ts';
import type { Span } from './time-range.ts';
import { type Trace, traceOfAggregate, traceOfBuckets, traceOfReadings } from './trace.ts';

/** Up to this length every sample is drawn where there are few enough; beyond, buckets. */
const rawSpanMs = 15 * 60_000;
const rawLimit = 4000;
const bucketCount = 500;
/** So many series are asked for at once: the API gives at most so many rows an answer. */
const rawPerRequest = Math.floor(maxRangeRows / rawLimit);
const bucketsPerRequest = Math.floor(maxRangeRows / bucketCount);

/** History of these points, as it is drawn. Strings and JSON have no buckets and come as samples. */
export async function readTraces(
  points: readonly Pick<ListedPoint, 'series' | 'type' | 'maxIntervalMs'>[],
  span: Span,
  nowMs: number,
  signal: AbortSignal,
  line: LineKind = 'timeMean',
): Promise<Map<number, Trace>> {
  const traces = new Map<number, Trace>();
  const endMs = Math.min(span.toMs, nowMs);
  const [from, to] = [Math.floor(span.fromMs * 1000), Math.ceil(span.toMs * 1000)];
  const interval = new Map<number, number | null>(points.map((point) => [point.series, point.maxIntervalMs]));
  if (line === 'interpolated' || line === 'percentGood') return readAggregated(points, { from, to }, line, signal);
  const short = span.toMs - span.fromMs <= rawSpanMs && line !== 'range';
  const raw = points.filter((point) => short || point.type !== 'number').map((point) => point.series);
  const inBuckets: number[] = points.filter((point) => !short && point.type === 'number').map((point) => point.series);
  const numbers = new Set<number>(points.filter((point) => point.type === 'number').map((point) => point.series));
  for (const series of chunks(raw, rawPerRequest)) {
    const { items } = await readRange({ series, from, to }, rawLimit, signal);
    for (const item of items) {
      if (item.more && numbers.has(item.series)) inBuckets.push(item.series);
      else traces.set(item.series, traceOfReadings(item.readings, interval.get(item.series) ?? null, endMs));
    }
  }
  for (const series of chunks(inBuckets, bucketsPerRequest)) {
    const { items } = await readBuckets({ series, from, to }, bucketCount, signal);
    for (const item of items)
      traces.set(
        item.series,
        traceOfBuckets(item.buckets, item.widthUs, interval.get(item.series) ?? null, endMs, line),
      );
  }
  return traces;
}

/** Aggregates by OPC UA Part 13: intervals of whole milliseconds from the start of the range. */
async function readAggregated(
  points: readonly Pick<ListedPoint, 'series' | 'type'>[],
  { from, to }: { from: number; to: number },
  line: 'interpolated' | 'percentGood',
  signal: AbortSignal,
): Promise<Map<number, Trace>> {
  const traces = new Map<number, Trace>();
  const intervalMs = Math.max(1, Math.ceil((to - from) / 1000 / bucketCount));
  const numeric = points.filter(({ type }) => type === 'number' || type === 'boolean' || line === 'percentGood');
  const wanted = line === 'interpolated' ? 'interpolative' : 'percentGood';
  for (const series of chunks(
    numeric.map((point) => point.series),
    bucketsPerRequest,
  )) {
    const { items } = await readAggregates({ series, from, to }, intervalMs, wanted, signal);
    for (const item of items) traces.set(item.series, traceOfAggregate(item.aggregates[0]?.results ?? [], intervalMs));
  }
  return traces;
}

function chunks(series: readonly number[], size: number): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < series.length; i += size) found.push(series.slice(i, i + size));
  return found;
}
