import { beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import type { Value } from './machine-description.ts';
import { createSimulation, type Simulation } from './simulation.ts';

const STEPS_A_DAY = 24 * 3600 * 10;
/** 15.1 s: a prime number of steps, so that the samples do not fall into step with any cycle. */
const EVERY = 151;

function snapshot(simulation: Simulation): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const { id, points } of catalogue) {
    for (const point of points) {
      values[`${id}/${point.id}`] = simulation.machines.get(id)?.read(point.id) ?? 'missing';
    }
  }
  return values;
}

function advance(simulation: Simulation, steps: number): Simulation {
  for (let i = 0; i < steps; i += 1) simulation.step();
  return simulation;
}

describe('repeatability', () => {
  test('the same seed gives the same values at the same step', () => {
    const first = snapshot(advance(createSimulation({ seed: 7 }), 20_000));
    expect(snapshot(advance(createSimulation({ seed: 7 }), 20_000))).toEqual(first);
  });

  test('another seed gives other values', () => {
    const first = snapshot(advance(createSimulation({ seed: 7 }), 100));
    const second = snapshot(advance(createSimulation({ seed: 8 }), 100));
    const same = Object.keys(first).filter((key) => typeof first[key] === 'number' && first[key] === second[key]);
    expect(same.length).toBeLessThan(Object.keys(first).length / 2);
  });
});

describe('a simulated day', () => {
  const outside = new Set<string>();
  const wrongType = new Set<string>();
  const fallen = new Set<string>();
  const seen = new Map<string, Set<Value>>();
  let worstMeterError = 0;
  let lowestPressure = Number.POSITIVE_INFINITY;
  let highestPressure = 0;
  let first: Record<string, Value> = {};
  let last: Record<string, Value> = {};

  beforeAll(() => {
    const simulation = createSimulation({ seed: 42 });
    const counters = new Map<string, number>();
    const points = catalogue.flatMap(({ id, points }) =>
      points.map((point) => ({ id, key: `${id}/${point.id}`, point })),
    );
    const watched = points.filter(({ point }) => point.type !== 'number' || point.codes);
    for (const { key } of watched) seen.set(key, new Set());
    simulation.step();
    first = snapshot(simulation);
    for (let done = 0; done < STEPS_A_DAY; done += EVERY) {
      advance(simulation, EVERY);
      for (const { id, key, point } of points) {
        const value = simulation.machines.get(id)?.read(point.id) ?? 'missing';
        if (typeof value !== point.type) wrongType.add(key);
        seen.get(key)?.add(value);
        if (typeof value !== 'number') continue;
        const [low, high] = point.range ?? [0, Number.MAX_VALUE];
        if (!(value >= low && value <= high)) outside.add(`${key} = ${value}`);
        if (point.counter && value < (counters.get(key) ?? 0)) fallen.add(key);
        if (point.counter) counters.set(key, value);
      }
      for (const meter of ['MTR-01', 'MTR-02', 'MTR-03']) {
        const fed = catalogue.filter((machine) => machine.meter === meter);
        const sum = fed.reduce((kw, { id }) => kw + (simulation.machines.get(id)?.load.powerKw ?? 0), 0);
        const shown = Number(simulation.machines.get(meter)?.read('power.total'));
        worstMeterError = Math.max(worstMeterError, Math.abs(shown - sum) / sum);
      }
      const pressure = Number(simulation.machines.get('COMP-01')?.read('pressure.network'));
      lowestPressure = Math.min(lowestPressure, pressure);
      highestPressure = Math.max(highestPressure, pressure);
    }
    last = snapshot(simulation);
  }, 120_000);

  const grown = (key: string) => Number(last[key]) - Number(first[key]);

  test('every value has the type and keeps to the range that the catalogue promises', () => {
    expect([...wrongType]).toEqual([]);
    expect([...outside]).toEqual([]);
  });

  test('counters never fall', () => {
    expect([...fallen]).toEqual([]);
  });

  test('a meter shows the sum of the machines that it feeds, within its class of 0.5 %', () => {
    expect(worstMeterError).toBeLessThan(0.005);
  });

  test('the energy of a meter agrees with the energy of its machines over the day', () => {
    const machines = ['CNC-01', 'CNC-02', 'CNC-03', 'CNC-04', 'CNC-05', 'CNC-06'];
    const sum = machines.reduce((kwh, id) => kwh + grown(`${id}/energy`), 0);
    expect(sum).toBeGreaterThan(500);
    expect(grown('MTR-01/energy.import') / sum).toBeCloseTo(1, 2);
  });

  test('the compressor loads and unloads around its set points, and the network falls when it trips', () => {
    expect(seen.get('COMP-01/state')).toEqual(new Set([1, 2, 3]));
    expect(highestPressure).toBeGreaterThan(7.7);
    expect(highestPressure).toBeLessThan(8.2);
    expect(lowestPressure).toBeLessThan(6.9);
  });

  test('every machine makes something', () => {
    for (const id of [1, 2, 3, 4, 5, 6].map((n) => `CNC-0${n}`)) {
      expect(grown(`${id}/parts.count`), id).toBeGreaterThan(80);
      expect(grown(`${id}/parts.count`), id).toBeLessThan(600);
    }
    expect(grown('FUR-01/batch.number')).toBeGreaterThan(6);
    expect(grown('WSH-01/baskets.count')).toBeGreaterThan(100);
    expect(grown('PRS-01/parts.good')).toBeGreaterThan(2000);
    expect(grown('ROB-01/cycle.count')).toBeGreaterThan(1000);
    expect(grown('AGV-01/mission.count')).toBeGreaterThan(500);
  });

  test('faults come and clear', () => {
    const alarms = [1, 2, 3, 4, 5, 6].flatMap((n) => [...(seen.get(`CNC-0${n}/alarm.code`) ?? [])]);
    expect(new Set(alarms)).toEqual(new Set([0, 1012, 2041, 3005]));
    expect(seen.get('WSH-01/filter.blocked')).toEqual(new Set([true, false]));
    expect(seen.get('PRS-01/curtain.broken')).toEqual(new Set([true, false]));
    expect(seen.get('ROB-01/collision')).toEqual(new Set([true, false]));
    expect(seen.get('AGV-01/charging')).toEqual(new Set([true, false]));
  });

  test('the furnace runs through all phases of its batches', () => {
    expect(seen.get('FUR-01/batch.phase')).toEqual(new Set(['charging', 'heating', 'soaking', 'quenching']));
  });
});
