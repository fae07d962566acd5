import { expect, test } from 'vitest';
import { encodeNativeBlock } from './native-block.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

test('a block is its counts, then each column with name, type and little-endian values', () => {
  const bytes = encodeNativeBlock(2, [
    { name: 'a', kind: 'u32', data: Uint32Array.of(1, 0x01020304) },
    { name: 'b', kind: 'u16', data: Uint16Array.of(0xffff, 2) },
  ]);
  expect(text(bytes)).toBe(
    '\x02\x02' + '\x01a\x06UInt32' + '\x01\0\0\0\x04\x03\x02\x01' + '\x01b\x06UInt16' + '\xff\xff\x02\0',
  );
});

test('times keep all 53 bits as µs and are cut down to whole ms', () => {
  const at = Float64Array.of(9_007_199_254_740_991, 1_790_000_000_123_999);
  const bytes = encodeNativeBlock(2, [
    { name: 't', kind: 'micros', data: at },
    { name: 'm', kind: 'millis', data: at },
  ]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const timesAt = 2 + 2 + 1 + "DateTime64(6, 'UTC')".length;
  expect(view.getBigInt64(timesAt, true)).toBe(9_007_199_254_740_991n);
  expect(view.getBigInt64(timesAt + 8, true)).toBe(1_790_000_000_123_999n);
  expect(view.getBigInt64(bytes.length - 8, true)).toBe(1_790_000_000_123n);
});

test('texts have their length in bytes before them, long ones in several length bytes', () => {
  const long = '鲁'.repeat(100);
  const bytes = encodeNativeBlock(3, [{ name: 's', kind: 'text', data: new Map([[1, long]]) }]);
  const head = '\x01\x03\x01s\x06String';
  expect(text(bytes.subarray(0, head.length))).toBe(head);
  expect([...bytes.subarray(head.length, head.length + 3)]).toEqual([0, (300 % 128) | 128, Math.floor(300 / 128)]);
  expect(Buffer.from(bytes.subarray(head.length + 3, -1)).toString()).toBe(long);
  expect(bytes.at(-1)).toBe(0);
});

test('only rows that a capacity holds beyond the count are left out', () => {
  const bytes = encodeNativeBlock(1, [{ name: 'v', kind: 'f64', data: Float64Array.of(1, 2, 3) }]);
  expect(bytes.length).toBe('\x01\x01\x01v\x07Float64'.length + 8);
});

test('negative whole numbers are in two’s complement', () => {
  const whole = [-1, -4_294_967_296, -4_294_967_297, Number.MIN_SAFE_INTEGER, 5];
  const bytes = encodeNativeBlock(whole.length, [{ name: 'i', kind: 'i64', data: Float64Array.from(whole) }]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = bytes.length - 8 * whole.length;
  expect(whole.map((_, i) => Number(view.getBigInt64(start + 8 * i, true)))).toEqual(whole);
});
