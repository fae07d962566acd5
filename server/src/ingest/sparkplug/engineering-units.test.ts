import { expect, test } from 'vitest';
import { unitOf } from './engineering-units.ts';

test.each([
  ['degC', 'Cel'],
  ['°C', 'Cel'],
  ['Cel', 'Cel'],
  ['rpm', '/min'],
  ['kWh', 'kW.h'],
  ['m³/h', 'm3/h'],
  [' bar ', 'bar'],
  ['MW', 'MW'],
  ['mW', null],
  ['furlongs', null],
  ['', null],
  ['__proto__', null],
])('%j on a machine is the unit %j', (word, unit) => {
  expect(unitOf(word)).toBe(unit);
});
