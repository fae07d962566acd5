import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergedOrder } from './ordered-runs.ts';

test('rows in runs come in order, equal ones as they were', () => {
  const run = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 9 }), (runs) => {
      const rows = runs.flat();
      const starts = runs.map((_, i) => runs.slice(0, i).flat().length);
      const wanted = rows.map((_, i) => i).sort((a, b) => rows[a]! - rows[b]! || a - b);
      const order = mergedOrder(starts, rows.length, (a, b) => rows[a]! - rows[b]!);
      expect(Array.from(order)).toEqual(wanted);
    }),
  );
});
