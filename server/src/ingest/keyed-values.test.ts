import { type Json, type Point, toId, toSeries } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { readKeyedValues } from './keyed-values.ts';
import { createRefusedValues, refusedText } from './refused-values.ts';
import { noSuchProperty } from './value-refusals.ts';

const thing = toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5');
const point = (series: number, key: string, type: Point['type']): Point => ({
  series: toSeries(series),
  key,
  type,
  thing,
  name: { zh: key, en: key },
  unit: null,
  range: null,
  decimals: null,
  source: null,
  device: null,
  maxIntervalMs: null,
});
const points = new Map(
  [point(1, 'n', 'number'), point(2, 'b', 'boolean'), point(3, 's', 'string'), point(4, 'j', 'json')].map((one) => [
    one.key,
    one,
  ]),
);
const read = (values: Record<string, Json>, timeUs: number | null = null) =>
  readKeyedValues([{ timeUs, values }], points, 777);

describe('keyed values', () => {
  test('become samples of the properties that take them, at their time or that of arrival', () => {
    expect(
      read({ n: 1.5, b: true, s: 'x', j: { a: [1] } }, 5).samples.map(({ series, time, value }) => [
        series,
        time,
        value,
      ]),
    ).toEqual([
      [1, 5, 1.5],
      [2, 5, true],
      [3, 5, 'x'],
      [4, 5, { a: [1] }],
    ]);
    expect(read({ n: 1 }).samples[0]?.time).toBe(777);
  });

  test('0 and 1 are false and true where a boolean is wanted', () => {
    expect(read({ b: 1 }).samples[0]?.value).toBe(true);
    expect(read({ b: 0 }).samples[0]?.value).toBe(false);
    expect(read({ b: 2 }).refused).toEqual([
      { key: 'b', reason: { zh: '应为布尔，收到的是数值', en: 'must be a boolean, not a number' } },
    ]);
  });

  test('that no property takes are refused by name, and the others are kept', () => {
    const { samples, refused } = read({ n: 1, x: 2, s: 3, j: null, ['k'.repeat(200)]: 1 });
    expect(samples).toHaveLength(1);
    expect(refused.map(({ key, reason }) => `${key.slice(0, 3)} ${reason.en}`)).toEqual([
      'x no such property',
      's must be a string, not a number',
      'j null is no value',
      'kkk no such property',
    ]);
    expect(refused[3]?.key.length).toBeLessThan(90);
  });
});

describe('the refused values of a thing', () => {
  test('are counted by key, and told in the log once a minute', () => {
    let nowMs = 0;
    const told: unknown[] = [];
    const ledger = createRefusedValues({ nowMs: () => nowMs, lines: (...line) => told.push(line) });
    for (nowMs of [0, 1000, 61_000]) ledger.note(thing, 'test', [{ key: 'x', reason: noSuchProperty }]);
    ledger.note(thing, 'test', []);
    expect(ledger.of(thing)).toEqual([{ key: 'x', reason: noSuchProperty, count: 3, lastMs: 61_000 }]);
    expect(ledger.total()).toBe(3);
    expect(told).toHaveLength(2);
  });

  test('are of bounded number whatever a device invents', () => {
    const ledger = createRefusedValues({ nowMs: () => 0, lines: () => undefined });
    for (let i = 0; i < 500; i++) ledger.note(thing, 'test', [{ key: `x${i}`, reason: noSuchProperty }]);
    expect(ledger.of(thing)).toHaveLength(100);
    expect(ledger.total()).toBe(500);
  });

  test('are told to the device by name, the first few', () => {
    const many = Array.from({ length: 7 }, (_, i) => ({ key: `k${i}`, reason: noSuchProperty }));
    expect(refusedText(many)).toContain('k4: no such property; and 2 more');
  });
});
