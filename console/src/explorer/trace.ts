import type { AggregateResult, Bucket, Point, Reading } from '@luban/contracts';
import type { LineKind } from './line-kind.ts';

/** What is drawn of one series. Times are ms since 1970 UTC. */
export interface Trace {
  /** In order of time; a null value breaks the line. Strings and JSON are read on hover, not drawn. */
  line: { timeMs: number; value: number | null; text: string | null }[];
  /** Lowest and highest of each bucket; null when every sample is drawn. */
  band: { timeMs: number; min: number | null; max: number | null }[] | null;
  /** Where values are bad or uncertain. */
  spans: { fromMs: number; toMs: number; quality: 'bad' | 'uncertain' }[];
  /** Where nothing came for more than three of the longest normal silences. */
  gaps: { fromMs: number; toMs: number }[];
  /** Milliseconds that one bucket covers; null when every sample is drawn. */
  widthMs: number | null;
  count: number;
  badCount: number;
}

/** The longest pause between two samples over which a line is drawn. Without a known silence, ten usual ones. */
export function longestPauseMs(timesMs: readonly number[], maxIntervalMs: number | null): number {
  if (maxIntervalMs !== null) return 3 * maxIntervalMs;
  const pauses = timesMs.slice(1).map((time, i) => time - timesMs[i]!);
  if (pauses.length < 4) return Number.POSITIVE_INFINITY;
  pauses.sort((a, b) => a - b);
  return Math.max(1000, 10 * pauses[pauses.length >> 1]!);
}

/** Every sample as it is. `readings` in order of time; `endMs` is where the range (or the present) ends. */
export function traceOfReadings(readings: readonly Reading[], maxIntervalMs: number | null, endMs: number): Trace {
  const trace: Trace = { line: [], band: null, spans: [], gaps: [], widthMs: null, count: 0, badCount: 0 };
  const times = readings.map((reading) => reading.time / 1000);
  const pauseMs = longestPauseMs(times, maxIntervalMs);
  readings.forEach((reading, i) => {
    const timeMs = times[i]!;
    const before = times[i - 1];
    if (before !== undefined && timeMs - before > pauseMs) openGap(trace, before, timeMs);
    const bad = reading.quality === 'bad';
    trace.line.push({
      timeMs,
      value: bad ? null : numberOf(reading.value),
      text:
        typeof reading.value === 'string'
          ? reading.value
          : typeof reading.value === 'object' && reading.value !== null
            ? JSON.stringify(reading.value)
            : null,
    });
    trace.count++;
    if (bad) trace.badCount++;
    // A sample holds until the next one, at most as long as the silence that is normal.
    const untilMs = Math.min(times[i + 1] ?? endMs, timeMs + (Number.isFinite(pauseMs) ? pauseMs : 0), endMs);
    if (reading.quality !== 'good') addSpan(trace, timeMs, Math.max(untilMs, timeMs), reading.quality);
  });
  const last = times.at(-1);
  if (last !== undefined && endMs - last > pauseMs) openGap(trace, last, endMs);
  return trace;
}

/** Buckets as mean and band. */
export function traceOfBuckets(
  buckets: readonly Bucket[],
  widthUs: number,
  maxIntervalMs: number | null,
  endMs: number,
  line: LineKind = 'timeMean',
): Trace {
  const widthMs = widthUs / 1000;
  const trace: Trace = { line: [], band: [], spans: [], gaps: [], widthMs, count: 0, badCount: 0 };
  const heard = buckets.filter((bucket) => bucket.count + bucket.bad > 0);
  const starts = heard.map((bucket) => bucket.start / 1000);
  // Two samples may lie almost two buckets apart and still be in neighbours.
  const pauseMs = Math.max(longestPauseMs(starts, maxIntervalMs), widthMs * 1.5);
  heard.forEach((bucket, i) => {
    const startMs = starts[i]!;
    const before = starts[i - 1];
    if (before !== undefined && startMs - before > pauseMs) openGap(trace, before + widthMs, startMs);
    const timeMs = startMs + widthMs / 2;
    // The band alone shows lowest and highest; its middle keeps the reading and the breaks.
    const value =
      line === 'mean'
        ? bucket.mean
        : line === 'range'
          ? bucket.min === null || bucket.max === null
            ? null
            : (bucket.min + bucket.max) / 2
          : (bucket.timeMean ?? bucket.mean);
    trace.line.push({ timeMs, value, text: null });
    trace.band?.push({ timeMs, min: bucket.min, max: bucket.max });
    trace.count += bucket.count;
    trace.badCount += bucket.bad;
    if (bucket.bad > 0) addSpan(trace, startMs, startMs + widthMs, 'bad');
  });
  const last = starts.at(-1);
  if (last !== undefined && endMs - last - widthMs > pauseMs) openGap(trace, last + widthMs, endMs);
  return trace;
}

