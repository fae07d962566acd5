import { ProtoWriter } from './proto-writer.ts';
import type { DataSet, Metric, Payload, PropertySet, Template, TypedValue, WireValue } from './sparkplug-payload.ts';

/** Payload → bytes: what `decodePayload` reads, and so does every Sparkplug client. */
export function encodePayload(payload: Payload): Buffer {
  const writer = new ProtoWriter();
  if (payload.timestamp >= 0) writer.varint(1, payload.timestamp);
  for (const metric of payload.metrics) writer.block(2, (inner) => writeMetric(inner, metric));
  if (payload.seq >= 0) writer.varint(3, payload.seq);
  return writer.done();
}

function writeMetric(writer: ProtoWriter, metric: Metric): void {
  if (metric.name !== null) writer.text(1, metric.name);
  if (metric.alias >= 0) writer.varint(2, metric.alias);
  if (metric.timestamp >= 0) writer.varint(3, metric.timestamp);
  if (metric.datatype > 0) writer.varint(4, metric.datatype);
  if (metric.historical) writer.varint(5, 1);
  if (metric.transient) writer.varint(6, 1);
  if (metric.isNull) writer.varint(7, 1);
  const { properties } = metric;
  if (properties !== null) writer.block(9, (inner) => writeProperties(inner, properties));
  writeValue(writer, metric, 10);
  if (metric.kind === 'bytes') writer.bytes(16, metric.object as Uint8Array);
  else if (metric.kind === 'dataset') writer.block(17, (inner) => writeDataSet(inner, metric.object as DataSet));
  else if (metric.kind === 'template') writer.block(18, (inner) => writeTemplate(inner, metric.object as Template));
}

/** int, long, float, double, boolean, string: the same fields in a row wherever a value stands. */
function writeValue(writer: ProtoWriter, { kind, number, high, object }: WireValue, first: number): void {
  if (kind === 'int') writer.long(first, number, 0);
  else if (kind === 'long') writer.long(first + 1, number, high);
  else if (kind === 'float') writer.float(first + 2, number);
  else if (kind === 'double') writer.double(first + 3, number);
  else if (kind === 'boolean') writer.varint(first + 4, number);
  else if (kind === 'string') writer.text(first + 5, object as string);
}

function writeProperties(writer: ProtoWriter, properties: PropertySet): void {
  for (const key of properties.keys()) writer.text(1, key);
  for (const value of properties.values()) writer.block(2, (inner) => writeProperty(inner, value));
}

function writeProperty(writer: ProtoWriter, value: TypedValue): void {
  if (value.datatype > 0) writer.varint(1, value.datatype);
  if (value.isNull) writer.varint(2, 1);
  writeValue(writer, value, 3);
  if (value.kind === 'properties') writer.block(9, (inner) => writeProperties(inner, value.object as PropertySet));
  else if (value.kind === 'property-list')
    writer.block(10, (inner) => {
      for (const set of value.object as PropertySet[]) inner.block(1, (one) => writeProperties(one, set));
    });
}

function writeDataSet(writer: ProtoWriter, { columns, types, rows }: DataSet): void {
  writer.varint(1, columns.length);
  for (const column of columns) writer.text(2, column);
  for (const type of types) writer.varint(3, type);
  for (const row of rows)
    writer.block(4, (inner) => {
      for (const value of row) inner.block(1, (element) => writeValue(element, value, 1));
    });
}

function writeTemplate(writer: ProtoWriter, template: Template): void {
  if (template.version !== null) writer.text(1, template.version);
  for (const metric of template.metrics) writer.block(2, (inner) => writeMetric(inner, metric));
  for (const { name, value } of template.parameters)
    writer.block(3, (inner) => {
      inner.text(1, name);
      if (value.datatype > 0) inner.varint(2, value.datatype);
      writeValue(inner, value, 3);
    });
  if (template.reference !== null) writer.text(4, template.reference);
  if (template.isDefinition) writer.varint(5, 1);
}
