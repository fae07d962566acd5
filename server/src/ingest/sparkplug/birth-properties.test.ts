import { property, thing } from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bornProperty, isPoint, modelKeyOf, thingKeyOf } from './birth-properties.ts';
import { dataTypes } from './data-types.ts';
import { decodePayload } from './decode-payload.ts';
import { emptyMetric, type Metric } from './sparkplug-payload.ts';
import { encodeIndependently } from './sparkplug-schema.test-support.ts';

const metric = (name: string | null, change: Partial<Metric> = {}): Metric => ({
  ...emptyMetric(),
  name,
  datatype: dataTypes.Double,
  ...change,
});
const born = (name: string, taken: string[] = []) => bornProperty(metric(name), new Set(taken)).key;

describe('the property of a born metric', () => {
  test.each([
    ['Motor 1/Speed', 'Motor_1.Speed'],
    ['Speed (rpm)', 'Speed_rpm'],
    ['temperature', 'temperature'],
    ['4-20 mA', 'm_4_20_mA'],
  ])('%s has the key %s', (name, key) => {
    expect(born(name)).toBe(key);
  });

  test('keeps its key apart from the others: the same letters, no letters at all', () => {
    expect(born('A b', ['A_b'])).toMatch(/^A_b_[0-9a-f]{6}$/);
    expect(born('温度')).toMatch(/^m_[0-9a-f]{6}$/);
    expect(born('温度')).not.toBe(born('压力'));
  });

  test('is a property that a model takes, whatever the metric is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }), (name) => {
        const made = bornProperty(metric(name), new Set());
        expect(property.safeParse(made)).toMatchObject({ success: true });
        expect(made).toMatchObject({ source: name, type: 'number' });
      }),
    );
  });

  test('has the unit and the range that its properties say', () => {
    const properties = {
      keys: ['engUnit', 'engLow', 'engHigh'],
      values: [
        { type: dataTypes.String, string_value: 'degC' },
        { type: dataTypes.Double, double_value: -10 },
        { type: dataTypes.Double, double_value: 120 },
      ],
    };
    const payload = { metrics: [{ name: 't', datatype: dataTypes.Double, double_value: 1, properties }] };
    const [given] = decodePayload(encodeIndependently(payload)).metrics;
    expect(bornProperty(given!, new Set())).toMatchObject({ unit: 'Cel', range: [-10, 120] });
  });
});

test('controls, definitions, transients and unknown types become no points', () => {
  const definition = { version: null, reference: null, isDefinition: true, metrics: [], parameters: [] };
  expect(isPoint(metric('Speed'))).toBe(true);
  for (const other of [
    metric('bdSeq'),
    metric('Node Control/Rebirth'),
    metric('Device Control/Reset'),
    metric(null),
    metric(''),
    metric('x'.repeat(301)),
    metric('Speed', { datatype: 0 }),
    metric('Speed', { transient: true }),
    metric('_types_/Motor', { datatype: dataTypes.Template, kind: 'template', object: definition }),
  ])
    expect(isPoint(other), other.name ?? 'no name').toBe(false);
});

test('a discovered thing has a key that things may have, and another one for another place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { minLength: 2, maxLength: 3 }),
      (names) => {
        expect(thing.shape.key.safeParse(thingKeyOf(names.join('/'), names))).toMatchObject({ success: true });
      },
    ),
  );
  expect(thingKeyOf('spBv1.0/Plant 1/Line 2', ['Plant 1', 'Line 2'])).toMatch(/^Plant-1\.Line-2\.[0-9a-f]{6}$/);
  expect(thingKeyOf('a', ['工厂', '线'])).not.toBe(thingKeyOf('b', ['工厂', '线']));
  expect(modelKeyOf('a')).toMatch(/^sparkplug-[0-9a-f]{16}$/);
});
