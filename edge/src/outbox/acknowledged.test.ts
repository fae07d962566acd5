import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAcknowledged } from './acknowledged.ts';

const range = fc
  .record({ from: fc.nat(60), length: fc.nat(10) })
  .map(({ from, length }) => ({ from, to: from + length }));

test('knows exactly what was acknowledged, in whatever order it came', () => {
  fc.assert(
    fc.property(fc.nat(10), fc.array(range), fc.nat(80), (start, added, end) => {
      const acknowledged = createAcknowledged(start);
      const model = new Set<number>();
      for (let i = 0; i < start; i++) model.add(i);
      for (const { from, to } of added) {
        acknowledged.add(from, to);
        for (let i = from; i < to; i++) model.add(i);
      }
      let prefix = 0;
      while (model.has(prefix)) prefix++;
      expect(acknowledged.prefix).toBe(prefix);
      const missing = acknowledged
        .missing(end)
        .flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
      expect(missing).toEqual(Array.from({ length: end }, (_, i) => i).filter((i) => !model.has(i)));
      for (let i = 0; i < 80; i++) expect(acknowledged.has(i)).toBe(model.has(i));
      expect(createAcknowledged(prefix, acknowledged.ranges()).missing(end)).toEqual(acknowledged.missing(end));
    }),
  );
});
