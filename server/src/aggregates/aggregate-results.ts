import type { AggregateConfiguration, AggregateFunction, AggregateResult, SampleValue } from '@luban/contracts';
import type { AggregateSample, IntervalSums } from './interval-sums.ts';

/** From the first sample's time to where the data end. */
export interface DataSpan {
  readonly firstUs: number;
  readonly endUs: number;
  readonly configuration: AggregateConfiguration;
}

type Status = AggregateResult['status'];

/** One function's result for one interval (5.4.3.4 to 5.4.3.38 of the standard). */
export function resultOf(wanted: AggregateFunction, sums: IntervalSums, span: DataSpan): AggregateResult {
  if (wanted === 'interpolative') return interpolative(sums);
  if (sums.endUs <= span.firstUs || sums.startUs >= span.endUs) return nothing(sums, 'BadNoData');
  const uncovered = sums.startUs < span.firstUs || sums.endUs > span.endUs;
  const partial = uncovered || sums.cutShort;
  const calculated = (value: SampleValue, status: Status): AggregateResult => ({
    time: sums.startUs,
    value,
    status,
    source: 'calculated',
    partial,
    multipleValues: false,
  });
  const { simple, sloped, slopedInData, min, max } = sums;
  const widthUs = sums.endUs - sums.startUs;
  const total = sums.good + sums.bad + (span.configuration.treatUncertainAsBad ? 0 : sums.uncertain);
  const byCount = () => statusByShare(sums.good / total, sums.bad / total, span.configuration);
  const ofGood = sums.firstGood === null ? null : sums.good < total ? 'UncertainDataSubNormal' : 'Good';
  const skippedBad = sums.bad > 0 ? 'UncertainDataSubNormal' : 'Good';

  switch (wanted) {
    case 'average':
      if (sums.firstGood === null) return nothing(sums, 'BadNoData');
      return withStatus({ ...calculated(sums.sum / sums.good, byCount()), partial: false });
    case 'timeAverage':
    case 'total': {
      if (sloped.us === 0) return nothing(sums, 'BadNoData');
      const value = wanted === 'total' ? slopedInData.area / 1e6 : sloped.area / sloped.us;
      return calculated(value, sloped.uncertain || uncovered ? 'UncertainDataSubNormal' : 'Good');
    }
    case 'timeAverage2':
      if (simple.heldUs === 0) return nothing(sums, 'BadNoData');
      return withStatus(calculated(simple.area / simple.heldUs, byTime()));
    case 'durationInStateZero':
      return withStatus(calculated(simple.zeroUs / 1000, byTime()));
    case 'durationInStateNonZero':
      return withStatus(calculated(simple.nonZeroUs / 1000, byTime()));
    case 'minimum':
    case 'maximum':
    case 'minimumActualTime':
    case 'maximumActualTime': {
      const extreme = wanted.startsWith('min') ? min : max;
      if (extreme === null) return nothing(sums, 'BadNoData');
      const actual = wanted.endsWith('ActualTime');
      const raw = actual || extreme.sample.timeUs === sums.startUs;
      return {
        time: actual ? extreme.sample.timeUs : sums.startUs,
        value: extreme.sample.value,
        status: skippedBad,
        source: raw ? 'raw' : 'calculated',
        partial,
        multipleValues: extreme.multiple,
      };
    }
    case 'range':
      if (min === null || max === null) return nothing(sums, 'BadNoData');
      return calculated(max.number - min.number, skippedBad);
    case 'count':
      if (total === 0) return calculated(0, 'Good');
      return withStatus(calculated(sums.good, byCount()));
    case 'numberOfTransitions':
      if (total === 0) return calculated(0, 'Good');
      return withStatus(calculated(sums.transitions, byCount()));
    case 'start':
      return rawResult(sums.first);
    case 'end':
      return rawResult(sums.last);
    case 'delta': {
      if (sums.firstGood === null || sums.lastGood === null) return nothing(sums, 'BadNoData');
      const skipped = sums.first!.quality !== 'good' || sums.last!.quality !== 'good';
      return calculated(sums.lastGood - sums.firstGood, skipped ? 'UncertainDataSubNormal' : 'Good');
    }
    case 'durationGood':
      return calculated(sums.goodUs / 1000, 'Good');
    case 'durationBad':
      return calculated(badUs() / 1000, 'Good');
    case 'percentGood':
      return calculated((sums.goodUs / countedUs()) * 100, 'Good');
    case 'percentBad':
      return calculated((badUs() / countedUs()) * 100, 'Good');
    case 'worstQuality':
      if (sums.worstCount === 0) return nothing(sums, 'BadNoData');
      return { ...calculated(sums.worst, 'Good'), multipleValues: sums.worstCount > 1 };
    case 'standardDeviationSample':
      if (ofGood === null) return nothing(sums, 'BadNoData');
      return calculated(sums.good < 2 ? 0 : Math.sqrt(sums.squares / (sums.good - 1)), ofGood);
    case 'standardDeviationPopulation':
      if (ofGood === null) return nothing(sums, 'BadNoData');
      return calculated(Math.sqrt(sums.squares / sums.good), ofGood);
  }

  /** The time before the first sample is bad, and counts; what lies after the end of the data does not. */
  function badUs(): number {
    return sums.badUs + Math.max(0, Math.min(span.firstUs, sums.endUs) - sums.startUs);
  }
  function countedUs(): number {
    return Math.min(sums.endUs, span.endUs) - sums.startUs;
  }
  /** Here all that has no data is bad, at either end. */
  function byTime(): Status {
    const dataUs = Math.min(sums.endUs, span.endUs) - Math.max(sums.startUs, span.firstUs);
    const bad = simple.badUs + (widthUs - dataUs);
    return statusByShare(simple.goodUs / widthUs, bad / widthUs, span.configuration);
  }
  function rawResult(sample: AggregateSample | null): AggregateResult {
    if (sample === null) return nothing(sums, 'BadNoData');
    const status = sample.quality === 'good' ? 'Good' : sample.quality === 'bad' ? 'Bad' : 'Uncertain';
    const value = sample.quality === 'bad' ? null : sample.value;
    return { time: sample.timeUs, value, status, source: 'raw', partial, multipleValues: false };
  }
}

function interpolative(sums: IntervalSums): AggregateResult {
  const { atStart } = sums;
  if (atStart === null) return nothing(sums, 'BadNoData');
  const rawStatus = atStart.quality === 'good' ? 'Good' : 'Uncertain';
  return {
    time: sums.startUs,
    value: atStart.value,
    status: atStart.raw ? rawStatus : atStart.quality === 'good' ? 'Good' : 'UncertainDataSubNormal',
    source: atStart.raw ? 'raw' : 'interpolated',
    partial: false,
    multipleValues: false,
  };
}

/** 5.4.3.2: what is enough to be good is asked first, as the published examples do with both limits at 50 %. */
function statusByShare(good: number, bad: number, configuration: AggregateConfiguration): Status {
  if (good * 100 >= configuration.percentDataGood) return 'Good';
  return bad * 100 >= configuration.percentDataBad ? 'Bad' : 'UncertainDataSubNormal';
}

/** A result that is bad has no value. */
function withStatus(result: AggregateResult): AggregateResult {
  return result.status === 'Bad' ? { ...result, value: null } : result;
}

function nothing(sums: IntervalSums, status: 'BadNoData' | 'Bad'): AggregateResult {
  return { time: sums.startUs, value: null, status, source: 'calculated', partial: false, multipleValues: false };
}
