import { expect, test } from 'vitest';
import { liveness } from './liveness.ts';

test('a page that has just opened is connecting, not lost', () => {
  expect(liveness(7000, 0, null, null)).toEqual({ state: 'connecting' });
});

test('a page that never heard the platform is lost after eight seconds, since it opened', () => {
  expect(liveness(8001, 0, null, null)).toEqual({ state: 'lost', sinceMs: 0 });
});

test('five seconds between two signs of life are normal', () => {
  expect(liveness(105_000, 0, 100_000, null)).toEqual({ state: 'live' });
});

test('more than eight seconds of silence are a fault, since the last sign of life', () => {
  expect(liveness(108_001, 0, 100_000, null)).toEqual({ state: 'lost', sinceMs: 100_000 });
});

test('a closed connection is a fault after two seconds', () => {
  expect(liveness(102_000, 0, 100_000, 100_500)).toEqual({ state: 'live' });
  expect(liveness(102_600, 0, 100_000, 100_500)).toEqual({ state: 'lost', sinceMs: 100_000 });
});
