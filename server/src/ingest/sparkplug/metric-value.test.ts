import type { Json } from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataTypeName, dataTypes } from './data-types.ts';
import { decodePayload } from './decode-payload.ts';
import { plainValue, pointType, propertyOf } from './metric-value.ts';
import { encodeIndependently } from './sparkplug-schema.test-support.ts';

/** What a client of the reference kind writes for a value, read back by us. */
function read(name: DataTypeName, value: Record<string, unknown>): Json {
  const datatype = dataTypes[name];
  const [metric] = decodePayload(encodeIndependently({ metrics: [{ name: 'm', datatype, ...value }] })).metrics;
  return plainValue(metric!, metric!.datatype);
}
const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
/** A property that holds for each value of an arbitrary. */
const each = <T>(values: fc.Arbitrary<T>, holds: (value: T) => void) =>
  fc.assert(fc.property(values, (value) => void holds(value)));

describe('a metric’s value', () => {
  test.each([
    ['Int8', 8],
    ['Int16', 16],
    ['Int32', 32],
  ] as const)(
    'of type %s keeps its sign, whether it is cut to its width, widened to 32 bits, or a long',
    (name, bits) => {
      each(int(bits), (value) => {
        expect(read(name, { int_value: value >>> 0 })).toBe(value);
        expect(read(name, { int_value: (value >>> 0) % 2 ** bits })).toBe(value);
        expect(read(name, { long_value: BigInt.asUintN(64, BigInt(value)).toString() })).toBe(value);
      });
    },
  );

  test('of type Int64 keeps its sign', () => {
    each(fc.maxSafeInteger(), (value) => {
      expect(read('Int64', { long_value: BigInt.asUintN(64, BigInt(value)).toString() })).toBe(value);
    });
    expect(read('Int64', { long_value: '9223372036854775808' })).toBe(-(2 ** 63));
    expect(read('UInt64', { long_value: '18446744073709551615' })).toBe(2 ** 64);
  });

  test.each([
    ['UInt8', 8],
    ['UInt16', 16],
    ['UInt32', 32],
  ] as const)('of type %s is what it is, as int or long', (name, bits) => {
    each(uint(bits), (value) => {
      expect(read(name, { int_value: value })).toBe(value);
      expect(read(name, { long_value: String(value) })).toBe(value);
    });
  });

  test('of the other plain types is what it is', () => {
    each(fc.double(), (value) => expect(read('Double', { double_value: value })).toBe(value));
    each(fc.float(), (value) => expect(read('Float', { float_value: value })).toBe(value));
    each(fc.boolean(), (value) => expect(read('Boolean', { boolean_value: value })).toBe(value));
    for (const name of ['String', 'Text', 'UUID'] as const)
      each(fc.string({ unit: 'binary' }), (value) => expect(read(name, { string_value: value })).toBe(value));
    each(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(8.64e15) }), (value) =>
      expect(read('DateTime', { long_value: String(value.getTime()) })).toBe(value.toISOString()),
    );
    for (const name of ['Bytes', 'File'] as const) expect(read(name, { bytes_value: 'AQIDBA==' })).toBe('AQIDBA==');
  });

  const packed = (bytes: Uint8Array) => ({ bytes_value: Buffer.from(bytes).toString('base64') });
  const little = (array: { buffer: ArrayBufferLike }) => packed(new Uint8Array(array.buffer));
  test('of the array types is a list', () => {
    expect(read('Int8Array', little(Int8Array.of(-23, 123)))).toEqual([-23, 123]);
    expect(read('Int16Array', little(Int16Array.of(-30000, 30000)))).toEqual([-30000, 30000]);
    expect(read('Int32Array', little(Int32Array.of(-1, 315_338_746)))).toEqual([-1, 315_338_746]);
    expect(read('Int64Array', little(BigInt64Array.of(-4n, 9_007_199_254_740_991n)))).toEqual([
      -4, 9_007_199_254_740_991,
    ]);
    expect(read('UInt8Array', little(Uint8Array.of(23, 250)))).toEqual([23, 250]);
    expect(read('UInt16Array', little(Uint16Array.of(30, 52_360)))).toEqual([30, 52_360]);
    expect(read('UInt32Array', little(Uint32Array.of(52, 3_293_969_225)))).toEqual([52, 3_293_969_225]);
    expect(read('UInt64Array', little(BigUint64Array.of(52n, 5n)))).toEqual([52, 5]);
    expect(read('FloatArray', little(Float32Array.of(1.25, Number.NaN)))).toEqual([1.25, null]);
    expect(read('DoubleArray', little(Float64Array.of(12.354, 6.9)))).toEqual([12.354, 6.9]);
    expect(read('DateTimeArray', little(BigInt64Array.of(1_256_102_875_335n)))).toEqual(['2009-10-21T05:27:55.335Z']);
    // The two worked examples of the specification.
    expect(read('BooleanArray', packed(Uint8Array.of(0x0c, 0, 0, 0, 0x34, 0xd0)))).toEqual(
      [0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1].map(Boolean),
    );
    expect(read('StringArray', packed(Buffer.from('ABC\0hello\0')))).toEqual(['ABC', 'hello']);
    expect(read('StringArray', packed(Buffer.alloc(0)))).toEqual([]);
  });

  test.each([
    ['Int32Array', Uint8Array.of(1, 2, 3)],
    ['BooleanArray', Uint8Array.of(9, 0, 0, 0, 1)],
    ['BooleanArray', Uint8Array.of(1)],
    ['StringArray', Buffer.from('abc')],
  ] as const)('of type %s that does not add up is refused', (name, bytes) => {
    expect(() => read(name, packed(bytes))).toThrow(name);
  });

  test('of a data set or template is JSON', () => {
    const dataset = {
      columns: ['n', 'on'],
      types: [dataTypes.Int8, dataTypes.Boolean],
      rows: [{ elements: [{ int_value: 255 }, { boolean_value: true }] }],
    };
    expect(read('DataSet', { dataset_value: dataset })).toEqual({
      columns: ['n', 'on'],
      types: ['Int8', 'Boolean'],
      rows: [[-1, true]],
    });
    const template = {
      version: '1',
      template_ref: 'Motor',
      parameters: [{ name: 'p', type: dataTypes.Int16, int_value: 65_535 }],
      metrics: [
        { name: 'speed', datatype: dataTypes.Double, double_value: 5 },
        { name: 'off', datatype: dataTypes.Double, is_null: true },
        { name: 'nan', datatype: dataTypes.Double, double_value: Number.NaN },
      ],
    };
    expect(read('Template', { template_value: template })).toEqual({
      version: '1',
      reference: 'Motor',
      parameters: { p: -1 },
      metrics: { speed: 5, off: null, nan: null },
    });
  });
});

test('every type of the specification has a point type', () => {
  const types = Object.entries(dataTypes).map(([name, code]) => `${name} ${pointType(code)}`);
  expect(types).toContain('UInt64 number');
  expect(types).toContain('Boolean boolean');
  expect(types).toContain('DateTime string');
  expect(types).toContain('Int32Array json');
  expect(types.filter((each) => each.endsWith('null'))).toEqual([]);
  expect(pointType(99)).toBe(null);
});

test('a property is read by its name', () => {
  const properties = {
    keys: ['Quality', 'engUnit', 'gone'],
    values: [
      { type: dataTypes.Int32, int_value: 500 },
      { type: dataTypes.String, string_value: 'degC' },
      { type: dataTypes.String, is_null: true },
    ],
  };
  const [metric] = decodePayload(encodeIndependently({ metrics: [{ name: 'm', properties }] })).metrics;
  expect(propertyOf(metric!, 'Quality')).toBe(500);
  expect(propertyOf(metric!, 'engUnit')).toBe('degC');
  expect(propertyOf(metric!, 'gone')).toBe(undefined);
  expect(propertyOf(metric!, 'none')).toBe(undefined);
});
