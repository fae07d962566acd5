import type { AggregateConfiguration, AggregateFunction, AggregateResult } from '@luban/contracts';
import { type DataSpan, resultOf } from './aggregate-results.ts';
import {
  type AggregateSample,
  addSample,
  addSimpleRegion,
  countsAsBad,
  type IntervalSums,
  numberOf,
  openInterval,
} from './interval-sums.ts';

export { type AggregateSample, countsAsBad } from './interval-sums.ts';

export interface AggregationOptions {
  /** Half open [fromUs, toUs), cut into intervals of `intervalUs`; the last may be shorter. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly intervalUs: number;
  readonly configuration: AggregateConfiguration;
  /**
   * Where the data end, given the last sample's time: a historian that knows how its values come may take the last one
   * to hold longer. Default one millisecond, as in the standard's examples.
   */
  readonly endOfData?: (lastUs: number) => number;
}

export interface Aggregation {
  /**
   * Samples of one series, ordered by time, each time once. Begin before `fromUs`, where the value before is to be found,
   * and go on past `toUs` until `complete`.
   */
  add(sample: AggregateSample): void;
  /** No later sample changes a result. */
  readonly complete: boolean;
  /** Results of one function, an interval each, oldest first. After the last sample. */
  results(wanted: AggregateFunction): AggregateResult[];
}

/** A value that does not count as bad, with how many came before it. */
interface Held {
  readonly sample: AggregateSample;
  readonly number: number;
}

/**
 * The aggregates of OPC UA Part 13 (1.05) over one series, in one pass and in memory for the intervals only, whatever
 * the number of samples.
 */
