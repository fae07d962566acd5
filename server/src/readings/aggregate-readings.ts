import {
  type AggregateConfiguration,
  type AggregateFunction,
  anyTypeAggregates,
  type Point,
  qualityClass,
  type SeriesAggregates,
  statusQuality,
} from '@luban/contracts';
import { type AggregateSample, countsAsBad, createAggregation } from '../aggregates/aggregates.ts';
import { Refusal } from '../platform/errors.ts';
import type { StoredSample, TelemetryReads } from '../telemetry/telemetry.ts';

export interface AggregateQuestion {
  readonly tenantNumber: number;
  readonly points: readonly Point[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly intervalUs: number;
  readonly functions: readonly AggregateFunction[];
  readonly configuration: AggregateConfiguration;
}

/** Most results in one answer, and most samples that one answer is computed from. */
const maxResults = 50_000;
const maxSamples = 2_000_000;

/** Throws Refusal `readings.too-much` and `readings.wrong-type` before anything is read. */
function check({ points, fromUs, toUs, intervalUs, functions }: AggregateQuestion): void {
  const results = points.length * Math.ceil((toUs - fromUs) / intervalUs) * functions.length;
  if (results > maxResults)
    throw new Refusal(
      'readings.too-much',
      `${points.length} series × intervals × ${functions.length} functions are ${results} results, at most ${maxResults}: take longer intervals`,
    );
  for (const point of points) {
    if (point.type === 'number' || point.type === 'boolean') continue;
    const numeric = functions.find((one) => !anyTypeAggregates.includes(one));
    if (numeric !== undefined)
      throw new Refusal('readings.wrong-type', `${point.key} holds ${point.type} values: they have no ${numeric}`);
  }
}

/**
 * Aggregates from the samples themselves, one series after the other, page by page: exact, and in bounded memory.
 * `signal` ends it when nobody waits any more.
 */
export async function aggregateReadings(
  history: TelemetryReads,
  question: AggregateQuestion,
  nowUs: number,
  signal: AbortSignal,
): Promise<SeriesAggregates[]> {
  check(question);
  const { tenantNumber, points, fromUs, toUs } = question;
  const series = points.map((point) => point.series);
  const samples = await history.count(tenantNumber, series, fromUs, toUs);
  if (samples > maxSamples)
    throw new Refusal(
      'readings.too-much',
      `The range holds ${samples} samples, at most ${maxSamples} are aggregated at once: ask for less time or fewer series`,
    );
  const answer: SeriesAggregates[] = [];
  for (const point of points) answer.push(await aggregatePoint(history, question, point, nowUs, signal));
  return answer;
}

async function aggregatePoint(
  history: TelemetryReads,
  { tenantNumber: tenant, fromUs, toUs, intervalUs, functions, configuration }: AggregateQuestion,
  point: Point,
  nowUs: number,
  signal: AbortSignal,
): Promise<SeriesAggregates> {
  const { series } = point;
  const newestUs = history.latest(tenant, [series]).get(series)?.timeUs ?? -1;
  const aggregation = createAggregation({
    fromUs,
    toUs,
    intervalUs,
    configuration: point.type === 'boolean' ? { ...configuration, stepped: true } : configuration,
    endOfData: (lastUs) => endOfData(point, lastUs, newestUs, nowUs),
  });
  const holds = (sample: StoredSample) => !countsAsBad(toAggregateSample(sample).quality, configuration);
  for (const sample of await history.before(tenant, series, fromUs, holds)) aggregation.add(toAggregateSample(sample));
  // Past the end until the value after it is found; the newest sample ends the search.
  for await (const page of history.scan({ tenant, series, fromUs, toUs: Number.MAX_SAFE_INTEGER }, signal)) {
    for (const sample of page) {
      aggregation.add(toAggregateSample(sample));
      if (aggregation.complete) break;
    }
    if (aggregation.complete) break;
  }
  return {
    series,
    aggregates: functions.map((one) => ({ function: one, results: aggregation.results(one) })),
  };
}

/** The newest value holds as long as silence is normal for its point: what sends on change goes on between changes. */
function endOfData(point: Point, lastUs: number, newestUs: number, nowUs: number): number {
  const least = lastUs + 1000;
  if (lastUs < newestUs || point.maxIntervalMs === null) return least;
  return Math.max(least, Math.min(nowUs, lastUs + point.maxIntervalMs * 1000));
}

function toAggregateSample({ timeUs, value, status }: StoredSample): AggregateSample {
  return { timeUs, value, quality: qualityClass(statusQuality(status)) };
}
