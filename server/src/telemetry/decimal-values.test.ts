import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binaryScale, toDecimals } from './decimal-values.ts';

function back(series: number[], values: number[]): number[] {
  const { decimal, scale, binary } = toDecimals(Uint32Array.from(series), Float64Array.from(values), values.length);
  return values.map((_, i) => (scale[i] === binaryScale ? binary[i]! : decimal[i]! / 10 ** scale[i]!));
}

test('every finite number comes back exactly', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer().map((whole) => whole / 100),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.integer({ min: 1, max: 3 }),
          value.map((one) => one + 0),
        ),
      ),
      (rows) => {
        const values = rows.map(([, one]) => one);
        expect(
          back(
            rows.map(([one]) => one),
            values,
          ).map((one) => one + 0),
        ).toEqual(values);
      },
    ),
  );
});

test('a series has one scale, the finest that its values need', () => {
  const { decimal, scale } = toDecimals(Uint32Array.of(1, 1, 1, 2), Float64Array.of(20, 20.5, -20.55, 3), 4);
  expect([...scale]).toEqual([2, 2, 2, 0]);
  expect([...decimal]).toEqual([2000, 2050, -2055, 3]);
});

test('numbers that are no short decimals stay as they are', () => {
  const { scale, binary } = toDecimals(Uint32Array.of(1, 2), Float64Array.of(Math.PI, 1e300), 2);
  expect([...scale]).toEqual([binaryScale, binaryScale]);
  expect([...binary]).toEqual([Math.PI, 1e300]);
});
