import { type Json, type Micros, qualityClass, qualityCode, type SampleValue } from '@luban/contracts';
import type { DataValue, Variant, VariantOptions } from 'node-opcua-client';
import { opcua } from './opcua-library.ts';
import { qualityOfStatus } from './opcua-quality.ts';

/** A data value in our words. A bad one has value null; the server's time counts where the source gives none. */
export function readDataValue(data: DataValue, nowMs: number) {
  const timeUs =
    micros(data.sourceTimestamp, data.sourcePicoseconds) ??
    micros(data.serverTimestamp, data.serverPicoseconds) ??
    nowMs * 1000;
  const quality = qualityOfStatus(data.statusCode.value);
  if (qualityClass(quality) === 'bad') return { value: null, quality, timeUs };
  const value = data.value ? variantValue(data.value) : null;
  if (value === null) return { value, quality: qualityCode('bad'), timeUs };
  if (typeof value === 'number' && !Number.isFinite(value))
    return { value: null, quality: qualityCode('notANumber'), timeUs };
  return { value, quality, timeUs };
}

/** node-opcua gives the picoseconds since the last full millisecond. Dates before 1970 mean "none". */
function micros(date: Date | null, picoseconds: number): Micros | null {
  const ms = date?.getTime() ?? Number.NaN;
  return ms > 0 ? ms * 1000 + Math.floor((picoseconds % 1e9) / 1e6) : null;
}

function variantValue(variant: Variant): SampleValue {
  const { DataType, VariantArrayType } = opcua;
  if (variant.dataType === DataType.Null) return null;
  if (variant.arrayType === VariantArrayType.Scalar) {
    if (variant.dataType === DataType.Float || variant.dataType === DataType.Double) return Number(variant.value);
    return element(variant.dataType, variant.value);
  }
  if (variant.value === null || variant.value === undefined) return [];
  const flat = Array.from(variant.value as ArrayLike<unknown>, (item) => element(variant.dataType, item));
  return variant.arrayType === VariantArrayType.Matrix ? nested(flat, variant.dimensions ?? []) : flat;
}

/** One value in JSON. 64-bit integers are numbers while those are exact, else decimal strings; bytes are base 64. */
function element(type: number, value: unknown): Json {
  const { DataType } = opcua;
  if (value === null || value === undefined) return type === DataType.String ? '' : null;
  switch (type) {
    case DataType.Int64:
    case DataType.UInt64: {
      const [high, low] = value as [number, number];
      const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      const whole = type === DataType.Int64 ? BigInt.asIntN(64, bits) : bits;
      const number = Number(whole);
      return Number.isSafeInteger(number) ? number : whole.toString();
    }
    case DataType.Float:
    case DataType.Double:
      return Number.isFinite(value) ? Number(value) : null;
    case DataType.LocalizedText:
      return (value as { text?: string | null }).text ?? '';
    case DataType.QualifiedName:
      return (value as { name?: string | null }).name ?? '';
    case DataType.StatusCode:
      return (value as { name: string }).name;
    case DataType.NodeId:
    case DataType.ExpandedNodeId:
      return String(value);
    case DataType.Variant:
      return variantValue(value as Variant);
    default:
      return plain(value);
  }
}

function plain(value: unknown): Json {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return value.toString();
    case 'object':
      break;
    default:
      return null;
  }
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain);
  const own = 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value;
  if (typeof own !== 'object' || own === null) return plain(own);
  return Object.fromEntries(
    Object.entries(own)
      .filter(([key]) => key !== 'schema')
      .map(([key, part]) => [key, plain(part)]),
  );
}

function nested(flat: Json[], dimensions: readonly number[]): Json {
  const [, ...inner] = dimensions;
  if (inner.length === 0) return flat;
  const size = inner.reduce((product, length) => product * length, 1);
  if (size === 0) return [];
  const rows: Json[] = [];
  for (let i = 0; i < flat.length; i += size) rows.push(nested(flat.slice(i, i + size), inner));
  return rows;
}

/** The variant to write for a raw value; null when the value is not one of this type. */
export function writableVariant(type: number, value: SampleValue): VariantOptions | null {
  const plainValue = writableValue(type, value);
  return plainValue === null ? null : { dataType: type, arrayType: opcua.VariantArrayType.Scalar, value: plainValue };
}

function writableValue(type: number, value: SampleValue): unknown {
  const { DataType } = opcua;
  const range = integerRanges[DataType[type] ?? ''];
  if (range) {
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= range[0] && value <= range[1];
    return fits ? value : null;
  }
  switch (type) {
    case DataType.Boolean:
      return typeof value === 'boolean' ? value : null;
    case DataType.Float:
    case DataType.Double:
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case DataType.Int64:
    case DataType.UInt64: {
      const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
      if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text)) return null;
      const whole = BigInt(text);
      const same = type === DataType.Int64 ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole);
      if (same !== whole) return null;
      const bits = BigInt.asUintN(64, whole);
      return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
    }
    case DataType.String:
      return typeof value === 'string' ? value : null;
    case DataType.DateTime: {
      const date = typeof value === 'string' ? new Date(value) : null;
      return date && !Number.isNaN(date.getTime()) ? date : null;
    }
    default:
      return null;
  }
}

const integerRanges: Record<string, [number, number]> = {
  SByte: [-0x80, 0x7f],
  Byte: [0, 0xff],
  Int16: [-0x8000, 0x7fff],
  UInt16: [0, 0xffff],
  Int32: [-0x8000_0000, 0x7fff_ffff],
  UInt32: [0, 0xffff_ffff],
};
