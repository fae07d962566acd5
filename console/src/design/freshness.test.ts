import type { Reading } from '@luban/contracts';
import { expect, test } from 'vitest';
import { isStale, readingAgeMs } from './freshness.ts';

const at = (timeMs: number, arrivalMs = timeMs): Reading => ({
  time: timeMs * 1000,
  arrival: arrivalMs * 1000,
  value: 1,
  quality: 'good',
  reason: 'good',
  simulated: false,
});

test('a reading is stale when more than two of its longest silences have passed', () => {
  expect(isStale(at(0), 1000, 2000)).toBe(false);
  expect(isStale(at(0), 1000, 2001)).toBe(true);
});

test('a point whose normal silence is not known is never stale', () => {
  expect(isStale(at(0), null, 1e12)).toBe(false);
});

test('a source clock that runs ahead does not keep a dead value fresh', () => {
  expect(readingAgeMs(at(60_000, 1000), 31_000)).toBe(30_000);
  expect(isStale(at(60_000, 1000), 1000, 31_000)).toBe(true);
});

test('a stored sample that arrives late is as old as its source time', () => {
  expect(readingAgeMs(at(1000, 90_000), 91_000)).toBe(90_000);
});
