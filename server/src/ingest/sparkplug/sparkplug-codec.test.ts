import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataTypes } from './data-types.ts';
import { decodePayload } from './decode-payload.ts';
import { encodePayload } from './encode-payload.ts';
import { SparkplugError } from './proto-reader.ts';
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
import { decodeIndependently, encodeIndependently } from './sparkplug-schema.test-support.ts';

const half = fc.integer({ min: 0, max: 0xffff_ffff });
const whole = fc.nat(Number.MAX_SAFE_INTEGER);
const text = fc.string({ unit: 'binary', maxLength: 20 });
const type = fc.constantFrom(...Object.values(dataTypes));
const wire = (change: Partial<WireValue>): WireValue => ({ kind: 'none', number: 0, high: 0, object: null, ...change });
const plain: fc.Arbitrary<WireValue> = fc.oneof(
  half.map((number) => wire({ kind: 'int', number })),
  fc.tuple(half, half).map(([number, high]) => wire({ kind: 'long', number, high })),
  fc.float().map((number) => wire({ kind: 'float', number })),
  fc.double().map((number) => wire({ kind: 'double', number })),
  fc.boolean().map((on) => wire({ kind: 'boolean', number: on ? 1 : 0 })),
  text.map((object) => wire({ kind: 'string', object })),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((given) => wire({ kind: 'bytes', object: Buffer.from(given) }));

const dataSet: fc.Arbitrary<DataSet> = fc.nat(3).chain((width) =>
  fc.record({
    columns: fc.array(text, { minLength: width, maxLength: width }),
    types: fc.array(type, { minLength: width, maxLength: width }),
    rows: fc.array(
      fc.array(
        plain.map((value) => ({ ...emptyValue(), ...value })),
        { minLength: width, maxLength: width },
      ),
      { maxLength: 3 },
    ),
  }),
);
const typed = (value: fc.Arbitrary<WireValue>): fc.Arbitrary<TypedValue> =>
  fc
    .tuple(value, type, fc.boolean())
    .map(([given, datatype, isNull]) =>
      isNull ? { ...emptyValue(), datatype, isNull } : { ...emptyValue(), ...given, datatype },
    );
const setOf = (value: fc.Arbitrary<TypedValue>): fc.Arbitrary<PropertySet> =>
  fc.array(fc.tuple(text, value), { maxLength: 4 }).map((entries) => new Map(entries));
const inner = setOf(typed(plain));
const properties = setOf(
  typed(
    fc.oneof(
      { weight: 4, arbitrary: plain },
      inner.map((object) => wire({ kind: 'properties', object })),
      fc.array(inner, { maxLength: 2 }).map((object) => wire({ kind: 'property-list', object })),
    ),
  ),
);
const metricOf = (value: fc.Arbitrary<WireValue>): fc.Arbitrary<Metric> =>
  fc
    .record({
      name: fc.option(text),
      alias: fc.oneof(whole, fc.constant(-1)),
      timestamp: fc.oneof(whole, fc.constant(-1)),
      datatype: fc.oneof(type, fc.constant(0)),
      historical: fc.boolean(),
      transient: fc.boolean(),
      isNull: fc.boolean(),
      properties: fc.option(properties),
      value,
    })
    .map(({ value: given, ...rest }) => ({ ...emptyMetric(), ...(rest.isNull ? {} : given), ...rest }));
const template: fc.Arbitrary<WireValue> = fc
  .record<Template>({
    version: fc.option(text),
    reference: fc.option(text),
    isDefinition: fc.boolean(),
    metrics: fc.array(metricOf(plain), { maxLength: 2 }),
    parameters: fc.array(fc.record({ name: text, value: typed(plain).map((value) => ({ ...value, isNull: false })) }), {
      maxLength: 2,
    }),
  })
  .map((object) => wire({ kind: 'template', object }));
const anything = fc.oneof(
  plain,
  bytes,
  dataSet.map((object) => wire({ kind: 'dataset', object })),
  template,
);
const payload: fc.Arbitrary<Payload> = fc.record({
  timestamp: fc.oneof(whole, fc.constant(-1)),
  seq: fc.oneof(fc.nat(255), fc.constant(-1)),
  metrics: fc.array(metricOf(anything), { maxLength: 8 }),
});

/** A payload in the words of the schema, as protobufjs shows it. */
const shown = ({ timestamp, seq, metrics }: Payload) => ({
  ...(timestamp >= 0 && { timestamp: String(timestamp) }),
  ...(metrics.length > 0 && { metrics: metrics.map(shownMetric) }),
  ...(seq >= 0 && { seq: String(seq) }),
});
function shownMetric(metric: Metric): Record<string, unknown> {
  return {
    ...(metric.name !== null && { name: metric.name }),
    ...(metric.alias >= 0 && { alias: String(metric.alias) }),
    ...(metric.timestamp >= 0 && { timestamp: String(metric.timestamp) }),
    ...(metric.datatype > 0 && { datatype: metric.datatype }),
    ...(metric.historical && { is_historical: true }),
    ...(metric.transient && { is_transient: true }),
    ...(metric.isNull && { is_null: true }),
    ...(metric.properties !== null && { properties: shownSet(metric.properties) }),
    ...shownValue(metric),
  };
}
function shownSet(set: PropertySet): Record<string, unknown> {
  if (set.size === 0) return {};
  const values = [...set.values()].map((value) => ({
    ...(value.datatype > 0 && { type: value.datatype }),
    ...(value.isNull && { is_null: true }),
    ...shownValue(value),
  }));
  return { keys: [...set.keys()], values };
}
function shownValue({ kind, number, high, object }: WireValue): Record<string, unknown> {
  switch (kind) {
    case 'none':
      return {};
    case 'int':
      return { int_value: number };
    case 'long':
      return { long_value: String((BigInt(high) << 32n) | BigInt(number)) };
    case 'float':
      return { float_value: number };
    case 'double':
      return { double_value: number };
    case 'boolean':
      return { boolean_value: number === 1 };
    case 'string':
      return { string_value: object };
    case 'bytes':
      return { bytes_value: Buffer.from(object as Uint8Array).toString('base64') };
    case 'dataset':
      return { dataset_value: shownDataSet(object as DataSet) };
    case 'template':
      return { template_value: shownTemplate(object as Template) };
    case 'properties':
      return { propertyset_value: shownSet(object as PropertySet) };
    case 'property-list': {
      const sets = (object as PropertySet[]).map(shownSet);
      return { propertysets_value: sets.length > 0 ? { propertyset: sets } : {} };
    }
  }
}
function shownDataSet({ columns, types, rows }: DataSet): Record<string, unknown> {
  return {
    num_of_columns: String(columns.length),
    ...(columns.length > 0 && { columns, types }),
    ...(rows.length > 0 && { rows: rows.map((row) => (row.length > 0 ? { elements: row.map(shownValue) } : {})) }),
  };
}
function shownTemplate({ version, reference, isDefinition, metrics, parameters }: Template): Record<string, unknown> {
  return {
    ...(version !== null && { version }),
    ...(metrics.length > 0 && { metrics: metrics.map(shownMetric) }),
    ...(parameters.length > 0 && {
      parameters: parameters.map(({ name, value }) => ({
        name,
        ...(value.datatype > 0 && { type: value.datatype }),
        ...shownValue(value),
      })),
    }),
    ...(reference !== null && { template_ref: reference }),
    ...(isDefinition && { is_definition: true }),
  };
}

describe('a compressed payload', () => {
  const inner = { timestamp: '1700000000000', seq: '7', metrics: [{ name: 'Speed', datatype: 10, double_value: 3.5 }] };
  const plain = encodeIndependently(inner);
  const wrapped = (body: Uint8Array, algorithm?: string, more: object = {}) =>
    encodeIndependently({
      uuid: 'SPBV1.0_COMPRESSED',
      body: Buffer.from(body).toString('base64'),
      metrics: algorithm === undefined ? [] : [{ name: 'algorithm', datatype: 12, string_value: algorithm }],
      ...more,
    });

  test('is read as what it holds, by GZIP, by DEFLATE, and by DEFLATE where it does not say', () => {
    for (const bytes of [
      wrapped(gzipSync(plain), 'GZIP'),
      wrapped(deflateSync(plain), 'DEFLATE'),
      wrapped(deflateSync(plain)),
    ])
      expect(decodePayload(bytes)).toEqual(decodePayload(plain));
  });
  test('has its sequence number where the library put it: inside or outside', () => {
    const bare = encodeIndependently({ timestamp: inner.timestamp, metrics: inner.metrics });
    expect(decodePayload(wrapped(deflateSync(bare), 'DEFLATE', { seq: '9' })).seq).toBe(9);
    expect(decodePayload(wrapped(deflateSync(plain), 'DEFLATE', { seq: '9' })).seq).toBe(7);
  });
  test('that is damaged, unknown or would fill the memory is refused', () => {
    expect(() => decodePayload(wrapped(Buffer.from('nonsense'), 'GZIP'))).toThrow(SparkplugError);
    expect(() => decodePayload(wrapped(plain, 'LZ4'))).toThrow('LZ4');
    expect(() => decodePayload(wrapped(gzipSync(Buffer.alloc(64 << 20)), 'GZIP'))).toThrow(SparkplugError);
  });
});

describe('the Sparkplug codec', () => {
  test('writes what an independent codec reads as the same', () => {
    fc.assert(
      fc.property(payload, (given) => {
        expect(decodeIndependently(encodePayload(given))).toEqual(shown(given));
      }),
      { numRuns: 500 },
    );
  });

  test('reads what an independent codec writes as the same', () => {
    fc.assert(
      fc.property(payload, (given) => {
        expect(decodePayload(encodeIndependently(shown(given)))).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  test('reads a list of types in either of its forms, and passes over what it does not know', () => {
    const set = { num_of_columns: 2, columns: ['a', 'b'], types: [3, 12], rows: [] };
    const metadata = { content_type: 'x', size: 5 };
    const bytes = encodeIndependently({
      uuid: 'id',
      body: 'AQID',
      metrics: [{ name: 'n', metadata, dataset_value: set }],
    });
    // proto2 writes the types one by one; packed they are one field of two bytes.
    const packed = Buffer.from(bytes.toString('hex').replace('1803180c', '1a02030c'), 'hex');
    expect(packed).not.toEqual(bytes);
    for (const form of [bytes, packed])
      expect(decodePayload(form).metrics[0]?.object).toEqual({ columns: ['a', 'b'], types: [3, 12], rows: [] });
  });

  test.each([
    ['a text that is not UTF-8', [0x12, 4, 0x0a, 2, 0xc3, 0x28], 'not UTF-8'],
    ['a block longer than the payload', [0x12, 200, 1, 1], '200 bytes are said'],
    ['a number without end', [0x08, ...Array(11).fill(0xff)], 'more than ten bytes'],
    ['a number cut off', [0x08, 0x80], 'ends inside a number'],
    ['a time beyond what numbers hold', [0x08, ...Array(9).fill(0xff), 1], 'beyond 2^53'],
    ['an unknown wire type', [0x0f], 'wire type 7'],
    ['a float cut off', [0x12, 2, 0x65, 1], 'ends inside a float'],
    ['property keys without values', [0x12, 5, 0x4a, 3, 0x0a, 1, 0x61], '1 property keys and 0 values'],
  ])('refuses %s and says where', (_, bytes, words) => {
    expect(() => decodePayload(Buffer.from(bytes))).toThrow(words);
  });

  test('refuses templates that hold each other without end', () => {
    let metric: Metric = { ...emptyMetric(), name: 'x' };
    const around = (inner: Metric): Template => ({
      version: null,
      reference: null,
      isDefinition: false,
      metrics: [inner],
      parameters: [],
    });
    for (let i = 0; i < 100; i++) metric = { ...emptyMetric(), kind: 'template', object: around(metric) };
    const bytes = encodePayload({ timestamp: 1, seq: 0, metrics: [metric] });
    expect(() => decodePayload(bytes)).toThrow('nested deeper');
  });

  test('answers or refuses 10,000 mutated payloads, and never anything else', () => {
    let refused = 0;
    const samples = fc.sample(payload, { numRuns: 200, seed: 7 }).map((given) => encodePayload(given));
    const mutation = fc.tuple(fc.nat(), fc.nat(255), fc.nat(3));
    fc.assert(
      fc.property(fc.nat(samples.length - 1), fc.array(mutation, { minLength: 1, maxLength: 6 }), (which, changes) => {
        const bytes = mutate(samples[which]!, changes);
        try {
          decodePayload(bytes);
        } catch (error) {
          if (!(error instanceof SparkplugError)) throw error;
          refused++;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});

/** Changes bytes, inserts, removes and cuts off. */
function mutate(bytes: Buffer, changes: readonly [number, number, number][]): Buffer {
  let made = Buffer.from(bytes);
  for (const [where, byte, how] of changes) {
    const at = made.length === 0 ? 0 : where % made.length;
    if (how === 0 && made.length > 0) made[at] = byte;
    else if (how === 1) made = Buffer.concat([made.subarray(0, at), Buffer.from([byte]), made.subarray(at)]);
    else if (how === 2) made = Buffer.concat([made.subarray(0, at), made.subarray(at + 1)]);
    else made = made.subarray(0, at);
  }
  return made;
}
