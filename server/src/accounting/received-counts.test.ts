import { type Sample, type Series, toBatch } from '@luban/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogRecord } from '../log/log.ts';
import { ReceivedCounts } from './received-counts.ts';

/** Series 1–9 are of device 0, 10–19 of device 1 …; the even devices are at one edge. */
const holderOf = (series: number) => {
  const device = Math.floor(series / 10);
  return { holder: `device-${device}`, edge: device % 2 === 0 ? 'edge' : null };
};

function recordOf(position: number, series: readonly number[], sequence = position): LogRecord {
  const samples = series.map(
    (one, i): Sample => ({
      series: one as Series,
      time: 1e15 + position * 1000 + i,
      value: 1,
      quality: 0,
      simulated: false,
    }),
  );
  return { position, tenant: 1, arrivalUs: position, batch: toBatch(samples, sequence) };
}

test('every sample counts for its device once, however the records are grouped and whenever they are stored', () => {
  const lists = fc.array(fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 30 }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 5 }), fc.nat(25), (lists, together, storedTo) => {
      const counts = new ReceivedCounts(holderOf);
      const records = lists.map((series, i) => recordOf(i, series));
      for (let i = 0; i < records.length; i += together) counts.take(records.slice(i, i + together), true);
      counts.stored(storedTo);
      const expected = new Map<string, number>();
      for (const one of lists.flat()) expected.set(holderOf(one).holder, (expected.get(holderOf(one).holder) ?? 0) + 1);
      const found = counts.accounts();
      expect(new Map(found.map(({ holder, received }) => [holder, received]))).toEqual(expected);
      expect(
        found.every(({ repeated, waiting, received }) => repeated === 0 && waiting >= 0 && waiting <= received),
      ).toBe(true);
      counts.stored(records.length);
      expect(found.every(({ waiting }) => waiting === 0)).toBe(true);
    }),
  );
});

test('a batch that comes again is received and repeated; another one of the same sequence is not', () => {
  const counts = new ReceivedCounts(holderOf);
  const first = recordOf(0, [1, 2, 3], 77);
  counts.take([first, recordOf(1, [11, 12], 77), { ...first, position: 2 }], true);
  expect(counts.accounts().map(({ holder, received, repeated }) => [holder, received, repeated])).toEqual([
    ['device-0', 6, 3],
    ['device-1', 2, 0],
  ]);
});

test('what was counted before a restart counts no more, and what comes again is known all the same', () => {
  const counts = new ReceivedCounts(holderOf);
  counts.load([{ holder: 'device-0', edge: 'edge', tenantNumber: 1, received: 3, repeated: 0 }]);
  const first = recordOf(5, [1, 2, 3]);
  counts.take([first], false);
  expect(counts.accounts()[0]).toMatchObject({ received: 3, waiting: 3 });
  counts.take([{ ...first, position: 6 }], true);
  counts.stored(7);
  expect(counts.accounts()[0]).toMatchObject({ received: 6, repeated: 3, waiting: 0 });
});

test('a series counts for another device once its binding has changed, and is not looked up again before', () => {
  let device = 'first';
  let asked = 0;
  const counts = new ReceivedCounts(() => {
    asked++;
    return { holder: device, edge: null };
  });
  const count = (position: number, bindings: number) => {
    counts.bindingsAre(bindings);
    counts.take([recordOf(position, [7])], true);
  };
  count(0, 1);
  count(1, 1);
  expect(asked).toBe(1);
  device = 'second';
  count(2, 2);
  expect(counts.accounts().map(({ holder, received }) => [holder, received])).toEqual([
    ['first', 2],
    ['second', 1],
  ]);
});
