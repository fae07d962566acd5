import { expect, test } from 'vitest';
import { LeaseWatch, leaseTiming } from './lease-watch.ts';

const held = { server: 'server:a', beat: 7, term: 3 };

test('a lease that is free or was never taken is taken at once', () => {
  expect(new LeaseWatch(leaseTiming).mayTake(null, 0)).toBe(true);
  expect(new LeaseWatch(leaseTiming).mayTake({ ...held, server: null }, 0)).toBe(true);
});

test('a held lease is taken when its beat has stood still for twelve seconds of the watcher’s own clock', () => {
  const watch = new LeaseWatch(leaseTiming);
  for (const atMs of [1000, 5000, 12_999]) expect(watch.mayTake(held, atMs)).toBe(false);
  expect(watch.mayTake(held, 13_000)).toBe(true);
});

test('every beat and every new leader begins the wait anew', () => {
  const watch = new LeaseWatch(leaseTiming);
  watch.mayTake(held, 0);
  expect(watch.mayTake({ ...held, beat: 8 }, 11_000)).toBe(false);
  expect(watch.mayTake({ ...held, beat: 8, term: 4 }, 22_000)).toBe(false);
  expect(watch.mayTake({ ...held, beat: 8, term: 4 }, 33_999)).toBe(false);
  expect(watch.mayTake({ ...held, beat: 8, term: 4 }, 34_000)).toBe(true);
});

test('a holder steps down well before anybody takes over', () => {
  expect(leaseTiming.takeOverAfterMs - leaseTiming.stepDownAfterMs).toBeGreaterThanOrEqual(2 * leaseTiming.beatEveryMs);
});
