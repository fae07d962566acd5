import type { AggregateConfiguration, SampleValue } from '@luban/contracts';

export type QualityName = 'good' | 'uncertain' | 'bad';
/** A sample as the aggregates see it. */
export interface AggregateSample {
  readonly timeUs: number;
  readonly value: SampleValue;
  readonly quality: QualityName;
}

/** The lowest or highest good value of an interval so far. */
interface Extreme {
  readonly sample: AggregateSample;
  readonly number: number;
  multiple: boolean;
}

/** What is known of one interval; grows sample by sample and region by region, so that its length does not matter. */
export interface IntervalSums {
  readonly startUs: number;
  readonly endUs: number;
  /** Shorter than the others: the question ends in it. */
  readonly cutShort: boolean;
  good: number;
  uncertain: number;
  /** With uncertain ones, where the configuration treats these as bad. */
  bad: number;
  sum: number;
  /** Of squared differences from the mean (Welford). */
  squares: number;
  mean: number;
  min: Extreme | null;
  max: Extreme | null;
  first: AggregateSample | null;
  last: AggregateSample | null;
  firstGood: number | null;
  lastGood: number | null;
  worst: QualityName;
  worstCount: number;
  transitions: number;
  /** Value and quality at the start, by interpolation between values that are not bad. */
  atStart: { value: number; quality: QualityName; raw: boolean } | null;
  /** µs by the status at the beginning of each region, as the Duration aggregates count. */
  goodUs: number;
  badUs: number;
  /** µs and areas (value × µs) of simple bounds; `uncertain` also where a line leads to a value that is not good. */
  simple: { goodUs: number; badUs: number; heldUs: number; area: number; zeroUs: number; nonZeroUs: number };
  /** The same of interpolated bounds: always sloped, across bad samples. */
  sloped: { us: number; area: number; uncertain: boolean };
  /** Of the sloped area, the part up to the end of the data. */
  slopedInData: { us: number; area: number };
}

export function openInterval(startUs: number, endUs: number, cutShort: boolean): IntervalSums {
  return {
    startUs,
    endUs,
    cutShort,
    good: 0,
    uncertain: 0,
    bad: 0,
    sum: 0,
    squares: 0,
    mean: 0,
    min: null,
    max: null,
    first: null,
    last: null,
    firstGood: null,
    lastGood: null,
    worst: 'good',
    worstCount: 0,
    transitions: 0,
    atStart: null,
    goodUs: 0,
    badUs: 0,
    simple: { goodUs: 0, badUs: 0, heldUs: 0, area: 0, zeroUs: 0, nonZeroUs: 0 },
    sloped: { us: 0, area: 0, uncertain: false },
    slopedInData: { us: 0, area: 0 },
  };
}

/** The number that a value counts as; null for texts and nothing. */
export function numberOf(value: SampleValue): number | null {
  return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null;
}

export function countsAsBad(quality: QualityName, { treatUncertainAsBad }: AggregateConfiguration): boolean {
  return quality === 'bad' || (quality === 'uncertain' && treatUncertainAsBad);
}

function sameValue(a: SampleValue, b: SampleValue): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));
}

const rank = { good: 0, uncertain: 1, bad: 2 } as const;

/** A sample of the interval. `before`: the newest value before it that does not count as bad. */
export function addSample(
  sums: IntervalSums,
  sample: AggregateSample,
  before: AggregateSample | null,
  configuration: AggregateConfiguration,
): void {
  const { quality } = sample;
  sums.first ??= sample;
  sums.last = sample;
  if (sums.worstCount === 0 || rank[quality] > rank[sums.worst]) {
    sums.worst = quality;
    sums.worstCount = 1;
  } else if (quality === sums.worst) sums.worstCount++;
  if (countsAsBad(quality, configuration)) sums.bad++;
  else if (before === null || !sameValue(before.value, sample.value)) sums.transitions++;
  if (quality === 'uncertain') sums.uncertain++;
  if (quality !== 'good') return;
  sums.good++;
  const number = numberOf(sample.value);
  if (number === null) return;
  sums.firstGood ??= number;
  sums.lastGood = number;
  sums.sum += number;
  const off = number - sums.mean;
  sums.mean += off / sums.good;
  sums.squares += off * (number - sums.mean);
  if (sums.min === null || number < sums.min.number) sums.min = { sample, number, multiple: false };
  else if (number === sums.min.number) sums.min.multiple = true;
  if (sums.max === null || number > sums.max.number) sums.max = { sample, number, multiple: false };
  else if (number === sums.max.number) sums.max.multiple = true;
}

/** A stretch between two neighbouring samples, or from the last one to the end of the data (`to` null). */
export interface Stretch {
  readonly from: AggregateSample;
  readonly to: AggregateSample | null;
}

/** The part [fromUs, untilUs) of a stretch that lies in the interval, by simple bounds (3.1.9 of the standard). */
export function addSimpleRegion(
  sums: IntervalSums,
  { from, to }: Stretch,
  fromUs: number,
  untilUs: number,
  configuration: AggregateConfiguration,
): void {
  const us = untilUs - fromUs;
  if (us <= 0) return;
  const isBad = countsAsBad(from.quality, configuration);
  const sloping = !configuration.stepped && to !== null;
  const leadsToBad = sloping && countsAsBad(to.quality, configuration);
  const clouded = from.quality === 'uncertain' || (sloping && to.quality !== 'good');
  // A region that begins with a sample has its status; one that begins with the interval, that of the bound.
  const begins: QualityName = fromUs === from.timeUs ? from.quality : clouded && !isBad ? 'uncertain' : from.quality;
  if (isBad) sums.badUs += us;
  else if (begins === 'good') sums.goodUs += us;
  const { simple } = sums;
  if (isBad) {
    simple.badUs += us;
    return;
  }
  if (!clouded) simple.goodUs += us;
  const start = numberOf(from.value);
  if (start === null) return;
  const end = to === null || !sloping || leadsToBad ? start : (numberOf(to.value) ?? start);
  const at = (timeUs: number) =>
    end === start ? start : start + ((end - start) * (timeUs - from.timeUs)) / (to!.timeUs - from.timeUs);
  simple.heldUs += us;
  simple.area += ((at(fromUs) + at(untilUs)) / 2) * us;
  if (start === 0) simple.zeroUs += us;
  else simple.nonZeroUs += us;
}
