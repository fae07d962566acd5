import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageOf } from './page-cursor.ts';

test('pages follow each other through the whole list, each item once, in order, whatever the page size', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 5 }), (names, limit) => {
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const { items, next } = pageOf(names, cursor === undefined ? { limit } : { limit, cursor }, (name) => name);
        expect(items.length).toBeLessThanOrEqual(limit);
        seen.push(...items);
        if (next === null) break;
        cursor = next;
      }
      expect(seen).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)));
    }),
  );
});

test('a cursor that this API did not give is refused', () => {
  for (const cursor of ['nonsense', '%00', encodeCursor(5)])
    expect(() => decodeCursor(cursor, 'string')).toThrow('The cursor is not one');
});
