import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderOf } from './ordered-runs.ts';

test('rows in runs come in order, equal ones as they were', () => {
  const run = fc.array(fc.integer({ min: 0, max: 30 })).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(run, { maxLength: 9 }), (runs) => {
      const rows = runs.flat();
      const wanted = rows.map((_, i) => i).sort((a, b) => rows[a]! - rows[b]! || a - b);
      const order = orderOf(rows.length, (a, b) => rows[a]! - rows[b]!);
      expect(order === undefined ? rows.map((_, i) => i) : Array.from(order)).toEqual(wanted);
    }),
  );
});

test('rows that are in order are left as they are', () => {
  expect(orderOf(3, () => -1)).toBeUndefined();
  expect(orderOf(0, () => -1)).toBeUndefined();
});
