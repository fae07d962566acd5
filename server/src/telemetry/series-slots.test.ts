import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeriesSlots } from './series-slots.ts';

test('holds what a map would, however far apart the series are', () => {
  const series = fc.oneof(fc.nat(2000), fc.integer({ min: 0, max: 0xffff_ffff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(series, fc.nat(1_000_000)), { maxLength: 200 }), (pairs) => {
      const slots = new SeriesSlots();
      for (const [one, slot] of pairs) slots.set(one, slot);
      const map = new Map(pairs);
      expect(new Map(slots.entries())).toEqual(map);
      for (const [one] of pairs) {
        expect(slots.get(one)).toBe(map.get(one));
        expect(slots.get((one + 1) >>> 0)).toBe(map.get((one + 1) >>> 0));
      }
    }),
  );
});
