import { defineKind, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

type Phase = 'charging' | 'heating' | 'soaking' | 'quenching';
interface Zone {
  celsius: number;
  output: number;
  integral: number;
}

const ZONES = [0, 1, 2] as const;
const ZONE_KW = 48;
/** A zone at full output settles 1150 K above the hall: the gain and the time constant of its first-order lag. */
const ZONE_GAIN_K = 1150;
const ZONE_TAU_S = 2600;
const RECIPES = [
  { name: '42CrMo-860', celsius: 860, soakS: 2700 },
  { name: '20CrMnTi-920', celsius: 920, soakS: 3600 },
  { name: 'GCr15-845', celsius: 845, soakS: 2100 },
];
const FIRST: (typeof RECIPES)[number] = { name: '42CrMo-860', celsius: 860, soakS: 2700 };
const OVER_TEMPERATURE = 11;
const DOOR_STUCK = 23;

interface State extends Load {
  phase: Phase;
  phaseS: number;
  recipe: typeof FIRST;
  batch: number;
  setC: number;
  zones: [Zone, Zone, Zone];
  doorStuckS: number;
  carbon: number;
  oxygenMv: number;
  gas: number;
  oilC: number;
  oilLevel: number;
  fan: number;
  fanA: number;
  door: boolean;
  energyKwh: number;
  hotHours: number;
}

const { number, flag, text } = pointsOf<State>();
const alarmOf = (s: State) =>
  s.doorStuckS > 0 ? DOOR_STUCK : s.zones.some((z) => z.celsius > s.setC + 25) ? OVER_TEMPERATURE : 0;

const points = [
  text('batch.phase', '工艺阶段', 'Batch phase', (s) => s.phase, {
    charging: { zh: '装炉', en: 'Charging' },
    heating: { zh: '升温', en: 'Heating' },
    soaking: { zh: '保温', en: 'Soaking' },
    quenching: { zh: '淬火', en: 'Quenching' },
  }),
  text('batch.recipe', '工艺配方', 'Recipe', (s) => s.recipe.name),
  number(
    'batch.number',
    '炉次号',
    'Batch number',
    '1',
    undefined,
    (s) => s.batch,
    { opcua: 'UInt32' },
    { counter: true },
  ),
  number('batch.elapsed', '本阶段已用时间', 'Phase elapsed', 's', [0, 40000], (s) => s.phaseS),
  number('batch.setpoint', '炉温设定', 'Temperature set point', 'Cel', [600, 1000], (s) => s.setC),
  ...ZONES.flatMap((i) => [
    number(
      `zone${i + 1}.temperature`,
      `${i + 1} 区温度`,
      `Zone ${i + 1} temperature`,
      'Cel',
      [0, 1200],
      (s) => s.zones[i].celsius,
    ),
    number(
      `zone${i + 1}.setpoint`,
      `${i + 1} 区设定`,
      `Zone ${i + 1} set point`,
      'Cel',
      [0, 1200],
      (s) => s.setC + (i - 1) * 2,
    ),
    number(
      `zone${i + 1}.output`,
      `${i + 1} 区加热输出`,
      `Zone ${i + 1} heater output`,
      '%',
      [0, 100],
      (s) => s.zones[i].output,
      { opcua: 'Float' },
    ),
    number(
      `zone${i + 1}.current`,
      `${i + 1} 区加热电流`,
      `Zone ${i + 1} heater current`,
      'A',
      [0, 90],
      (s) => s.zones[i].output * 0.69,
      { opcua: 'Float' },
    ),
  ]),
  number('atmosphere.carbon', '碳势', 'Carbon potential', '%', [0, 2], (s) => s.carbon),
  number('atmosphere.probe', '氧探头', 'Oxygen probe', 'mV', [0, 1300], (s) => s.oxygenMv),
  number('atmosphere.gas', '渗碳气流量', 'Process gas flow', 'm3/h', [0, 20], (s) => s.gas, { opcua: 'Float' }),
  number('quench.temperature', '淬火油温', 'Quench oil temperature', 'Cel', [0, 160], (s) => s.oilC),
  number('quench.level', '淬火油位', 'Quench oil level', '%', [0, 100], (s) => s.oilLevel),
  number('fan.speed', '循环风机转速', 'Circulation fan speed', '/min', [0, 1500], (s) => s.fan, { opcua: 'UInt16' }),
  number('fan.current', '循环风机电流', 'Circulation fan current', 'A', [0, 40], (s) => s.fanA, { opcua: 'Float' }),
  flag('door.open', '炉门打开', 'Door open', (s) => s.door),
  flag('alarm.active', '有报警', 'Alarm active', (s) => alarmOf(s) !== 0),
  number(
    'alarm.code',
    '报警代码',
    'Alarm code',
    null,
    [0, 99],
    alarmOf,
    { opcua: 'UInt16' },
    {
      codes: {
        0: { zh: '无', en: 'None' },
        11: { zh: '超温', en: 'Over temperature' },
        23: { zh: '炉门卡滞', en: 'Door stuck' },
      },
    },
  ),
  number('power', '有功功率', 'Active power', 'kW', [0, 200], (s) => s.powerKw),
  number('energy', '电能', 'Energy', 'kW.h', undefined, (s) => s.energyKwh, undefined, { counter: true }),
  number('hours.hot', '高温小时', 'Hours hot', 'h', undefined, (s) => s.hotHours, undefined, { counter: true }),
];

function initial(random: Random): State {
  const zone = (): Zone => ({ celsius: 860 + random.noise(3), output: 72, integral: 73 });
  return {
    powerKw: 110,
    powerFactor: 0.98,
    airM3h: 2,
    coolingKw: 3,
    phase: 'soaking',
    phaseS: 0,
    recipe: FIRST,
    batch: Math.floor(random.between(1200, 9000)),
    setC: 860,
    zones: [zone(), zone(), zone()],
    doorStuckS: 0,
    carbon: 0.8,
    oxygenMv: 1120,
    gas: 8,
    oilC: 62,
    oilLevel: random.between(75, 90),
    fan: 1440,
    fanA: 21,
    door: false,
    energyKwh: random.between(5e5, 9e5),
    hotHours: random.between(9000, 20000),
  };
}

function enter(s: State, phase: Phase): void {
  s.phase = phase;
  s.phaseS = 0;
}

function proceed(s: State, random: Random): void {
  s.phaseS += STEP_S;
  if (s.doorStuckS > 0) {
    s.doorStuckS = Math.max(0, s.doorStuckS - STEP_S);
    return;
  }
  if (s.phase === 'charging' && s.phaseS > 300) enter(s, 'heating');
  else if (s.phase === 'heating' && s.zones.every((z) => z.celsius > s.setC - 8)) enter(s, 'soaking');
  else if (s.phase === 'soaking' && s.phaseS > s.recipe.soakS) enter(s, 'quenching');
  else if (s.phase === 'quenching' && s.phaseS > 420) {
    s.batch += 1;
    s.recipe = RECIPES[Math.floor(random.next() * RECIPES.length)] ?? FIRST;
    s.setC = s.recipe.celsius;
    if (random.next() < 0.12) s.doorStuckS = random.between(120, 480);
    enter(s, 'charging');
  }
}

/** PI control of each zone's heater against a first-order lag; the open door and the cold charge take heat away. */
function heat(s: State, site: Site, random: Random): void {
  const coldCharge = s.phase === 'heating' ? Math.exp(-s.phaseS / 1500) * 190 : s.phase === 'charging' ? 190 : 0;
  for (const i of ZONES) {
    const zone = s.zones[i];
    const error = s.setC + (i - 1) * 2 - zone.celsius;
    const wanted = 0.9 * error + zone.integral;
    // Held while the output is at its end, or the integral would wind up during heating and overshoot by 60 K.
    if (wanted > 0 && wanted < 100) zone.integral = clamp(zone.integral + error * 0.0012 * STEP_S, 0, 100);
    zone.output = clamp(lag(zone.output, s.door ? wanted * 0.6 : wanted, 2, STEP_S), 0, 100);
    const losses = (s.door ? 260 - Math.abs(i - 2) * 60 : 0) + coldCharge;
    const settled = site.ambientC + (zone.output / 100) * ZONE_GAIN_K - losses;
    zone.celsius = clamp(lag(zone.celsius, settled, ZONE_TAU_S, STEP_S) + random.noise(0.03), 0, 1200);
  }
}

function step(s: State, site: Site, random: Random): void {
  proceed(s, random);
  s.door = s.doorStuckS > 0 || (s.phase === 'charging' && s.phaseS < 90) || (s.phase === 'quenching' && s.phaseS < 40);
  heat(s, site, random);
  const quenching = s.phase === 'quenching';
  s.carbon = clamp(lag(s.carbon, s.door ? 0.35 : 0.85, s.door ? 60 : 700, STEP_S) + random.noise(0.0004), 0, 2);
  s.oxygenMv = clamp(1010 + s.carbon * 130 + random.noise(0.8), 0, 1300);
  s.gas = clamp(lag(s.gas, s.door ? 14 : 8, 6, STEP_S) + random.noise(0.02), 0, 20);
  s.oilC = clamp(lag(s.oilC, quenching ? 112 : 60, quenching ? 300 : 1400, STEP_S), 0, 160);
  s.oilLevel = s.oilLevel < 55 ? 88 : s.oilLevel - (quenching ? STEP_S * 0.0006 : 0);
  s.fan = clamp(lag(s.fan, s.door ? 700 : 1440, 8, STEP_S), 0, 1500);
  s.fanA = clamp((s.fan / 1440) ** 2 * 19 + 2 + random.noise(0.15), 0, 40);
  const heaters = s.zones.reduce((sum, zone) => sum + (zone.output / 100) * ZONE_KW, 0);
  s.powerKw = heaters + s.fanA * 0.5 + (quenching ? 9 : 1.5);
  s.coolingKw = quenching ? 24 : 3;
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
  if (s.zones[1].celsius > 600) s.hotHours += STEP_S / 3600;
}

export const furnace = defineKind<State>({
  kind: 'heat-treatment-furnace',
  typeName: 'FurnaceType',
  points,
  initial,
  step,
});
