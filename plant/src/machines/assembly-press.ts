import { defineKind, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

type Phase = 'waiting' | 'approach' | 'pressing' | 'holding' | 'return';
const CYCLE_S = 22;
const STROKE_MM = 180;
const CURTAIN = 31;

interface State extends Load {
  phase: Phase;
  phaseS: number;
  restS: number;
  position: number;
  speed: number;
  force: number;
  stiffness: number;
  peak: number;
  lastPeak: number;
  lastOk: boolean;
  ok: number;
  nok: number;
  curtainS: number;
  hydraulicBar: number;
  oilC: number;
  motorA: number;
  energyKwh: number;
}

const { number, flag, text } = pointsOf<State>();

const points = [
  text('cycle.phase', '压装阶段', 'Cycle phase', (s) => (s.curtainS > 0 ? 'stopped' : s.phase), {
    waiting: { zh: '等待', en: 'Waiting' },
    approach: { zh: '快进', en: 'Approach' },
    pressing: { zh: '压入', en: 'Pressing' },
    holding: { zh: '保压', en: 'Holding' },
    return: { zh: '返回', en: 'Return' },
    stopped: { zh: '停止', en: 'Stopped' },
  }),
  text('program.name', '压装程序', 'Program', () => 'BRG-6208-H7'),
  number('ram.position', '压头位置', 'Ram position', 'mm', [0, 200], (s) => s.position),
  number('ram.speed', '压头速度', 'Ram speed', 'mm/s', [-250, 250], (s) => s.speed),
  number('ram.force', '压装力', 'Press force', 'kN', [0, 80], (s) => s.force),
  number('result.peak', '上件最大压装力', 'Last peak force', 'kN', [0, 80], (s) => s.lastPeak),
  flag('result.ok', '上件合格', 'Last part good', (s) => s.lastOk),
  number('parts.good', '合格数', 'Good parts', '1', undefined, (s) => s.ok, { opcua: 'UInt32' }, { counter: true }),
  number('parts.bad', '不合格数', 'Bad parts', '1', undefined, (s) => s.nok, { opcua: 'UInt32' }, { counter: true }),
  number('hydraulics.pressure', '液压压力', 'Hydraulic pressure', 'bar', [0, 250], (s) => s.hydraulicBar, {
    opcua: 'Float',
  }),
  number('hydraulics.temperature', '液压油温', 'Hydraulic oil temperature', 'Cel', [0, 90], (s) => s.oilC, {
    opcua: 'Float',
  }),
  number('motor.current', '油泵电机电流', 'Pump motor current', 'A', [0, 40], (s) => s.motorA, { opcua: 'Float' }),
  flag('curtain.broken', '光幕遮挡', 'Light curtain broken', (s) => s.curtainS > 0),
  number(
    'alarm.code',
    '报警代码',
    'Alarm code',
    null,
    [0, 99],
    (s) => (s.curtainS > 0 ? CURTAIN : 0),
    { opcua: 'Int32' },
    {
      codes: { 0: { zh: '无', en: 'None' }, 31: { zh: '光幕遮挡', en: 'Light curtain broken' } },
    },
  ),
  number('power', '有功功率', 'Active power', 'kW', [0, 30], (s) => s.powerKw),
  number('energy', '电能', 'Energy', 'kW.h', undefined, (s) => s.energyKwh, undefined, { counter: true }),
];

function initial(random: Random): State {
  return {
    powerKw: 2,
    powerFactor: 0.8,
    airM3h: 5,
    coolingKw: 0,
    phase: 'waiting',
    phaseS: 0,
    restS: 8,
    position: 0,
    speed: 0,
    force: 0,
    stiffness: 1,
    peak: 0,
    lastPeak: 31,
    lastOk: true,
    ok: Math.floor(random.between(50_000, 90_000)),
    nok: Math.floor(random.between(300, 900)),
    curtainS: 0,
    hydraulicBar: 40,
    oilC: 38,
    motorA: 6,
    energyKwh: random.between(9000, 15_000),
  };
}

function finish(s: State): void {
  s.lastPeak = s.peak;
  s.lastOk = s.peak > 24 && s.peak < 40;
  if (s.lastOk) s.ok += 1;
  else s.nok += 1;
  s.peak = 0;
}

/** Speed of the ram in mm/s, and what comes next. */
function move(s: State, site: Site, random: Random): number {
  const enter = (phase: Phase) => {
    s.phase = phase;
    s.phaseS = 0;
  };
  switch (s.phase) {
    case 'waiting':
      if (!site.onBreak && s.phaseS > s.restS) {
        // How tight the fit of this part is; a few are out of tolerance.
        s.stiffness = random.next() < 0.012 ? random.between(0.4, 1.6) : 1 + random.noise(0.12);
        enter('approach');
      }
      return 0;
    case 'approach':
      if (s.position > 120) enter('pressing');
      return 150;
    case 'pressing':
      if (s.position >= STROKE_MM) enter('holding');
      return 18;
    case 'holding':
      if (s.phaseS > 1.5) {
        finish(s);
        enter('return');
      }
      return 0;
    case 'return':
      if (s.position > 1) return -190;
      s.restS = CYCLE_S - 8 + random.noise(4);
      enter('waiting');
      return 0;
  }
}

function step(s: State, site: Site, random: Random): void {
  if (s.curtainS > 0) s.curtainS = Math.max(0, s.curtainS - STEP_S);
  else if (s.phase === 'approach' && random.happens(900, STEP_S)) s.curtainS = random.between(3, 25);
  const stopped = s.curtainS > 0;
  if (!stopped) s.phaseS += STEP_S;
  s.speed = stopped ? 0 : move(s, site, random);
  s.position = clamp(s.position + s.speed * STEP_S, 0, 200);
  const depth = s.phase === 'pressing' || s.phase === 'holding' ? Math.max(0, s.position - 125) : 0;
  s.force = clamp(depth > 0 ? s.stiffness * (6 + depth * 0.45) + random.noise(0.4) : 0, 0, 80);
  s.peak = Math.max(s.peak, s.force);
  s.hydraulicBar = clamp(lag(s.hydraulicBar, 40 + s.force * 4 + (s.speed === 0 ? 0 : 12), 0.2, STEP_S), 0, 250);
  const work = s.hydraulicBar / 250;
  s.oilC = clamp(lag(s.oilC, site.ambientC + 12 + work * 30, 1800, STEP_S), 0, 90);
  s.motorA = clamp(5 + work * 24 + random.noise(0.1), 0, 40);
  s.airM3h = s.phase === 'waiting' ? 5 : 12;
  s.coolingKw = 0.5;
  s.powerKw = 0.6 + s.motorA * 0.52;
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
}

export const assemblyPress = defineKind<State>({
  kind: 'assembly-press',
  typeName: 'AssemblyPressType',
  points,
  initial,
  step,
});
