import type { Json } from '@luban/contracts';
import { type DataTypeName, dataTypeName, dataTypes } from './data-types.ts';
import { SparkplugError } from './proto-reader.ts';
import type { DataSet, Metric, PropertySet, Template, TypedValue, WireValue } from './sparkplug-payload.ts';

const two32 = 4_294_967_296;

/**
 * What a wire value means under a data type. Whole numbers beyond 2⁵³ lose their last digits; NaN and the infinities stay
 * what they are. Times become ISO 8601, bytes base64, data sets, templates and arrays JSON. Throws SparkplugError when the
 * wire form does not fit the type.
 */
export function plainValue(value: WireValue, datatype: number): Json {
  switch (value.kind) {
    case 'int':
    case 'long':
      return wholeNumber(value, datatype);
    case 'float':
    case 'double':
      return value.number;
    case 'boolean':
      return value.number !== 0;
    case 'string':
      return value.object as string;
    case 'bytes':
      return bytesValue(value.object as Uint8Array, datatype);
    case 'dataset':
      return dataSetValue(value.object as DataSet);
    case 'template':
      return templateValue(value.object as Template);
    case 'properties':
      return propertiesValue(value.object as PropertySet);
    case 'property-list':
      return (value.object as PropertySet[]).map(propertiesValue);
    case 'none':
      return null;
  }
}

function wholeNumber({ kind, number, high }: WireValue, datatype: number): Json {
  switch (datatype) {
    case dataTypes.Int8:
      return (number << 24) >> 24;
    case dataTypes.Int16:
      return (number << 16) >> 16;
    case dataTypes.Int32:
      return number | 0;
    case dataTypes.Int64:
      // Some send a negative one as an int.
      return kind === 'int' ? number | 0 : (high | 0) * two32 + number;
    case dataTypes.Boolean:
      return (number | high) !== 0;
    case dataTypes.DateTime:
      return isoTime(kind === 'int' ? number : (high | 0) * two32 + number);
    default:
      return high * two32 + number;
  }
}

function isoTime(ms: number): string {
  if (!(Math.abs(ms) <= 8.64e15)) throw new SparkplugError(`the time ${ms} is beyond all calendars`);
  return new Date(ms).toISOString();
}

function bytesValue(bytes: Uint8Array, datatype: number): Json {
  const name = dataTypeName(datatype);
  return name?.endsWith('Array') ? arrayValue(bytes, name) : Buffer.from(bytes).toString('base64');
}

type ElementReader = (view: DataView, at: number) => Json;
const elements: Partial<Record<DataTypeName, [bytes: number, read: ElementReader]>> = {
  Int8Array: [1, (view, at) => view.getInt8(at)],
  Int16Array: [2, (view, at) => view.getInt16(at, true)],
  Int32Array: [4, (view, at) => view.getInt32(at, true)],
  Int64Array: [8, (view, at) => Number(view.getBigInt64(at, true))],
  UInt8Array: [1, (view, at) => view.getUint8(at)],
  UInt16Array: [2, (view, at) => view.getUint16(at, true)],
  UInt32Array: [4, (view, at) => view.getUint32(at, true)],
  UInt64Array: [8, (view, at) => Number(view.getBigUint64(at, true))],
  FloatArray: [4, (view, at) => finite(view.getFloat32(at, true))],
  DoubleArray: [8, (view, at) => finite(view.getFloat64(at, true))],
  DateTimeArray: [8, (view, at) => isoTime(Number(view.getBigInt64(at, true)))],
};

/** JSON has no word for NaN and the infinities. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function arrayValue(bytes: Uint8Array, name: DataTypeName): Json[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (name === 'BooleanArray') return booleans(view);
  if (name === 'StringArray') return strings(bytes);
  const [width, read] = elements[name]!;
  if (bytes.length % width !== 0) throw new SparkplugError(`${bytes.length} bytes are no ${name}`);
  return Array.from({ length: bytes.length / width }, (_, i) => read(view, i * width));
}

/** A count of four bytes, then one bit each, the highest first. */
function booleans(view: DataView): boolean[] {
  const count = view.byteLength < 4 ? -1 : view.getUint32(0, true);
  if (count < 0 || view.byteLength !== 4 + Math.ceil(count / 8))
    throw new SparkplugError(`${view.byteLength} bytes are no BooleanArray`);
  return Array.from({ length: count }, (_, i) => ((view.getUint8(4 + (i >> 3)) >> (7 - (i & 7))) & 1) === 1);
}

/** Each ends with a zero byte. */
function strings(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  if (bytes[bytes.length - 1] !== 0) throw new SparkplugError('a StringArray does not end with a zero byte');
  return Buffer.from(bytes.subarray(0, -1)).toString('utf8').split('\0');
}

/** A value within JSON. */
function inner(value: WireValue, datatype: number): Json {
  const plain = plainValue(value, datatype);
  return typeof plain === 'number' ? finite(plain) : plain;
}
function typed(value: TypedValue): Json {
  return value.isNull ? null : inner(value, value.datatype);
}
function typeWord(code: number): string {
  return dataTypeName(code) ?? String(code);
}

function dataSetValue({ columns, types, rows }: DataSet): Json {
  return {
    columns,
    types: types.map(typeWord),
    rows: rows.map((row) => row.map((value, i) => inner(value, types[i]!))),
  };
}

function templateValue({ version, reference, isDefinition, metrics, parameters }: Template): Json {
  return {
    ...(version !== null && { version }),
    ...(reference !== null && { reference }),
    ...(isDefinition && { definition: true }),
    ...(parameters.length > 0 && {
      parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, typed(value)])),
    }),
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name ?? `alias ${metric.alias}`, typed(metric)])),
  };
}

function propertiesValue(properties: PropertySet): Json {
  return Object.fromEntries([...properties].map(([key, value]) => [key, typed(value)]));
}

/** What a point of such a metric holds. */
export function pointType(datatype: number): 'number' | 'boolean' | 'string' | 'json' | null {
  const name = dataTypeName(datatype);
  if (name === undefined) return null;
  if (/^U?Int\d+$|^Float$|^Double$/.test(name)) return 'number';
  if (name === 'Boolean') return 'boolean';
  if (/^(String|Text|UUID|DateTime|Bytes|File)$/.test(name)) return 'string';
  return 'json';
}

/** A property that is a number or a text, or undefined. */
export function propertyOf({ properties }: Metric, key: string): number | string | undefined {
  const found = properties?.get(key);
  if (found === undefined || found.isNull) return undefined;
  const value = plainValue(found, found.datatype);
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}
