import { expect, test } from 'vitest';
import { bucketWidthUs } from './bucket-width.ts';

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const all = [{ samplesUs: 0, minutesUs: 0 }];

test('buckets are whole minutes or hours where that makes little difference', () => {
  expect(bucketWidthUs(7.2 * second, 0, all)).toBe(7.2 * second);
  expect(bucketWidthUs(172.8 * second, 0, all)).toBe(3 * minute);
  expect(bucketWidthUs(17.52 * hour, 0, all)).toBe(18 * hour);
  expect(bucketWidthUs(0.001, 0, all)).toBe(1);
});

test('where samples have expired buckets are as wide as the sums that are left', () => {
  const kept = [{ samplesUs: 100 * hour, minutesUs: 50 * hour }];
  expect(bucketWidthUs(second, 100 * hour, kept)).toBe(second);
  expect(bucketWidthUs(second, 99 * hour, kept)).toBe(minute);
  expect(bucketWidthUs(61 * second, 49 * hour, kept)).toBe(hour);
});
