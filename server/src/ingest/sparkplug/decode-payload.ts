import { compressedUuid, inflateBody } from './compressed-payload.ts';
import { ProtoReader, SparkplugError } from './proto-reader.ts';
import {
  type DataSet,
  emptyMetric,
  emptyValue,
  type Metric,
  type Payload,
  type PropertySet,
  type Template,
  type TypedValue,
  type WireValue,
} from './sparkplug-payload.ts';

/** Templates and property sets hold each other; deeper ones are an attack on whoever walks them. */
const maxDepth = 16;

/**
 * Bytes → payload. Unknown fields are passed over, as protobuf wants it. Throws SparkplugError with the place of the
 * first fault. Bytes values are views on `bytes`.
 */
export function decodePayload(bytes: Buffer): Payload {
  return decode(bytes, true);
}

function decode(bytes: Buffer, mayUnwrap: boolean): Payload {
  const reader = new ProtoReader(bytes);
  const payload: Payload = { timestamp: -1, seq: -1, metrics: [] };
  let uuid = '';
  let body: Uint8Array | null = null;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        payload.timestamp = reader.unsigned('a time');
        break;
      case 0x12:
        payload.metrics.push(readMetric(reader, 0));
        break;
      case 0x18:
        payload.seq = reader.unsigned('a sequence number');
        break;
      case 0x22:
        uuid = reader.text();
        break;
      case 0x2a:
        body = reader.raw();
        break;
      default:
        reader.skip(tag);
    }
  }
  return mayUnwrap && uuid === compressedUuid && body !== null ? unwrapped(payload, body) : payload;
}

/** What a compressed payload holds. Its sequence number may stand inside or outside, as libraries have it. */
function unwrapped(outer: Payload, body: Uint8Array): Payload {
  const inner = decode(inflateBody(body, outer.metrics), false);
  if (inner.seq < 0) inner.seq = outer.seq;
  if (inner.timestamp < 0) inner.timestamp = outer.timestamp;
  return inner;
}

function readMetric(reader: ProtoReader, depth: number): Metric {
  const metric = emptyMetric();
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        metric.name = reader.text();
        break;
      case 0x10:
        metric.alias = reader.unsigned('an alias');
        break;
      case 0x18:
        metric.timestamp = reader.unsigned('a time');
        break;
      case 0x20:
        metric.datatype = reader.unsigned('a data type');
        break;
      case 0x28:
        metric.historical = reader.bool();
        break;
      case 0x30:
        metric.transient = reader.bool();
        break;
      case 0x38:
        metric.isNull = reader.bool();
        break;
      case 0x4a:
        metric.properties = readProperties(reader, depth + 1);
        break;
      case 0x50:
        readInt(reader, metric);
        break;
      case 0x58:
        readLong(reader, metric);
        break;
      case 0x65:
        readFloat(reader, metric);
        break;
      case 0x69:
        readDouble(reader, metric);
        break;
      case 0x70:
        readBoolean(reader, metric);
        break;
      case 0x7a:
        readString(reader, metric);
        break;
      case 0x82:
        metric.kind = 'bytes';
        metric.object = reader.raw();
        break;
      case 0x8a:
        metric.kind = 'dataset';
        metric.object = readDataSet(reader);
        break;
      case 0x92:
        metric.kind = 'template';
        metric.object = readTemplate(reader, depth + 1);
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.end = outer;
  return metric;
}

function readInt(reader: ProtoReader, into: WireValue): void {
  reader.varint();
  into.kind = 'int';
  into.number = reader.low;
}
function readLong(reader: ProtoReader, into: WireValue): void {
  reader.varint();
  into.kind = 'long';
  into.number = reader.low;
  into.high = reader.high;
}
function readFloat(reader: ProtoReader, into: WireValue): void {
  into.kind = 'float';
  into.number = reader.float();
}
function readDouble(reader: ProtoReader, into: WireValue): void {
  into.kind = 'double';
  into.number = reader.double();
}
function readBoolean(reader: ProtoReader, into: WireValue): void {
  into.kind = 'boolean';
  into.number = reader.bool() ? 1 : 0;
}
function readString(reader: ProtoReader, into: WireValue): void {
  into.kind = 'string';
  into.object = reader.text();
}

