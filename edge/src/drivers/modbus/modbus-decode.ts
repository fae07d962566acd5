import type { ModbusTcpAddress, SampleValue } from '@luban/contracts';

/** How many registers (or bits, in coils and discrete inputs) a point takes. Null: the address says it wrongly. */
export function pointSize(address: ModbusTcpAddress): number | null {
  if (isBitArea(address)) return 1;
  switch (address.encoding) {
    case 'int16':
    case 'uint16':
    case 'bit':
      return 1;
    case 'int32':
    case 'uint32':
    case 'float32':
      return 2;
    case 'int64':
    case 'uint64':
    case 'float64':
      return 4;
    case 'string':
      return address.length ?? null;
  }
}

export function isBitArea({ area }: Pick<ModbusTcpAddress, 'area'>): boolean {
  return area === 'coil' || area === 'discrete';
}

/**
 * The value of a point in the data of an answer. `offset` in registers, or bits in a bit area. 64-bit integers are
 * numbers while those are exact, else decimal strings; a float can be NaN or infinite.
 */
export function decodePoint(address: ModbusTcpAddress, data: Buffer, offset: number): SampleValue {
  if (isBitArea(address)) return ((data[offset >> 3]! >> (offset & 7)) & 1) === 1;
  const at = offset * 2;
  const little = address.wordOrder === 'little';
  switch (address.encoding) {
    case 'bit':
      return ((data.readUInt16BE(at) >> (address.bit ?? 0)) & 1) === 1;
    case 'int16':
      return data.readInt16BE(at);
    case 'uint16':
      return data.readUInt16BE(at);
    case 'int32':
      return little ? swapped(data, at, 4).readInt32BE(0) : data.readInt32BE(at);
    case 'uint32':
      return little ? swapped(data, at, 4).readUInt32BE(0) : data.readUInt32BE(at);
    case 'float32':
      return little ? swapped(data, at, 4).readFloatBE(0) : data.readFloatBE(at);
    case 'float64':
      return little ? swapped(data, at, 8).readDoubleBE(0) : data.readDoubleBE(at);
    case 'int64':
      return exact(little ? swapped(data, at, 8).readBigInt64BE(0) : data.readBigInt64BE(at));
    case 'uint64':
      return exact(little ? swapped(data, at, 8).readBigUInt64BE(0) : data.readBigUInt64BE(at));
    case 'string': {
      const text = data.toString('utf8', at, at + (address.length ?? 0) * 2);
      const end = text.indexOf('\0');
      return (end < 0 ? text : text.slice(0, end)).trimEnd();
    }
  }
}

/** The registers of a value, for writing; null when the value is not one of this encoding. Not for single bits. */
export function encodePoint(address: ModbusTcpAddress, value: SampleValue): Buffer | null {
  const size = pointSize(address);
  if (size === null) return null;
  const data = Buffer.alloc(size * 2);
  if (address.encoding === 'string') {
    if (typeof value !== 'string' || Buffer.byteLength(value) > data.length) return null;
    data.write(value);
    return data;
  }
  if (address.encoding === 'int64' || address.encoding === 'uint64') {
    const whole = wholeNumber(value);
    const [least, most] = address.encoding === 'int64' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    if (whole === null || whole < least || whole > most) return null;
    data.writeBigUInt64BE(BigInt.asUintN(64, whole));
  } else {
    if (typeof value !== 'number' || !Number.isFinite(value)) return null;
    const range = integerRange[address.encoding];
    if (range && (!Number.isInteger(value) || value < range[0] || value > range[1])) return null;
    switch (address.encoding) {
      case 'int16':
        data.writeInt16BE(value);
        break;
      case 'uint16':
        data.writeUInt16BE(value);
        break;
      case 'int32':
        data.writeInt32BE(value);
        break;
      case 'uint32':
        data.writeUInt32BE(value);
        break;
      case 'float32':
        if (!Number.isFinite(Math.fround(value))) return null;
        data.writeFloatBE(value);
        break;
      case 'float64':
        data.writeDoubleBE(value);
        break;
      case 'bit':
        return null;
    }
  }
  return address.wordOrder === 'little' ? Buffer.from(swapped(data, 0, data.length)) : data;
}

const integerRange: Partial<Record<ModbusTcpAddress['encoding'], [number, number]>> = {
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
};

const scratch = Buffer.alloc(8);

/** The words of a number in reverse order, in a buffer that is used again at once. */
function swapped(data: Buffer, at: number, bytes: number): Buffer {
  for (let i = 0; i < bytes; i += 2) {
    scratch[bytes - 2 - i] = data[at + i]!;
    scratch[bytes - 1 - i] = data[at + i + 1]!;
  }
  return scratch.subarray(0, bytes);
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function wholeNumber(value: SampleValue): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
}
