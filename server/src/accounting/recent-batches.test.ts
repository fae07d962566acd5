import { type Series, toBatch } from '@luban/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentBatches } from './recent-batches.ts';

const batchOf = (sequence: number) =>
  toBatch([{ series: 1 as Series, time: 1e15, value: 1, quality: 0, simulated: false }], sequence);

test('a batch is known among the 512 newest others and no longer, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(900), { maxLength: 3000 }), (sequences) => {
      const recent = new RecentBatches();
      const newest: number[] = [];
      for (const sequence of sequences) {
        expect(recent.isRepeated(batchOf(sequence))).toBe(newest.includes(sequence));
        if (!newest.includes(sequence)) newest.push(sequence);
        if (newest.length > 512) newest.shift();
      }
    }),
    { numRuns: 30 },
  );
});

test('what comes once is never taken for something that came before', () => {
  const recent = new RecentBatches();
  for (let sequence = 0; sequence < 20_000; sequence++) expect(recent.isRepeated(batchOf(sequence))).toBe(false);
  for (let sequence = 20_000 - 512; sequence < 20_000; sequence++)
    expect(recent.isRepeated(batchOf(sequence))).toBe(true);
});
