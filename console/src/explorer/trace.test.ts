import type { AggregateResult, Bucket, Reading } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { entryAt, isStepped, summary, traceOfAggregate, traceOfBuckets, traceOfReadings } from './trace.ts';

const at = (timeMs: number, value: number | null = 1, quality: Reading['quality'] = 'good'): Reading => ({
  time: timeMs * 1000,
  arrival: timeMs * 1000,
  value,
  quality,
  reason: quality,
  simulated: false,
});
const values = (trace: { line: { value: number | null }[] }) => trace.line.map((entry) => entry.value);

describe('every sample', () => {
  test('a line goes on over a pause of three silences and breaks over a longer one', () => {
    expect(traceOfReadings([at(0), at(3000)], 1000, 3000).gaps).toEqual([]);
    const broken = traceOfReadings([at(0), at(3001)], 1000, 3001);
    expect(values(broken)).toEqual([1, null, 1]);
    expect(broken.gaps).toEqual([{ fromMs: 0, toMs: 3001 }]);
  });
  test('silence up to the end of the range is a gap too', () => {
    expect(traceOfReadings([at(0)], 1000, 60_000).gaps).toEqual([{ fromMs: 0, toMs: 60_000 }]);
  });
  test('a bad sample breaks the line and is shaded until the next good one', () => {
    const trace = traceOfReadings([at(0), at(1000, null, 'bad'), at(2000, 7, 'bad'), at(3000)], 1000, 3000);
    expect(values(trace)).toEqual([1, null, null, 1]);
    expect(trace.spans).toEqual([{ fromMs: 1000, toMs: 3000, quality: 'bad' }]);
    expect(trace.badCount).toBe(2);
  });
  test('an uncertain sample is drawn and marked', () => {
    const trace = traceOfReadings([at(0, 5, 'uncertain'), at(1000)], 1000, 1000);
    expect(values(trace)).toEqual([5, 1]);
    expect(trace.spans).toEqual([{ fromMs: 0, toMs: 1000, quality: 'uncertain' }]);
  });
  test('where the silence is not known, ten usual pauses break the line', () => {
    const steady = [0, 1000, 2000, 3000, 4000, 5000].map((time) => at(time));
    expect(traceOfReadings([...steady, at(14_000)], null, 14_000).gaps).toHaveLength(0);
    expect(traceOfReadings([...steady, at(15_001)], null, 15_001).gaps).toHaveLength(1);
  });
});

const bucket = (startMs: number, mean: number | null, bad = 0): Bucket => ({
  start: startMs * 1000,
  count: mean === null ? 0 : 10,
  bad,
  min: mean === null ? null : mean - 1,
  max: mean === null ? null : mean + 1,
  mean,
  first: mean,
  last: mean,
  timeMean: mean,
});

describe('buckets', () => {
  test('empty buckets shorter than three silences are no gap', () => {
    const trace = traceOfBuckets(
      [bucket(0, 5), bucket(100, null), bucket(200, null), bucket(300, 6)],
      100_000,
      200,
      400,
    );
    expect(trace.gaps).toEqual([]);
    expect(values(trace)).toEqual([5, 6]);
  });
  test('longer ones break the line and the band', () => {
    const trace = traceOfBuckets([bucket(0, 5), bucket(100, null), bucket(900, 6)], 100_000, 200, 1000);
    expect(values(trace)).toEqual([5, null, 6]);
    expect(trace.band?.map((entry) => entry.min)).toEqual([4, null, 5]);
  });
  test('buckets that are left out of the answer are gaps as well', () => {
    expect(traceOfBuckets([bucket(0, 5), bucket(900, 6)], 100_000, 200, 1000).gaps).toHaveLength(1);
  });
  test('a bucket with bad samples is shaded, and with nothing else it breaks the line', () => {
    const trace = traceOfBuckets([bucket(0, 5), bucket(100, null, 3), bucket(200, 6, 1)], 100_000, 200, 300);
    expect(values(trace)).toEqual([5, null, 6]);
    expect(trace.spans).toEqual([{ fromMs: 100, toMs: 300, quality: 'bad' }]);
    expect(trace.badCount).toBe(4);
  });
  test('the summary knows the true extremes, not those of the means', () => {
    expect(summary(traceOfBuckets([bucket(0, 5), bucket(100, 7)], 100_000, 200, 200))).toEqual({
      last: 7,
      min: 4,
      max: 8,
      mean: 6,
    });
  });
});

test('hover reads the nearest entry within reach, and nothing inside a gap', () => {
  const trace = traceOfReadings([at(0, 1), at(1000, 2), at(60_000, 3)], 1000, 60_000);
  expect(entryAt(trace, 900, 200)?.value).toBe(2);
  expect(entryAt(trace, 30_000, 200)).toBeNull();
});

describe('steps', () => {
  const line = (...values: number[]) =>
    traceOfReadings(
      values.map((value, i) => at(i * 1000, value)),
      null,
      10_000,
    );
  test('a state code and a switch are drawn in steps', () => {
    expect(isStepped({ type: 'number', unit: null }, line(1, 1, 3, 2))).toBe(true);
    expect(isStepped({ type: 'boolean', unit: null }, line(0, 1))).toBe(true);
  });
  test('a measurement is not: it has a unit, or parts, or many values, or is a mean', () => {
    expect(isStepped({ type: 'number', unit: 'Cel' }, line(1, 2))).toBe(false);
    expect(isStepped({ type: 'number', unit: '1' }, line(1, 2.5))).toBe(false);
    expect(isStepped({ type: 'number', unit: null }, line(...Array.from({ length: 13 }, (_, i) => i)))).toBe(false);
    expect(isStepped({ type: 'number', unit: null }, { ...line(1, 2), widthMs: 1000 })).toBe(false);
  });
});

test('an aggregate is a line: what is uncertain is shaded, what has no value breaks it', () => {
  const result = (second: number, value: number | null, status: AggregateResult['status']): AggregateResult => ({
    time: second * 1e6,
    value,
    status,
    source: 'calculated',
    partial: false,
    multipleValues: false,
  });
  const trace = traceOfAggregate(
    [
      result(0, 1, 'Good'),
      result(10, 2, 'UncertainDataSubNormal'),
      result(20, null, 'Bad'),
      result(30, null, 'BadNoData'),
    ],
    10_000,
  );
  expect(trace.line.map(({ value }) => value)).toEqual([1, 2, null, null]);
  expect(trace.spans).toEqual([{ fromMs: 10_000, toMs: 20_000, quality: 'uncertain' }]);
  expect(trace).toMatchObject({ band: null, widthMs: 10_000, count: 2, badCount: 1 });
});
