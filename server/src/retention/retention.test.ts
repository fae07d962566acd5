import { defaultRetention, retentionPolicy } from '@luban/contracts';
import { expect, test } from 'vitest';
import { bytesAfter } from './disk-use.ts';

test('sums are kept at least as long as what they sum up', () => {
  const ok = (sampleDays: number | null, minuteDays: number | null, hourDays: number | null) =>
    retentionPolicy.safeParse({ sampleDays, minuteDays, hourDays }).success;
  expect(ok(90, 90, null)).toBe(true);
  expect(ok(90, 30, null)).toBe(false);
  expect(ok(90, null, 365)).toBe(false);
  expect(ok(null, null, null)).toBe(true);
  expect(ok(0, null, null)).toBe(false);
  expect(retentionPolicy.parse(defaultRetention)).toEqual(defaultRetention);
});

test('disk use stops growing where everything expires, and goes on where something is kept for ever', () => {
  const bytes = { sampleBytes: 2, minuteBytes: 40, hourBytes: 60 };
  const daily = { samples: 86_400, hours: 24, policy: { sampleDays: 30, minuteDays: 60, hourDays: 100 } };
  expect(bytesAfter(1, daily, bytes)).toBe(86_400 * 2 + 1440 * 40 + 24 * 60);
  expect(bytesAfter(1000, daily, bytes)).toBe(bytesAfter(100, daily, bytes));
  const forever = { ...daily, policy: { ...daily.policy, hourDays: null } };
  expect(bytesAfter(200, forever, bytes) - bytesAfter(100, forever, bytes)).toBe(100 * 24 * 60);
  // A sample an hour makes a row an hour, not sixty.
  const seldom = { ...daily, samples: 24, policy: { sampleDays: null, minuteDays: null, hourDays: null } };
  expect(bytesAfter(1, seldom, bytes)).toBe(24 * 2 + 24 * 40 + 24 * 60);
});
