import { expect, test } from 'vitest';
import { entityTagOf, matches } from './entity-tag.ts';

test('the same content has the same tag in whatever order its fields come; any change has another', () => {
  const tag = entityTagOf({ a: 1, b: { c: [1, 2], d: null } });
  expect(entityTagOf({ b: { d: null, c: [1, 2] }, a: 1 })).toBe(tag);
  for (const other of [{ a: 2, b: { c: [1, 2], d: null } }, { a: 1, b: { c: [2, 1], d: null } }, { a: 1 }])
    expect(entityTagOf(other)).not.toBe(tag);
});

test('If-Match names one tag, several or any; a weak one is none', () => {
  for (const named of ['"x"', '"a", "x"', '"a","x"', '*', ' * ']) expect(matches(named, '"x"'), named).toBe(true);
  for (const named of ['', 'x', '"y"', 'W/"x"', '"x', '"a" , "b"']) expect(matches(named, '"x"'), named).toBe(false);
});
