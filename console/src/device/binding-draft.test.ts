import { expect, test } from 'vitest';
import type { ListedPoint } from '../api/api-types.ts';
import { sheetRows } from '../design/sheet.ts';
import { bindingOf, bindingsOfSheet, emptyBinding, isFilled } from './binding-draft.ts';

const point = (series: number, key: string, device: string | null = null): ListedPoint =>
  ({
    series,
    key,
    device,
    thing: 'thing:0000000000000001',
    type: 'number',
    name: { zh: key, en: key },
    unit: null,
    range: null,
    decimals: null,
    maxIntervalMs: null,
    thingName: 'One',
  }) as unknown as ListedPoint;
const points = new Map([['CNC-01', [point(1, 'speed'), point(2, 'load'), point(3, 'held', 'device:x')]]]);

test('a sheet with titles becomes bindings; what is left out keeps its default', () => {
  const { bindings, errors } = bindingsOfSheet(
    sheetRows('thing\tproperty\taddress\tscale\nCNC-01\tspeed\tholding 10 int16\t0.1\nCNC-01\tload\tinput 2'),
    'modbus-tcp',
    points,
  );
  expect(errors).toEqual([]);
  expect(bindings.map(({ property, scale, maxIntervalMs }) => ({ property, scale, maxIntervalMs }))).toEqual([
    { property: 'speed', scale: 0.1, maxIntervalMs: 60_000 },
    { property: 'load', scale: 1, maxIntervalMs: 60_000 },
  ]);
});

test('every wrong row is told with its line', () => {
  const { bindings, errors } = bindingsOfSheet(
    sheetRows(
      [
        'CNC-01\tspeed\tholding 10',
        'CNC-99\tspeed\tholding 11',
        'CNC-01\tnothing\tholding 12',
        'CNC-01\theld\tholding 13',
        'CNC-01\tspeed\tholding 14',
        'CNC-01\tload\tholding 15\tx',
        '\tload\tholding 16',
        'CNC-01\tload\tholding 17\t1\t0\t-1',
      ].join('\n'),
    ),
    'modbus-tcp',
    points,
  );
  expect(bindings).toHaveLength(1);
  expect(errors.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
});

test('a row without an address stays unbound; one with an address is sent in full', () => {
  const draft = emptyBinding('number');
  expect(isFilled(draft, 'modbus-tcp')).toBe(false);
  const found = bindingOf(
    { ...draft, address: 7, encoding: 'float32', wordOrder: 'little' },
    'modbus-tcp',
    point(1, 'speed'),
  );
  expect('ok' in found && found.ok.address).toEqual({
    protocol: 'modbus-tcp',
    area: 'holding',
    address: 7,
    encoding: 'float32',
    wordOrder: 'little',
  });
});
