import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeNativeBlock } from './native-block.ts';
import { decodeNumbers } from './native-numbers.ts';

const whole = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const row = fc.record({
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  i64: whole,
  f64: fc.double(),
});

test('columns of numbers come back as they were, in however many blocks', () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 5 }), { minLength: 1, maxLength: 4 }), (blocks) => {
      const bytes = Buffer.concat(
        blocks.map((rows) =>
          encodeNativeBlock(rows.length, [
            { name: 'a', kind: 'u8', data: Uint8Array.from(rows, ({ u8 }) => u8) },
            { name: 'b', kind: 'u16', data: Uint16Array.from(rows, ({ u16 }) => u16) },
            { name: 'c', kind: 'u32', data: Uint32Array.from(rows, ({ u32 }) => u32) },
            { name: 'd', kind: 'i64', data: Float64Array.from(rows, ({ i64 }) => i64) },
            { name: 'e', kind: 'f64', data: Float64Array.from(rows, ({ f64 }) => f64) },
          ]),
        ),
      );
      const all = blocks.flat();
      const columns = decodeNumbers(bytes).map((column) => Array.from(column));
      // +0 and −0 are one whole number.
      expect(columns[3]!.map((one) => one + 0)).toEqual(all.map(({ i64 }) => i64 + 0));
      expect([columns[0], columns[1], columns[2], columns[4]]).toEqual(
        (['u8', 'u16', 'u32', 'f64'] as const).map((name) => all.map((one) => one[name])),
      );
    }),
  );
});

test('an answer without rows has none, with or without columns', () => {
  expect(decodeNumbers(new Uint8Array())).toEqual([]);
  expect(decodeNumbers(encodeNativeBlock(0, [{ name: 'a', kind: 'u8', data: new Uint8Array() }]))).toEqual([
    new Uint8Array(),
  ]);
});

test('what is cut off or no number is refused', () => {
  const bytes = encodeNativeBlock(2, [{ name: 'a', kind: 'u32', data: Uint32Array.of(1, 2) }]);
  for (let length = 1; length < bytes.length; length++)
    expect(() => decodeNumbers(bytes.subarray(0, length))).toThrow();
  const texts = encodeNativeBlock(1, [{ name: 'a', kind: 'text', data: new Map([[0, 'x']]) }]);
  expect(() => decodeNumbers(texts)).toThrow('String');
});