/** Results of one aggregate, an interval each: a line without a band. */
export function traceOfAggregate(results: readonly AggregateResult[], intervalMs: number): Trace {
  const trace: Trace = { line: [], band: null, spans: [], gaps: [], widthMs: intervalMs, count: 0, badCount: 0 };
  for (const { time, value, status } of results) {
    const timeMs = time / 1000;
    const number = typeof value === 'number' ? value : null;
    trace.line.push({ timeMs, value: number, text: null });
    if (number !== null) trace.count++;
    else if (status === 'Bad') trace.badCount++;
    if (number !== null && status.startsWith('Uncertain')) addSpan(trace, timeMs, timeMs + intervalMs, 'uncertain');
  }
  return trace;
}

function numberOf(value: Reading['value']): number | null {
  return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null;
}
function openGap(trace: Trace, fromMs: number, toMs: number): void {
  trace.gaps.push({ fromMs, toMs });
  trace.line.push({ timeMs: fromMs + 0.5, value: null, text: null });
  trace.band?.push({ timeMs: fromMs + 0.5, min: null, max: null });
}
/** Spans that touch become one. */
function addSpan(trace: Trace, fromMs: number, toMs: number, quality: 'bad' | 'uncertain'): void {
  const last = trace.spans.at(-1);
  if (last !== undefined && last.quality === quality && fromMs <= last.toMs + 1) last.toMs = Math.max(last.toMs, toMs);
  else trace.spans.push({ fromMs, toMs, quality });
}

/** The entry of a line that holds at a time: the last one before it, or the nearest within `reachMs`. */
export function entryAt(trace: Trace, timeMs: number, reachMs: number): Trace['line'][number] | null {
  const { line } = trace;
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line[middle]!.timeMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [line[low - 1], line[low]];
  const near = [before, after].filter((entry) => entry !== undefined && Math.abs(entry.timeMs - timeMs) <= reachMs);
  near.sort((a, b) => Math.abs(a!.timeMs - timeMs) - Math.abs(b!.timeMs - timeMs));
  return near[0] ?? (before !== undefined && before.value !== null && after?.value != null ? before : null);
}

/** So many values, whole and without a unit, are states rather than a measurement. */
const mostStates = 12;

/** Whether a line goes in steps: a state holds until the next sample and never passes through what lies between. */
export function isStepped({ type, unit }: Pick<Point, 'type' | 'unit'>, trace: Trace): boolean {
  if (type === 'boolean') return true;
  if (type !== 'number' || trace.widthMs !== null || (unit !== null && unit !== '1')) return false;
  const values = new Set<number>();
  for (const { value } of trace.line) {
    if (value === null) continue;
    if (!Number.isInteger(value) || values.add(value).size > mostStates) return false;
  }
  return values.size > 0;
}

export interface TraceSummary {
  last: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
}
export function summary(trace: Trace): TraceSummary {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  let last: number | null = null;
  for (const { value } of trace.line) {
    if (value === null) continue;
    last = value;
    sum += value;
    count++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  for (const entry of trace.band ?? []) {
    if (entry.min !== null && entry.min < min) min = entry.min;
    if (entry.max !== null && entry.max > max) max = entry.max;
  }
  return count === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / count };
}
