import { type Point, type Reading, toId, toSeries } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { createZonedTime, csvLine } from './readings-csv.ts';

const point: Point = {
  series: toSeries(1),
  key: 'text',
  type: 'string',
  thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'),
  name: { zh: '甲', en: 'a' },
  unit: 'Cel',
  range: null,
  decimals: null,
  source: null,
  device: null,
  maxIntervalMs: null,
};
const reading = (value: Reading['value']): Reading => ({
  time: 0,
  arrival: 0,
  value,
  quality: 'good',
  reason: 'good',
  simulated: false,
});

describe('the CSV export', () => {
  test('writes times in the plant’s zone with their offset, to the microsecond', () => {
    const us = Date.UTC(2026, 10, 22, 10) * 1000 + 123_456;
    expect(createZonedTime('Asia/Shanghai')(us)).toBe('2026-11-22T18:00:00.123456+08:00');
    expect(createZonedTime('UTC')(us)).toBe('2026-11-22T10:00:00.123456+00:00');
  });
  test('tells the two hours apart when clocks go back', () => {
    const zoned = createZonedTime('America/New_York');
    expect(zoned(Date.UTC(2026, 10, 1, 5, 30) * 1000)).toBe('2026-11-01T01:30:00.000000-04:00');
    expect(zoned(Date.UTC(2026, 10, 1, 6, 30) * 1000)).toBe('2026-11-01T01:30:00.000000-05:00');
  });
  test.each([
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
    ['-cmd', "'-cmd"],
    ['a,b', '"a,b"'],
    ['two\nlines', '"two\nlines"'],
  ])('disarms and quotes the text %s', (value, cell) => {
    expect(csvLine('t', 'CNC-01', point, reading(value))).toBe(`t,CNC-01,text,${cell},Cel,good,good,false\r\n`);
  });
  test('leaves numbers alone, negative ones too', () => {
    expect(csvLine('t', 'CNC-01', point, reading(-1.5))).toContain(',-1.5,');
  });
});
