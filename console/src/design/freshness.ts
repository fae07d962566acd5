import type { Reading } from '@luban/contracts';

/** How old a reading is by the platform's clock, ms. A source whose clock runs ahead is not younger than its arrival. */
export function readingAgeMs(reading: Reading, nowMs: number): number {
  return Math.max(0, nowMs - Math.min(reading.time, reading.arrival) / 1000);
}

/** Stale: two of the longest normal silences have passed. A point whose silence is not known is never stale. */
export function isStale(reading: Reading, maxIntervalMs: number | null, nowMs: number): boolean {
  return maxIntervalMs !== null && readingAgeMs(reading, nowMs) > 2 * maxIntervalMs;
}
