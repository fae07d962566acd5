import { expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import { registerCount } from './servers/register-codec.ts';
import { engineeringUnits } from './servers/unece-units.ts';

const points = catalogue.flatMap((machine) => machine.points.map((point) => ({ machine, point })));

test('there are at least 14 machines and 320 points, half of the machines on each protocol', () => {
  expect(catalogue.length).toBeGreaterThanOrEqual(14);
  expect(points.length).toBeGreaterThanOrEqual(320);
  const modbus = catalogue.filter(({ protocol }) => protocol === 'modbus').length;
  expect(modbus).toBe(catalogue.length / 2);
});

test('machines, units, points and nodes have one name each', () => {
  const once = (names: unknown[]) => expect(new Set(names).size).toBe(names.length);
  once(catalogue.map(({ id }) => id));
  once(catalogue.flatMap(({ unitId }) => unitId ?? []));
  once(points.map(({ machine, point }) => `${machine.id}/${point.id}`));
  once(points.flatMap(({ point }) => point.opcua?.nodeId ?? []));
});

test('every point has exactly the address of its machine’s protocol, and names in Chinese and English', () => {
  for (const { machine, point } of points) {
    expect(Object.keys(point).filter((key) => key === 'modbus' || key === 'opcua')).toEqual([machine.protocol]);
    expect(point.name.zh, point.id).toMatch(/[\u4e00-\u9fff\dA-Z]/);
    expect(point.name.en, point.id).toMatch(/^[\w .,()%/-]+$/);
  }
});

test('every unit has a UNECE code', () => {
  for (const { point } of points)
    if (point.unit !== null) expect(engineeringUnits(point.unit).unitId).toBeGreaterThan(0);
});

test('no two points of a unit share a register', () => {
  for (const { id, points } of catalogue) {
    const taken = points.flatMap(({ modbus }) => {
      if (!modbus) return [];
      const words = 'encoding' in modbus ? registerCount(modbus) : 1;
      return Array.from({ length: words }, (_, word) => `${id} ${modbus.area} ${modbus.address + word}`);
    });
    expect(new Set(taken).size).toBe(taken.length);
  }
});

test('all areas, encodings and both word orders are to be found', () => {
  const places = points.flatMap(({ point }) => point.modbus ?? []);
  expect(new Set(places.map(({ area }) => area))).toEqual(new Set(['holding', 'input', 'coil', 'discrete']));
  const words = places.flatMap((place) => ('encoding' in place ? [place] : []));
  expect(new Set(words.map(({ encoding }) => encoding))).toEqual(
    new Set(['int16', 'uint16', 'int32', 'uint32', 'float32']),
  );
  const floats = words.filter(({ encoding }) => encoding === 'float32');
  expect(new Set(floats.map(({ wordOrder = 'big' }) => wordOrder))).toEqual(new Set(['big', 'little']));
});
