import { expect, test } from 'vitest';
import { draftErrors, draftsOfSheet, emptyDraft, propertyOf, unitOf } from './property-draft.ts';

test('a sheet with titles becomes properties', () => {
  const { drafts, errors } = draftsOfSheet(
    'key\tzh\ten\ttype\tunit\tmin\tmax\nspindle.speed\t主轴转速\tSpindle speed\tnumber\trpm\t0\t12,000\nrunning\t运行\t\t布尔',
  );
  expect(errors).toEqual([]);
  expect(drafts.map(propertyOf)).toEqual([
    {
      key: 'spindle.speed',
      name: { zh: '主轴转速', en: 'Spindle speed' },
      type: 'number',
      unit: '/min',
      range: [0, 12_000],
      decimals: null,
      source: null,
    },
    {
      key: 'running',
      name: { zh: '运行', en: '运行' },
      type: 'boolean',
      unit: null,
      range: null,
      decimals: null,
      source: null,
    },
  ]);
});

test('every row that is wrong is told with its line, and the others stay', () => {
  const { drafts, errors } = draftsOfSheet(
    [
      'ok\t好\tGood',
      '1bad\t坏\tBad',
      'ok\t又\tAgain',
      'unit\t单\tUnit\tnumber\tfurlong',
      'type\t型\tType\tblob',
      'range\t围\tRange\tnumber\tbar\t5\t1',
      'half\t半\tHalf\tnumber\tbar\t5',
      'number\t数\tNumber\tnumber\tbar\tx\t1',
      'noname',
    ].join('\n'),
  );
  expect(drafts.map(({ key }) => key)).toEqual(['ok']);
  expect(errors.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  expect(errors[2]?.text.en).toContain('furlong');
});

test('a key that the table already holds is refused', () => {
  expect(draftsOfSheet('speed\t速度', ['speed']).errors).toHaveLength(1);
});

test('units are found by code, symbol, name and usual spelling, and never by another case', () => {
  expect(['Cel', '°C', '℃', '摄氏度', 'Bar', 'MW', 'm3/h', 'm³/h'].map(unitOf)).toEqual([
    'Cel',
    'Cel',
    'Cel',
    'Cel',
    'bar',
    'MW',
    'm3/h',
    'm3/h',
  ]);
  expect([unitOf('mW'), unitOf('toString'), unitOf('')]).toEqual([undefined, undefined, null]);
});

test('blank rows of the table are no errors; the second use of a key is', () => {
  const rows = [emptyDraft(), { ...emptyDraft(), key: 'a', zh: '甲' }, { ...emptyDraft(), key: 'a', zh: '乙' }];
  expect([...draftErrors(rows).keys()]).toEqual([rows[2]?.id]);
});
