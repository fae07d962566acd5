import { type Point, toId, toSeries } from '@luban/contracts';
import { expect, test } from 'vitest';
import { createSampleReader } from './sample-rows.ts';

const point = (series: number, type: Point['type']): Point => ({
  series: toSeries(series),
  key: type,
  type,
  thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'),
  name: { zh: '甲', en: 'a' },
  unit: null,
  range: null,
  decimals: null,
  source: null,
  device: null,
  maxIntervalMs: null,
});
const points = [point(1, 'number'), point(2, 'boolean'), point(3, 'string'), point(4, 'json')];
const names = {
  bySeries: (series: number) => points.find((one) => one.series === series),
  byName: (thing: string, property: string) =>
    thing === 'CNC' ? points.find((one) => one.key === property) : undefined,
};
const nowUs = Date.UTC(2026, 10, 1) * 1000;
const timeUs = Date.UTC(2026, 8, 1, 4) * 1000;

function read(header: string, line: string) {
  const reader = createSampleReader({ line: 1, cells: header.split(',') }, names, nowUs);
  if (reader.read === undefined) return { error: reader.error };
  return reader.read({ line: 7, cells: line.split(',') });
}
const sample = (line: string) => read('time,series,value,quality', line);

test.each([
  ['2026-09-01T12:00:00.000000+08:00', timeUs],
  ['2026-09-01 04:00:00Z', timeUs],
  ['2026-09-01T04:00:00.1234567Z', timeUs + 123_456],
  [String(timeUs), timeUs],
])('the time %s is understood', (text, time) => {
  expect(sample(`${text},1,1.5,good`)).toMatchObject({ sample: { series: 1, time, value: 1.5, quality: 0 } });
});

test.each([
  ['2026-09-01T12:00:00,1,1,good', 'time', 'offset'],
  ['2026-04-31T12:00:00Z,1,1,good', 'time', 'offset'],
  ['1999-09-01T12:00:00Z,1,1,good', 'time', '2000'],
  ['2027-09-01T12:00:00Z,1,1,good', 'time', 'tomorrow'],
  [`${timeUs},9,1,good`, 'series', 'no such point'],
  [`${timeUs},1,abc,good`, 'value', 'not a number'],
  [`${timeUs},1,NaN,good`, 'value', 'not a number'],
  [`${timeUs},1,,good`, 'value', 'must be bad'],
  [`${timeUs},2,yes,good`, 'value', 'true or false'],
  [`${timeUs},4,{,good`, 'value', 'JSON'],
  [`${timeUs},1,1,fine`, 'quality', 'quality'],
  [`${timeUs},1,1`, 'time', 'number of cells'],
])('the row %s is wrong in its %s', (line, column, text) => {
  expect(sample(line)).toMatchObject({ error: { line: 7, column, text: { en: expect.stringContaining(text) } } });
});

test('points are named by thing and property, as the export does, and values keep their type', () => {
  const of = (property: string, value: string, reason = 'good') =>
    read(
      'time,thing,property,value,unit,quality,reason,simulated',
      `${timeUs},CNC,${property},${value},,good,${reason},true`,
    );
  expect(of('boolean', '0')).toMatchObject({ sample: { value: false, simulated: true } });
  expect(of('string', "'=1+1")).toMatchObject({ sample: { value: '=1+1' } });
  expect(of('string', '')).toMatchObject({ sample: { value: '' } });
  expect(of('json', '[1]')).toMatchObject({ sample: { value: [1] } });
  expect(of('number', '', 'deviceSilent')).toMatchObject({ sample: { value: null, quality: 0x81 } });
  expect(of('nothing', '1')).toMatchObject({ error: { column: 'property' } });
});

test('a header without what is needed says so', () => {
  expect(read('time,value', `${timeUs},1`)).toMatchObject({ error: { line: 1, text: { en: expect.any(String) } } });
});