export function createAggregation(options: AggregationOptions): Aggregation {
  const { fromUs, toUs, intervalUs, configuration } = options;
  const endOfData = options.endOfData ?? ((lastUs: number) => lastUs + 1000);
  const count = Math.max(0, Math.ceil((toUs - fromUs) / intervalUs));
  const intervals = Array.from({ length: count }, (_, i) => {
    const endUs = fromUs + (i + 1) * intervalUs;
    return openInterval(fromUs + i * intervalUs, Math.min(toUs, endUs), endUs > toUs);
  });
  let firstUs: number | null = null;
  let last: AggregateSample | null = null;
  /** The two newest numbers that do not count as bad, and the first bad sample since. */
  let held: Held | null = null;
  let heldBefore: Held | null = null;
  let badSinceUs: number | null = null;
  let lastNotBad: AggregateSample | null = null;
  let finished: DataSpan | undefined;

  /** The intervals that [start, until) touches. */
  function* touched(start: number, until: number): Generator<IntervalSums> {
    const begin = Math.max(0, Math.floor((start - fromUs) / intervalUs));
    for (let i = begin; i < count && intervals[i]!.startUs < until; i++)
      if (intervals[i]!.endUs > start) yield intervals[i]!;
  }

  function closeSimple(from: AggregateSample, to: AggregateSample | null, untilUs: number): void {
    for (const sums of touched(from.timeUs, untilUs)) {
      const begin = Math.max(from.timeUs, sums.startUs);
      addSimpleRegion(sums, { from, to }, begin, Math.min(untilUs, sums.endUs), configuration);
    }
  }

  /** Lines between values that are not bad (3.1.8): what holds at each start, and the areas of TimeAverage. */
  function closeSloped(from: Held, to: Held): void {
    const { sample: a } = from;
    const { sample: b } = to;
    const uncertain = badSinceUs !== null || a.quality === 'uncertain' || b.quality === 'uncertain';
    const slope = (to.number - from.number) / (b.timeUs - a.timeUs);
    const at = (timeUs: number) => from.number + slope * (timeUs - a.timeUs);
    for (const sums of touched(a.timeUs, b.timeUs)) {
      const begin = Math.max(a.timeUs, sums.startUs);
      addSloped(sums, begin, at(begin), Math.min(b.timeUs, sums.endUs), at(Math.min(b.timeUs, sums.endUs)), uncertain);
      if (sums.startUs >= a.timeUs) sums.atStart = bound(from, sums.startUs, at(sums.startUs), uncertain);
    }
  }

  function bound(from: Held, timeUs: number, sloped: number, slopedUncertain: boolean): IntervalSums['atStart'] {
    if (from.sample.timeUs === timeUs) return { value: from.number, quality: from.sample.quality, raw: true };
    if (!configuration.stepped) return { value: sloped, quality: slopedUncertain ? 'uncertain' : 'good', raw: false };
    const skipped = badSinceUs !== null && badSinceUs <= timeUs;
    const quality = skipped || from.sample.quality === 'uncertain' ? 'uncertain' : 'good';
    return { value: from.number, quality, raw: false };
  }

  function addSloped(
    sums: IntervalSums,
    beginUs: number,
    beginValue: number,
    endUs: number,
    endValue: number,
    uncertain: boolean,
  ): void {
    const us = endUs - beginUs;
    if (us <= 0) return;
    const area = ((beginValue + endValue) / 2) * us;
    sums.sloped.us += us;
    sums.sloped.area += area;
    sums.slopedInData.us += us;
    sums.slopedInData.area += area;
    if (uncertain) sums.sloped.uncertain = true;
  }

  /** After the last value that is not bad: extrapolated, always uncertain. */
  function extrapolate(from: Held, endUs: number): void {
    const slope =
      configuration.useSlopedExtrapolation && !configuration.stepped && heldBefore !== null
        ? (from.number - heldBefore.number) / (from.sample.timeUs - heldBefore.sample.timeUs)
        : 0;
    const at = (timeUs: number) => from.number + slope * (timeUs - from.sample.timeUs);
    for (const sums of touched(from.sample.timeUs, toUs)) {
      if (sums.startUs >= from.sample.timeUs)
        sums.atStart =
          sums.startUs === from.sample.timeUs
            ? { value: from.number, quality: from.sample.quality, raw: true }
            : { value: at(sums.startUs), quality: 'uncertain', raw: false };
      if (sums.startUs >= endUs) continue;
      const begin = Math.max(from.sample.timeUs, sums.startUs);
      const inData = Math.max(begin, Math.min(endUs, sums.endUs));
      addSloped(sums, begin, at(begin), inData, at(inData), true);
      const rest = sums.endUs - inData;
      sums.sloped.us += rest;
      sums.sloped.area += ((at(inData) + at(sums.endUs)) / 2) * rest;
    }
  }

  function finish(): DataSpan {
    if (finished) return finished;
    if (last === null || firstUs === null) {
      finished = { firstUs: Number.POSITIVE_INFINITY, endUs: Number.NEGATIVE_INFINITY, configuration };
      return finished;
    }
    const endUs = Math.max(last.timeUs + 1, endOfData(last.timeUs));
    closeSimple(last, null, Math.min(toUs, endUs));
    if (held !== null) extrapolate(held, endUs);
    finished = { firstUs, endUs, configuration };
    return finished;
  }

  return {
    get complete() {
      return lastNotBad !== null && lastNotBad.timeUs >= toUs;
    },
    add(sample) {
      firstUs ??= sample.timeUs;
      if (last !== null) closeSimple(last, sample, Math.min(toUs, sample.timeUs));
      last = sample;
      const isBad = countsAsBad(sample.quality, configuration);
      const place = Math.floor((sample.timeUs - fromUs) / intervalUs);
      if (place >= 0 && sample.timeUs < toUs) addSample(intervals[place]!, sample, lastNotBad, configuration);
      if (isBad) {
        badSinceUs ??= sample.timeUs;
        return;
      }
      lastNotBad = sample;
      const number = numberOf(sample.value);
      if (number === null) return;
      const next: Held = { sample, number };
      if (held !== null) closeSloped(held, next);
      heldBefore = held;
      held = next;
      badSinceUs = null;
    },
    results(wanted) {
      const span = finish();
      return intervals.map((sums) => resultOf(wanted, sums, span));
    },
  };
}