/** Keys and values stand in two lists of equal length. */
function readProperties(reader: ProtoReader, depth: number): PropertySet {
  checkDepth(reader, depth);
  const keys: string[] = [];
  const values: TypedValue[] = [];
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) keys.push(reader.text());
    else if (tag === 0x12) values.push(readTyped(reader, depth, propertyFields));
    else reader.skip(tag);
  }
  reader.end = outer;
  if (keys.length !== values.length)
    throw new SparkplugError(`byte ${reader.at}: ${keys.length} property keys and ${values.length} values`);
  return new Map(keys.map((key, i) => [key, values[i]!]));
}

function readPropertyList(reader: ProtoReader, depth: number): PropertySet[] {
  checkDepth(reader, depth);
  const sets: PropertySet[] = [];
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) sets.push(readProperties(reader, depth + 1));
    else reader.skip(tag);
  }
  reader.end = outer;
  return sets;
}

/** The fields of a typed value: those of properties, parameters and elements differ only in their numbers. −1: it has none. */
interface TypedFields {
  readonly type: number;
  readonly isNull: number;
  /** The field of the int; long, float, double, boolean, string follow. */
  readonly first: number;
}
const propertyFields: TypedFields = { type: 1, isNull: 2, first: 3 };
const parameterFields: TypedFields = { type: 2, isNull: -1, first: 3 };
const elementFields: TypedFields = { type: -1, isNull: -1, first: 1 };

function readTyped(
  reader: ProtoReader,
  depth: number,
  fields: TypedFields,
  named?: (name: string) => void,
): TypedValue {
  const value = emptyValue();
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const field = tag >> 3;
    const type = tag & 7;
    const offset = field - fields.first;
    if (field === 1 && type === 2 && named !== undefined) named(reader.text());
    else if (field === fields.type && type === 0) value.datatype = reader.unsigned('a data type');
    else if (field === fields.isNull && type === 0) value.isNull = reader.bool();
    else if (offset === 0 && type === 0) readInt(reader, value);
    else if (offset === 1 && type === 0) readLong(reader, value);
    else if (offset === 2 && type === 5) readFloat(reader, value);
    else if (offset === 3 && type === 1) readDouble(reader, value);
    else if (offset === 4 && type === 0) readBoolean(reader, value);
    else if (offset === 5 && type === 2) readString(reader, value);
    else if (fields === propertyFields && field === 9 && type === 2) {
      value.kind = 'properties';
      value.object = readProperties(reader, depth + 1);
    } else if (fields === propertyFields && field === 10 && type === 2) {
      value.kind = 'property-list';
      value.object = readPropertyList(reader, depth + 1);
    } else reader.skip(tag);
  }
  reader.end = outer;
  return value;
}

function readDataSet(reader: ProtoReader): DataSet {
  const set: DataSet = { columns: [], types: [], rows: [] };
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === 0x12) set.columns.push(reader.text());
    else if (tag === 0x18) set.types.push(reader.unsigned('a data type'));
    else if (tag === 0x1a) {
      // The same list, packed into one block.
      const end = reader.block();
      while (reader.at < end) set.types.push(reader.unsigned('a data type'));
    } else if (tag === 0x22) set.rows.push(readRow(reader));
    else reader.skip(tag);
  }
  reader.end = outer;
  if (set.types.length !== set.columns.length || set.rows.some((row) => row.length !== set.columns.length))
    throw new SparkplugError(`byte ${reader.at}: a data set whose columns, types and rows differ in width`);
  return set;
}

function readRow(reader: ProtoReader): WireValue[] {
  const row: WireValue[] = [];
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) row.push(readTyped(reader, 0, elementFields));
    else reader.skip(tag);
  }
  reader.end = outer;
  return row;
}

function readTemplate(reader: ProtoReader, depth: number): Template {
  checkDepth(reader, depth);
  const template: Template = { version: null, reference: null, isDefinition: false, metrics: [], parameters: [] };
  const outer = reader.end;
  reader.end = reader.block();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) template.version = reader.text();
    else if (tag === 0x12) template.metrics.push(readMetric(reader, depth));
    else if (tag === 0x1a) {
      let name = '';
      const value = readTyped(reader, depth, parameterFields, (given) => {
        name = given;
      });
      template.parameters.push({ name, value });
    } else if (tag === 0x22) template.reference = reader.text();
    else if (tag === 0x28) template.isDefinition = reader.bool();
    else reader.skip(tag);
  }
  reader.end = outer;
  return template;
}

function checkDepth(reader: ProtoReader, depth: number): void {
  if (depth > maxDepth) throw new SparkplugError(`byte ${reader.at}: nested deeper than ${maxDepth} levels`);
}
