import { type JsonSamples, type Point, toId, toSeries } from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../platform/errors.ts';
import { microseconds, readJsonSamples } from './json-samples.ts';

const point = (series: number, key: string, type: Point['type']): Point => ({
  series: toSeries(series),
  key,
  type,
  thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'),
  name: { zh: key, en: key },
  unit: null,
  range: null,
  decimals: null,
  source: null,
  device: null,
  maxIntervalMs: null,
});
const points = new Map(
  [point(7, 'temperature', 'number'), point(8, 'running', 'boolean'), point(9, 'recipe', 'json')].map((one) => [
    one.key,
    one,
  ]),
);
const plain = { quality: 'good', simulated: false };

describe('JSON samples', () => {
  test('become samples of the thing’s points, at the time of arrival where none is given', () => {
    const samples = readJsonSamples(
      { ...plain, values: { temperature: 21.5, running: true } },
      points,
      1_790_000_000_000_123,
    );
    expect(samples).toEqual([
      { series: 7, time: 1_790_000_000_000_123, value: 21.5, quality: 0, simulated: false },
      { series: 8, time: 1_790_000_000_000_123, value: true, quality: 0, simulated: false },
    ]);
  });

  test('point at each wrong value: unknown property, wrong type, null of good quality', () => {
    const given: JsonSamples = {
      samples: [
        { ...plain, values: { temperature: 'hot', pressure: 3 } },
        { ...plain, values: { running: null } },
      ],
    };
    const refusal = catchRefusal(() => readJsonSamples(given, points, 1));
    expect(refusal.code).toBe('samples.invalid');
    expect(refusal.errors?.map(({ pointer }) => pointer)).toEqual([
      '/samples/0/values/temperature',
      '/samples/0/values/pressure',
      '/samples/1/values/running',
    ]);
  });

  test('without a value are refused', () => {
    expect(catchRefusal(() => readJsonSamples({ ...plain, values: {} }, points, 1)).code).toBe('samples.invalid');
  });

  test.each([
    ['2026-11-22T10:00:07Z', 0],
    ['2026-11-22T10:00:07.5Z', 500_000],
    ['2026-11-22T10:00:07.012Z', 12_000],
    ['2026-11-22T10:00:07.1234567Z', 123_456],
    ['2026-11-22T12:30:07.000001+02:30', 1],
  ])('take %s', (iso, us) => {
    expect(microseconds(iso)).toBe(Date.UTC(2026, 10, 22, 10, 0, 7) * 1000 + us);
  });

  test('take a time without seconds', () => {
    expect(microseconds('2026-11-22T10:01Z')).toBe(Date.UTC(2026, 10, 22, 10, 1) * 1000);
  });

  test('keep the microseconds of a source time, whatever its offset', () => {
    expect(microseconds('2026-11-22T18:00:00.123456+08:00')).toBe(Date.UTC(2026, 10, 22, 10) * 1000 + 123_456);
    fc.assert(
      fc.property(fc.integer({ min: 946_684_800_000_000, max: 4_000_000_000_000_000 }), (us) => {
        const iso = new Date(Math.floor(us / 1_000_000) * 1000)
          .toISOString()
          .replace('.000Z', `.${String(us % 1_000_000).padStart(6, '0')}Z`);
        expect(microseconds(iso)).toBe(us);
      }),
    );
  });
});

function catchRefusal(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
