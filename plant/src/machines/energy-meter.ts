import { defineKind, discrete, holding, input, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

type Phases = [number, number, number];

interface State extends Load {
  share: Phases;
  voltage: Phases;
  current: Phases;
  power: Phases;
  totalKw: number;
  reactiveKvar: number;
  apparentKva: number;
  factor: number;
  frequency: number;
  thd: number;
  demandKw: number;
  maxDemandKw: number;
  importKwh: number;
  reactiveKvarh: number;
  currentRatio: number;
}

const { number, flag } = pointsOf<State>();
const counters = { scale: 0.1, wordOrder: 'little' as const };
const PHASES = [0, 1, 2] as const;

const points = [
  ...PHASES.map((i) =>
    number(
      `voltage.l${i + 1}`,
      `L${i + 1} 相电压`,
      `Voltage L${i + 1}`,
      'V',
      [0, 300],
      (s) => s.voltage[i],
      input(2 * i, 'float32'),
    ),
  ),
  ...PHASES.map((i) =>
    number(
      `current.l${i + 1}`,
      `L${i + 1} 相电流`,
      `Current L${i + 1}`,
      'A',
      [0, 800],
      (s) => s.current[i],
      input(6 + 2 * i, 'float32'),
    ),
  ),
  ...PHASES.map((i) =>
    number(
      `power.l${i + 1}`,
      `L${i + 1} 相有功功率`,
      `Active power L${i + 1}`,
      'kW',
      [-10, 180],
      (s) => s.power[i],
      input(12 + 2 * i, 'float32'),
    ),
  ),
  number('power.total', '总有功功率', 'Active power total', 'kW', [-10, 500], (s) => s.totalKw, input(52, 'float32')),
  number(
    'power.reactive',
    '总无功功率',
    'Reactive power total',
    'kV.A{reactive}',
    [-500, 500],
    (s) => s.reactiveKvar,
    input(54, 'float32'),
  ),
  number(
    'power.apparent',
    '总视在功率',
    'Apparent power total',
    'kV.A',
    [0, 600],
    (s) => s.apparentKva,
    input(56, 'float32'),
  ),
  number(
    'power.factor',
    '功率因数',
    'Power factor',
    '1',
    [0, 1],
    (s) => s.factor,
    input(58, 'int16', { scale: 0.001 }),
  ),
  number('frequency', '频率', 'Frequency', 'Hz', [45, 55], (s) => s.frequency, input(59, 'uint16', { scale: 0.01 })),
  number(
    'voltage.thd',
    '电压谐波畸变率',
    'Voltage THD',
    '%',
    [0, 20],
    (s) => s.thd,
    input(60, 'uint16', { scale: 0.01 }),
  ),
  number('demand', '需量', 'Demand (15 min)', 'kW', [0, 500], (s) => s.demandKw, input(84, 'float32')),
  number('demand.max', '最大需量', 'Maximum demand', 'kW', [0, 500], (s) => s.maxDemandKw, input(86, 'float32')),
  number(
    'energy.import',
    '正向有功电能',
    'Active energy import',
    'kW.h',
    undefined,
    (s) => s.importKwh,
    input(342, 'uint32', counters),
    { counter: true },
  ),
  number(
    'energy.reactive',
    '正向无功电能',
    'Reactive energy import',
    'kV.A.h{reactive}',
    undefined,
    (s) => s.reactiveKvarh,
    input(344, 'uint32', counters),
    { counter: true },
  ),
  number(
    'ct.ratio',
    '电流互感器变比',
    'Current transformer ratio',
    '1',
    [1, 1000],
    (s) => s.currentRatio,
    holding(500, 'uint16'),
  ),
  flag('voltage.low', '欠压', 'Undervoltage', (s) => Math.min(...s.voltage) < 207, discrete(0)),
];

function initial(random: Random): State {
  const a = random.between(0.32, 0.345);
  const b = random.between(0.325, 0.34);
  return {
    powerKw: 0,
    powerFactor: 1,
    airM3h: 0,
    coolingKw: 0,
    share: [a, b, 1 - a - b],
    voltage: [230, 230, 230],
    current: [0, 0, 0],
    power: [0, 0, 0],
    totalKw: 0,
    reactiveKvar: 0,
    apparentKva: 0,
    factor: 1,
    frequency: 50,
    thd: 2,
    demandKw: 0,
    maxDemandKw: 0,
    importKwh: random.between(1e6, 4e6),
    reactiveKvarh: random.between(3e5, 9e5),
    currentRatio: 120,
  };
}

function step(s: State, site: Site, random: Random, fed: readonly Readonly<Load>[]): void {
  let active = 0;
  let reactive = 0;
  for (const load of fed) {
    active += load.powerKw;
    reactive += load.powerKw * Math.sqrt(1 / (load.powerFactor * load.powerFactor) - 1);
  }
  // A class 0.5 meter: what it shows is off by at most half a percent of what the machines take.
  s.totalKw = active * (1 + random.noise(0.002));
  s.reactiveKvar = reactive * (1 + random.noise(0.003));
  s.apparentKva = Math.hypot(s.totalKw, s.reactiveKvar);
  s.factor = s.apparentKva > 0 ? clamp(s.totalKw / s.apparentKva, 0, 1) : 1;
  s.frequency = site.gridFrequencyHz;
  s.thd = clamp(lag(s.thd, 1.6 + s.totalKw / 120 + random.noise(0.3), 20, STEP_S), 0, 20);
  for (const i of PHASES) {
    s.power[i] = s.totalKw * s.share[i];
    s.voltage[i] = site.gridVoltageV - s.power[i] * 0.035 + random.noise(0.25);
    s.current[i] = clamp((s.power[i] * 1000) / (s.voltage[i] * Math.max(s.factor, 0.1)), 0, 800);
  }
  s.demandKw = lag(s.demandKw, s.totalKw, 900, STEP_S);
  s.maxDemandKw = Math.max(s.maxDemandKw, s.demandKw);
  s.importKwh += (Math.max(0, s.totalKw) * STEP_S) / 3600;
  s.reactiveKvarh += (Math.max(0, s.reactiveKvar) * STEP_S) / 3600;
}

export const energyMeter = defineKind<State>({
  kind: 'energy-meter',
  typeName: 'EnergyMeterType',
  points,
  initial,
  step,
});
