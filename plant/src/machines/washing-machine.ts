import { defineKind, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

/** The programme of a basket: name, seconds, spray pump on, drier on. */
const STAGES = [
  { name: 'loading', seconds: 40, spray: false, dry: false },
  { name: 'washing', seconds: 180, spray: true, dry: false },
  { name: 'rinsing', seconds: 90, spray: true, dry: false },
  { name: 'drying', seconds: 150, spray: false, dry: true },
] as const;

interface State extends Load {
  stage: number;
  stageS: number;
  waiting: boolean;
  tankC: number;
  setC: number;
  heating: boolean;
  level: number;
  filling: boolean;
  sprayBar: number;
  flow: number;
  pumpA: number;
  dryC: number;
  concentration: number;
  baskets: number;
  blockedS: number;
  energyKwh: number;
  waterM3: number;
}

const { number, flag, text } = pointsOf<State>();

const points = [
  text('program.stage', '清洗阶段', 'Stage', (s) => (s.waiting ? 'waiting' : (STAGES[s.stage]?.name ?? 'waiting')), {
    waiting: { zh: '等待', en: 'Waiting' },
    loading: { zh: '上料', en: 'Loading' },
    washing: { zh: '清洗', en: 'Washing' },
    rinsing: { zh: '漂洗', en: 'Rinsing' },
    drying: { zh: '烘干', en: 'Drying' },
  }),
  number('program.elapsed', '本阶段已用时间', 'Stage elapsed', 's', [0, 3600], (s) => Math.min(3600, s.stageS)),
  number('tank.temperature', '清洗液温度', 'Tank temperature', 'Cel', [0, 95], (s) => s.tankC),
  number('tank.setpoint', '清洗液温度设定', 'Tank temperature set point', 'Cel', [40, 75], (s) => s.setC, undefined, {
    write: (s, value) => {
      s.setC = value;
    },
  }),
  number('tank.level', '清洗液液位', 'Tank level', '%', [0, 100], (s) => s.level),
  number('tank.concentration', '清洗剂浓度', 'Detergent concentration', '%', [0, 10], (s) => s.concentration, {
    opcua: 'Float',
  }),
  flag('tank.heater', '加热器', 'Tank heater', (s) => s.heating),
  number('spray.pressure', '喷淋压力', 'Spray pressure', 'bar', [0, 12], (s) => s.sprayBar, { opcua: 'Float' }),
  number('spray.flow', '喷淋流量', 'Spray flow', 'L/min', [0, 400], (s) => s.flow, { opcua: 'Float' }),
  number('pump.current', '喷淋泵电流', 'Spray pump current', 'A', [0, 30], (s) => s.pumpA, { opcua: 'Float' }),
  number('drier.temperature', '烘干温度', 'Drier temperature', 'Cel', [0, 150], (s) => s.dryC),
  flag('filter.blocked', '过滤器堵塞', 'Filter blocked', (s) => s.blockedS > 0),
  number(
    'baskets.count',
    '清洗筐数',
    'Baskets washed',
    '1',
    undefined,
    (s) => s.baskets,
    { opcua: 'UInt32' },
    { counter: true },
  ),
  number('water.volume', '累计用水', 'Water used', 'm3', undefined, (s) => s.waterM3, undefined, { counter: true }),
  number('power', '有功功率', 'Active power', 'kW', [0, 60], (s) => s.powerKw),
  number('energy', '电能', 'Energy', 'kW.h', undefined, (s) => s.energyKwh, undefined, { counter: true }),
];

function initial(random: Random): State {
  return {
    powerKw: 3,
    powerFactor: 0.93,
    airM3h: 4,
    coolingKw: 0,
    stage: 0,
    stageS: 0,
    waiting: false,
    tankC: random.between(57, 60),
    setC: 60,
    heating: false,
    level: random.between(70, 90),
    filling: false,
    sprayBar: 0,
    flow: 0,
    pumpA: 0,
    dryC: 60,
    concentration: 3.2,
    baskets: Math.floor(random.between(3000, 9000)),
    blockedS: 0,
    energyKwh: random.between(40_000, 80_000),
    waterM3: random.between(200, 600),
  };
}

function step(s: State, site: Site, random: Random): void {
  s.stageS += STEP_S;
  if (s.waiting) {
    s.waiting = site.onBreak;
    if (!s.waiting) s.stageS = 0;
  } else if (s.stageS >= (STAGES[s.stage]?.seconds ?? 0)) {
    s.stage = (s.stage + 1) % STAGES.length;
    s.stageS = 0;
    if (s.stage === 0) {
      s.baskets += 1;
      s.waiting = site.onBreak;
    }
  }
  const now = s.waiting ? STAGES[0] : (STAGES[s.stage] ?? STAGES[0]);
  if (s.blockedS > 0) s.blockedS = Math.max(0, s.blockedS - STEP_S);
  else if (now.spray && random.happens(5 * 3600, STEP_S)) s.blockedS = random.between(60, 400);

  if (s.tankC < s.setC - 1.5) s.heating = true;
  if (s.tankC > s.setC + 0.5) s.heating = false;
  const heatKw = s.heating ? 24 : 0;
  // 900 l of water; spraying and standing lose heat to the hall.
  const lossKw = (s.tankC - site.ambientC) * (now.spray ? 0.3 : 0.07);
  s.tankC = clamp(s.tankC + (((heatKw - lossKw) / 3600) * STEP_S) / (1.163 * 0.9), 0, 95);
  if (s.level < 60) s.filling = true;
  if (s.level > 88) s.filling = false;
  s.level = clamp(s.level + STEP_S * ((s.filling ? 0.15 : 0) - (now.spray ? 0.008 : 0)), 0, 100);
  if (s.filling) s.waterM3 += (STEP_S * 0.15 * 0.9) / 100;
  s.concentration = s.concentration < 2.2 ? 3.6 : s.concentration - (s.filling ? STEP_S * 0.0012 : 0);

  const blocked = s.blockedS > 0;
  s.sprayBar = clamp(lag(s.sprayBar, now.spray ? (blocked ? 9.4 : 6.2) + random.noise(0.15) : 0, 0.9, STEP_S), 0, 12);
  s.flow = clamp(lag(s.flow, now.spray ? (blocked ? 120 : 260) + random.noise(4) : 0, 1.1, STEP_S), 0, 400);
  s.pumpA = clamp(lag(s.pumpA, now.spray ? (blocked ? 12 : 17) + random.noise(0.2) : 0, 0.4, STEP_S), 0, 30);
  s.dryC = clamp(lag(s.dryC, now.dry ? 108 : site.ambientC + 15, now.dry ? 70 : 240, STEP_S), 0, 150);
  s.airM3h = now.dry ? 42 : 4;
  s.powerKw = 1.2 + heatKw + s.pumpA * 0.58 + (now.dry ? 15 : 0) + random.noise(0.03);
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
}

export const washingMachine = defineKind<State>({
  kind: 'washing-machine',
  typeName: 'WashingMachineType',
  points,
  initial,
  step,
});
