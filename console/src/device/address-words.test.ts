import type { DeviceAddress } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { addressOf, addressText, addressWords } from './address-words.ts';

const modbus = (text: string, type: 'number' | 'boolean' | 'string' | 'json' = 'number') =>
  addressOf('modbus-tcp', text, type);
const refused = (found: ReturnType<typeof modbus>) => ('error' in found ? found.error.en : 'accepted');

describe('Modbus addresses', () => {
  test('area and number are enough; a register is then uint16', () => {
    expect(modbus('holding 100')).toEqual({
      ok: { protocol: 'modbus-tcp', area: 'holding', address: 100, encoding: 'uint16', wordOrder: 'big' },
    });
  });
  test('what is written short is read back as the same address', () => {
    const cases: [string, 'number' | 'boolean' | 'string'][] = [
      ['holding 100 float32 CDAB', 'number'],
      ['input 0 int16', 'number'],
      ['holding 7.15 bit', 'boolean'],
      ['coil 5', 'boolean'],
      ['input 20 string len8', 'string'],
      ['holding 4 uint64 ABCD', 'number'],
    ];
    for (const [text, type] of cases) {
      const found = modbus(text, type);
      expect('ok' in found && addressText(found.ok)).toBe(text);
    }
  });
  test('colons, short names and Chinese names are understood', () => {
    for (const text of ['hr:3:float', '保持寄存器 3 float32', 'HR 3 big float32'])
      expect(modbus(text)).toEqual(modbus('holding 3 float32 ABCD'));
  });
  test('a number such as 40001 is not guessed at', () => {
    expect(refused(modbus('40001'))).toContain('holding');
  });
  test('what does not fit the type of the point is refused', () => {
    expect(refused(modbus('holding 1 string len4'))).not.toBe('accepted');
    expect(refused(modbus('holding 1 int16', 'string'))).not.toBe('accepted');
    expect(refused(modbus('holding 1', 'json'))).not.toBe('accepted');
  });
  test('each mistake is named', () => {
    expect(refused(modbus('register 1'))).toContain('register');
    expect(refused(modbus('holding 70000'))).toContain('70000');
    expect(refused(modbus('holding 1 int17'))).toContain('int17');
    expect(refused(modbus('holding 1 bit', 'boolean'))).toContain('0–15');
    expect(refused(modbus('holding 1.16', 'boolean'))).toContain('0–15');
    expect(refused(modbus('holding 1', 'string'))).toContain('registers');
    expect(refused(modbus(''))).not.toBe('accepted');
    expect(refused(modbus('constructor 1'))).toContain('constructor');
  });
});

test('a node id is taken as it is, or refused', () => {
  expect(addressOf('opc-ua', ' ns=2;s=Press.Force ', 'number')).toEqual({
    ok: { protocol: 'opc-ua', nodeId: 'ns=2;s=Press.Force' },
  });
  expect('error' in addressOf('opc-ua', 'Press.Force', 'number')).toBe(true);
});

test('an address is said in the words of the reader', () => {
  const address: DeviceAddress = {
    protocol: 'modbus-tcp',
    area: 'holding',
    address: 100,
    encoding: 'float32',
    wordOrder: 'little',
  };
  expect(addressWords(address, 'zh')).toBe('保持寄存器 100 · float32 · CDAB');
  expect(addressWords(address, 'en')).toBe('Holding 100 · float32 · CDAB');
});
