/** UCUM code → UNECE recommendation 20 code and the symbol that OPC UA clients show. */
const units: Record<string, [code: string, symbol: string]> = {
  '1': ['C62', ''],
  '%': ['P1', '%'],
  '/min': ['RPM', 'r/min'],
  A: ['AMP', 'A'],
  Cel: ['CEL', '°C'],
  Hz: ['HTZ', 'Hz'],
  'L/min': ['L2', 'l/min'],
  V: ['VLT', 'V'],
  bar: ['BAR', 'bar'],
  deg: ['DD', '°'],
  h: ['HUR', 'h'],
  kN: ['B47', 'kN'],
  kW: ['KWT', 'kW'],
  'kW.h': ['KWH', 'kW·h'],
  'kV.A': ['KVA', 'kV·A'],
  'kV.A{reactive}': ['KVR', 'kvar'],
  'kV.A.h{reactive}': ['K3', 'kvar·h'],
  kg: ['KGM', 'kg'],
  km: ['KMT', 'km'],
  m: ['MTR', 'm'],
  'm/s': ['MTS', 'm/s'],
  m3: ['MTQ', 'm³'],
  'm3/h': ['MQH', 'm³/h'],
  mV: ['2Z', 'mV'],
  mbar: ['MBR', 'mbar'],
  mm: ['MMT', 'mm'],
  'mm/min': ['H81', 'mm/min'],
  'mm/s': ['C16', 'mm/s'],
  s: ['SEC', 's'],
};

/**
 * EngineeringUnits of a UCUM code as OPC UA part 8 has it: the UNECE code's characters are the bytes of `unitId`.
 * @throws RangeError for a unit that is not in the table: the catalogue must not promise what the server cannot say.
 */
export function engineeringUnits(ucum: string) {
  const unit = units[ucum];
  if (!unit) throw new RangeError(`no UNECE code for the unit ${ucum}`);
  const [code, symbol] = unit;
  return {
    namespaceUri: 'http://www.opcfoundation.org/UA/units/un/cefact',
    unitId: [...code].reduce((id, character) => id * 256 + character.charCodeAt(0), 0),
    displayName: { text: symbol },
    description: { text: ucum },
  };
}
