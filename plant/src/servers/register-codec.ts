import type { ModbusAddress, Value } from '../machine-description.ts';

export type RegisterAddress = Extract<ModbusAddress, { encoding: string }>;

const limits = {
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
} as const;

export const registerCount = (address: RegisterAddress): 1 | 2 =>
  address.encoding === 'int16' || address.encoding === 'uint16' ? 1 : 2;

/** The registers that hold `value`, lowest address first. Integers are rounded and held at the end of their range. */
export function encodeRegisters(value: Value, address: RegisterAddress): number[] {
  const { encoding, scale = 1, wordOrder = 'big' } = address;
  const raw = Number(value) / scale;
  if (registerCount(address) === 1) return [(integer(raw, encoding) + 0x1_0000) % 0x1_0000];
  const view = new DataView(new ArrayBuffer(4));
  if (encoding === 'float32') view.setFloat32(0, raw);
  else view.setUint32(0, integer(raw, encoding) >>> 0);
  const words = [view.getUint16(0), view.getUint16(2)];
  return wordOrder === 'big' ? words : words.reverse();
}

function integer(raw: number, encoding: RegisterAddress['encoding']): number {
  if (encoding === 'float32') return raw;
  const [low, high] = limits[encoding];
  return Math.min(high, Math.max(low, Math.round(raw)));
}

/** The physical value in `registers`, which must be as many as `registerCount` says. */
export function decodeRegisters(registers: readonly number[], address: RegisterAddress): number {
  const { encoding, scale = 1, wordOrder = 'big' } = address;
  const [first = 0, second = 0] = registers;
  const view = new DataView(new ArrayBuffer(4));
  if (registerCount(address) === 1) {
    view.setUint16(0, first);
    return (encoding === 'int16' ? view.getInt16(0) : view.getUint16(0)) * scale;
  }
  view.setUint16(0, wordOrder === 'big' ? first : second);
  view.setUint16(2, wordOrder === 'big' ? second : first);
  const raw = encoding === 'float32' ? view.getFloat32(0) : encoding === 'int32' ? view.getInt32(0) : view.getUint32(0);
  return raw * scale;
}
