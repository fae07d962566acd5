import { type ModbusTcpAddress, modbusTcpAddress, type SampleValue } from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePoint, encodePoint } from './modbus-decode.ts';

const at = (change: Partial<ModbusTcpAddress>) => modbusTcpAddress.parse({ area: 'holding', address: 0, ...change });
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('decoding registers', () => {
  it.each<[Partial<ModbusTcpAddress>, string, SampleValue]>([
    [{ encoding: 'uint16' }, 'ffff', 65_535],
    [{ encoding: 'int16' }, 'ffff', -1],
    [{ encoding: 'int32' }, 'ffff fffe', -2],
    [{ encoding: 'int32', wordOrder: 'little' }, 'fffe ffff', -2],
    [{ encoding: 'uint32' }, '0001 0002', 65_538],
    [{ encoding: 'uint32', wordOrder: 'little' }, '0002 0001', 65_538],
    [{ encoding: 'float32' }, '41ac 0000', 21.5],
    [{ encoding: 'float32', wordOrder: 'little' }, '0000 41ac', 21.5],
    [{ encoding: 'float64' }, '4035 8000 0000 0000', 21.5],
    [{ encoding: 'float64', wordOrder: 'little' }, '0000 0000 8000 4035', 21.5],
    [{ encoding: 'int64' }, 'ffff ffff ffff ffff', -1],
    [{ encoding: 'uint64' }, 'ffff ffff ffff ffff', '18446744073709551615'],
    [{ encoding: 'uint64', wordOrder: 'little' }, '0001 0000 0000 0000', 1],
    [{ encoding: 'bit', bit: 15 }, '8000', true],
    [{ encoding: 'bit' }, '8000', false],
    [{ encoding: 'string', length: 3 }, '4c75 6261 6e00', 'Luban'],
    [{ encoding: 'string', length: 3 }, 'e9b2 81e7 8fad', '鲁班'],
    [{ area: 'coil' }, '02', false],
  ])('reads %j in %s as %j', (address, data, value) => {
    expect(decodePoint(at(address), hex(data), 0)).toEqual(value);
  });

  it('finds a point at its offset among others', () => {
    expect(decodePoint(at({ encoding: 'uint16' }), hex('0001 0002 0003'), 2)).toBe(3);
    expect(decodePoint(at({ area: 'coil' }), hex('00 02'), 9)).toBe(true);
  });
});

describe('encoding for a write', () => {
  const numbers: [ModbusTcpAddress['encoding'], fc.Arbitrary<number>][] = [
    ['int16', fc.integer({ min: -0x8000, max: 0x7fff })],
    ['uint16', fc.integer({ min: 0, max: 0xffff })],
    ['int32', fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })],
    ['uint32', fc.integer({ min: 0, max: 0xffff_ffff })],
    ['float32', fc.float({ noNaN: true, noDefaultInfinity: true })],
    ['float64', fc.double({ noNaN: true, noDefaultInfinity: true })],
    ['int64', fc.maxSafeInteger()],
    ['uint64', fc.maxSafeNat()],
  ];
  it.each(numbers)('gives back every %s in both word orders', (encoding, values) => {
    fc.assert(
      fc.property(values, fc.constantFrom<('big' | 'little')[]>('big', 'little'), (value, wordOrder) => {
        const address = at({ encoding, wordOrder });
        const data = encodePoint(address, value);
        expect(data).not.toBeNull();
        expect(decodePoint(address, data!, 0)).toEqual(value);
      }),
    );
  });

  it('gives back 64-bit integers beyond the exact numbers as decimal strings', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
        const address = at({ encoding: 'uint64', wordOrder: 'little' });
        expect(decodePoint(address, encodePoint(address, value.toString())!, 0)).toBe(value.toString());
      }),
    );
  });

  it.each<[Partial<ModbusTcpAddress>, SampleValue]>([
    [{ encoding: 'int16' }, 32_768],
    [{ encoding: 'uint16' }, -1],
    [{ encoding: 'uint16' }, 1.5],
    [{ encoding: 'uint16' }, '1'],
    [{ encoding: 'float32' }, Number.NaN],
    [{ encoding: 'float32' }, 1e300],
    [{ encoding: 'uint64' }, '18446744073709551616'],
    [{ encoding: 'string', length: 1 }, 'abc'],
    [{ encoding: 'string' }, 'a'],
  ])('refuses for %j the value %j', (address, value) => {
    expect(encodePoint(at(address), value)).toBeNull();
  });
});
