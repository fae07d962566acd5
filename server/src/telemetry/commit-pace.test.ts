import { expect, test } from 'vitest';
import { commitDueInMs } from './commit-pace.ts';

test('latest values are saved every ten seconds, of few series and of those that send often', () => {
  expect(commitDueInMs({ ageMs: 0, rows: 5, changed: 5 })).toBe(10_000);
  expect(commitDueInMs({ ageMs: 10_000, rows: 20_000, changed: 20_000 })).toBe(0);
  expect(commitDueInMs({ ageMs: 12_000, rows: 4_000_000, changed: 1_000_000 })).toBe(0);
});

test('latest values of many series that send seldom wait until they are a quarter of the samples, a minute at most', () => {
  const seldom = { rows: 3_999_999, changed: 1_000_000 };
  expect(commitDueInMs({ ...seldom, ageMs: 10_000 })).toBe(50_000);
  expect(commitDueInMs({ ...seldom, ageMs: 10_000, rows: 4_000_000 })).toBe(0);
  expect(commitDueInMs({ ...seldom, ageMs: 60_000 })).toBe(0);
});
