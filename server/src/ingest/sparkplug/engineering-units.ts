import { type Unit, units } from '@luban/contracts';

/** How engineers write units on machines, beside the codes and symbols of the platform's own list. */
const spellings: Record<string, Unit> = {
  '℃': 'Cel',
  degC: 'Cel',
  'deg C': 'Cel',
  C: 'Cel',
  Celsius: 'Cel',
  '℉': '[degF]',
  degF: '[degF]',
  'deg F': '[degF]',
  percent: '%',
  pct: '%',
  ppm: '[ppm]',
  rpm: '/min',
  RPM: '/min',
  '1/min': '/min',
  ohm: 'Ohm',
  kvar: 'kV.A{reactive}',
  VA: 'V.A',
  kVA: 'kV.A',
  Wh: 'W.h',
  kWh: 'kW.h',
  MWh: 'MW.h',
  sec: 's',
  hr: 'h',
  l: 'L',
  'l/min': 'L/min',
  lpm: 'L/min',
  'm3/hr': 'm3/h',
  Nm: 'N.m',
  pH: '[pH]',
};

const bySymbol = new Map<string, Unit>(
  Object.entries(units)
    .filter(([, { symbol }]) => symbol !== '')
    .map(([code, { symbol }]) => [symbol, code as Unit]),
);

/** The unit that a machine's word means; null for one that is not known. Letters keep their case: mW is not MW. */
export function unitOf(word: string): Unit | null {
  const text = word.trim();
  if (Object.hasOwn(units, text)) return text as Unit;
  return bySymbol.get(text) ?? (Object.hasOwn(spellings, text) ? spellings[text]! : null);
}
