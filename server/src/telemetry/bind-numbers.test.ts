import { expect, test } from 'vitest';
import { bindNumbers } from './bind-numbers.ts';

test('numbers and arrays of numbers take the places of their names', () => {
  expect(bindNumbers('a = {x:UInt32} AND b IN {y:Array(UInt32)}', { x: 5, y: [1, 2] })).toBe('a = 5 AND b IN [1,2]');
});

test('whatever is not a finite number of the type is refused', () => {
  const text = '1; DROP TABLE samples' as unknown as number;
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 60, text, [text]])
    expect(() => bindNumbers('{x:UInt32}', { x: x as number })).toThrow('x is not a UInt32');
  expect(() => bindNumbers('{x:Array(UInt32)}', { x: [text] })).toThrow('x is not a UInt32');
  expect(() => bindNumbers('{x:UInt32}', {})).toThrow('x is not');
});
