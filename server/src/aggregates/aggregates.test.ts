import {
  type AggregateFunction,
  type AggregateResult,
  aggregateFunctions,
  standardConfiguration,
} from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AggregateSample, createAggregation } from './aggregates.ts';
import { type Historian, historians, noonUs, published } from './part13-examples.test-support.ts';

function ask(of: AggregateFunction, { samples, configuration }: Historian, intervalS: number): AggregateResult[] {
  const aggregation = createAggregation({
    fromUs: noonUs,
    toUs: noonUs + 100e6,
    intervalUs: intervalS * 1e6,
    configuration,
  });
  for (const sample of samples) aggregation.add(sample);
  return aggregation.results(of);
}

/** A result in the notation of the examples. */
function shown(result: AggregateResult, startS: number): string {
  if (result.status === 'BadNoData') return '-';
  const status = { Good: 'G', UncertainDataSubNormal: 'U', Uncertain: 'R', Bad: 'B' }[result.status];
  const value = result.value === null ? '' : String(Math.round(Number(result.value) * 1000) / 1000);
  const source = { raw: '', calculated: 'c', interpolated: 'i' }[result.source];
  const second = (result.time - noonUs) / 1e6;
  const bits = `${source}${result.partial ? 'p' : ''}${result.multipleValues ? 'm' : ''}`;
  return `${value}${status}${bits}${second === startS ? '' : `@${second}`}`;
}

describe.each(published)('the published results of $of', ({ of, intervalS, tables }) => {
  test.each(Object.entries(tables))('for historian %s', (name, table) => {
    const results = ask(of, historians[name as keyof typeof historians], intervalS);
    const expected = table.split(' ');
    const given = results.map((result, i) => shown(result, i * intervalS)).slice(0, expected.length);
    const atStart = expected.map((text, i) => text.replace(new RegExp(`@${i * intervalS}$`), ''));
    expect(given).toEqual(atStart);
  });
});

const minute = 60_000_000;
const good = (second: number, value: AggregateSample['value'], quality: AggregateSample['quality'] = 'good') => ({
  timeUs: noonUs + second * 1e6,
  value,
  quality,
});

function one(of: AggregateFunction, samples: AggregateSample[], change: Partial<typeof standardConfiguration> = {}) {
  const aggregation = createAggregation({
    fromUs: noonUs,
    toUs: noonUs + minute,
    intervalUs: minute,
    configuration: { ...standardConfiguration, ...change },
    endOfData: () => noonUs + 10 * minute,
  });
  for (const sample of samples) aggregation.add(sample);
  return aggregation.results(of)[0]!;
}

describe('what the published tables do not show', () => {
  const samples = [good(-30, 4), good(0, 4), good(15, 8), good(30, 2, 'bad'), good(45, 6), good(90, 6)];
  test.each<[AggregateFunction, unknown, string]>([
    ['range', 4, 'UncertainDataSubNormal'],
    ['delta', 2, 'Good'],
    ['standardDeviationPopulation', Math.sqrt(8 / 3), 'UncertainDataSubNormal'],
    ['worstQuality', 'bad', 'Good'],
    ['numberOfTransitions', 2, 'UncertainDataSubNormal'],
    // Stepped: 4 for 15 s, 8 for 15 s, 6 for 15 s; the bad quarter is left out.
    ['timeAverage2', 6, 'UncertainDataSubNormal'],
    // Sloped across the bad sample: 4 → 8 in 15 s, 8 → 6 in 30 s, then 6.
    ['total', 15 * 6 + 30 * 7 + 15 * 6, 'UncertainDataSubNormal'],
  ])('%s is %s', (of, value, status) => {
    const result = one(of, samples, { stepped: true });
    expect(typeof value === 'number' ? Number(result.value) : result.value).toEqual(
      typeof value === 'number' ? expect.closeTo(value, 9) : value,
    );
    expect(result).toMatchObject({ status, partial: false });
  });

  test('delta that had to skip a sample that is not good at an end says so', () => {
    expect(one('delta', [good(0, 1), good(20, 5), good(50, 9, 'uncertain')])).toMatchObject({
      value: 4,
      status: 'UncertainDataSubNormal',
    });
  });
  test('texts have counts, states and qualities, but no mean', () => {
    const texts = [good(-10, 'run'), good(5, 'run'), good(20, 'stop'), good(40, 'run')];
    expect(one('count', texts).value).toBe(3);
    expect(one('numberOfTransitions', texts).value).toBe(2);
    expect(one('end', texts).value).toBe('run');
    expect(one('percentGood', texts).value).toBe(100);
    expect(one('average', [good(5, 'run')]).value).toBe(null);
  });
  test('an interval inside the data without a sample has counted none, and has the value that holds', () => {
    const around = [good(-60, 3), good(120, 5)];
    expect(one('count', around)).toMatchObject({ value: 0, status: 'Good' });
    expect(one('average', around)).toMatchObject({ value: null, status: 'BadNoData' });
    expect(one('timeAverage2', around)).toMatchObject({ value: 3 + 2 / 3 / 2 + 2 / 3, status: 'Good' });
    expect(one('timeAverage2', around, { stepped: true })).toMatchObject({ value: 3, status: 'Good' });
  });
  test('nothing at all is no data, for every function', () => {
    for (const of of aggregateFunctions) expect(one(of, []), of).toMatchObject({ value: null, status: 'BadNoData' });
  });
  test('it says when no later sample can matter', () => {
    const aggregation = createAggregation({
      fromUs: noonUs,
      toUs: noonUs + minute,
      intervalUs: minute,
      configuration: standardConfiguration,
    });
    aggregation.add(good(10, 1));
    aggregation.add(good(70, 1, 'bad'));
    expect(aggregation.complete).toBe(false);
    aggregation.add(good(71, 1));
    expect(aggregation.complete).toBe(true);
  });
});

test('cutting an interval into smaller ones changes no sum: counts, durations, totals', () => {
  const sample = fc.record({
    second: fc.integer({ min: -30, max: 130 }),
    value: fc.integer({ min: -5, max: 5 }),
    quality: fc.constantFrom('good' as const, 'uncertain' as const, 'bad' as const),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(sample, { selector: ({ second }) => second, minLength: 2, maxLength: 40 }),
      fc.constantFrom(1, 3, 7, 20),
      fc.boolean(),
      fc.boolean(),
      (made, partS, stepped, treatUncertainAsBad) => {
        const samples = made
          .sort((a, b) => a.second - b.second)
          .map(({ second, value, quality }) => good(second, value, quality));
        const configuration = { ...standardConfiguration, stepped, treatUncertainAsBad };
        const sum = (of: AggregateFunction, intervalS: number) => {
          const aggregation = createAggregation({
            fromUs: noonUs,
            toUs: noonUs + 100e6,
            intervalUs: intervalS * 1e6,
            configuration,
          });
          samples.forEach(aggregation.add);
          return aggregation.results(of).reduce((total, { value }) => total + Number(value ?? 0), 0);
        };
        expect(sum('total', partS)).toBeCloseTo(sum('total', 100), 6);
        if (!treatUncertainAsBad || stepped) return;
        // An interval in which nothing is good has no count.
        expect(sum('count', partS)).toBe(sum('count', 100));
      },
    ),
    { numRuns: 200 },
  );
});
