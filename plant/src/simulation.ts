import { type Load, type RunningMachine, type Site, STEP_S } from './machine-kind.ts';
import { createRandom } from './random.ts';
import { roster } from './roster.ts';

/** Hour of the simulated day at step 0: the shift has begun. */
const START_HOUR = 8;
const BREAKS: readonly [number, number][] = [
  [2.5, 3.17],
  [12, 12.67],
  [19, 19.5],
];

export interface Simulation {
  /** Steps of 100 ms simulated time done so far. */
  readonly steps: number;
  readonly machines: ReadonlyMap<string, RunningMachine>;
  /** One step of 100 ms simulated time. The same seed gives the same values at the same step. */
  step(): void;
}

export function createSimulation({ seed }: { seed: number }): Simulation {
  const random = createRandom(seed, 'site');
  const site: Site = {
    timeS: 0,
    hour: START_HOUR,
    onBreak: false,
    ambientC: 22,
    gridVoltageV: 231,
    gridFrequencyHz: 50,
    airPressureBar: 7.4,
    airDemandM3h: 150,
    chilledWaterC: 15,
    coolingDemandKw: 20,
  };
  const machines = new Map<string, RunningMachine>();
  const fedBy = new Map<string, Readonly<Load>[]>(roster.map(({ id }) => [id, []]));
  for (const { id, kind, meter } of roster) {
    const machine = kind.create({ id, random: createRandom(seed, id), fed: fedBy.get(id) ?? [], site });
    machines.set(id, machine);
    if (meter !== undefined) fedBy.get(meter)?.push(machine.load);
  }
  const inOrder = [...machines.values()];
  let steps = 0;

  function weather(): void {
    site.timeS = steps * STEP_S;
    site.hour = (START_HOUR + site.timeS / 3600) % 24;
    site.onBreak = BREAKS.some(([from, to]) => site.hour >= from && site.hour < to);
    // Warmest at 15:00.
    site.ambientC = 22 + 4 * Math.cos(((site.hour - 15) / 24) * 2 * Math.PI);
    const pull = (value: number, home: number) => value + (home - value) * 0.002;
    site.gridVoltageV = pull(site.gridVoltageV, 231) + random.noise(0.12);
    site.gridFrequencyHz = pull(site.gridFrequencyHz, 50) + random.noise(0.0008);
  }

  return {
    get steps() {
      return steps;
    },
    machines,
    step() {
      steps += 1;
      weather();
      for (const machine of inOrder) machine.step(site);
      let airDemandM3h = 0;
      let coolingDemandKw = 0;
      for (const { load } of inOrder) {
        airDemandM3h += load.airM3h;
        coolingDemandKw += load.coolingKw;
      }
      site.airDemandM3h = airDemandM3h;
      site.coolingDemandKw = coolingDemandKw;
    },
  };
}
