import { expect, test } from 'vitest';
import { parseSearch, stringifySearch } from '../shell/search-params.ts';
import { parseRange, parseSeries, rangeSearch, refreshMs, shifted, spanOf, widened } from './time-range.ts';

test('an address without time means the last hour', () => {
  expect(parseRange({})).toEqual({ kind: 'last', last: '1h' });
  expect(parseRange({ last: 'forever' })).toEqual({ kind: 'last', last: '1h' });
  expect(parseRange({ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' })).toEqual({
    kind: 'last',
    last: '1h',
  });
});

test('a range survives the address unchanged', () => {
  for (const range of [
    { kind: 'last', last: '15m' } as const,
    { kind: 'fixed', fromMs: 1_790_000_000_123, toMs: 1_790_000_360_000 } as const,
  ])
    expect(parseRange(parseSearch(stringifySearch(rangeSearch(range))))).toEqual(range);
});

test('an address stays readable', () => {
  expect(stringifySearch({ series: '3,17', from: '2026-11-22T10:00:00Z', q: undefined })).toBe(
    '?series=3,17&from=2026-11-22T10:00:00Z',
  );
});

test('series in an address are checked and each counts once', () => {
  expect(parseSeries('3,17,3,x,-1,1.5,')).toEqual([3, 17]);
  expect(parseSeries(undefined)).toEqual([]);
});

test('shifting keeps the length and moves by half of it', () => {
  expect(shifted({ fromMs: 1000, toMs: 3000 }, -1)).toEqual({ kind: 'fixed', fromMs: 0, toMs: 2000 });
});

test('widening doubles the length and does not reach past now', () => {
  expect(widened({ fromMs: 1000, toMs: 3000 }, 100_000)).toEqual({ kind: 'fixed', fromMs: 0, toMs: 4000 });
  expect(widened({ fromMs: 1000, toMs: 3000 }, 3000)).toEqual({ kind: 'fixed', fromMs: -1000, toMs: 3000 });
});

test('a relative range ends now and is read again; a fixed one is not', () => {
  expect(spanOf({ kind: 'last', last: '5m' }, 1_000_000)).toEqual({ fromMs: 700_000, toMs: 1_000_000 });
  expect(refreshMs({ kind: 'last', last: '5m' })).toBe(2000);
  expect(refreshMs({ kind: 'fixed', fromMs: 0, toMs: 1 })).toBe(false);
});
