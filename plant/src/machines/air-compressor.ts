import { coil, defineKind, discrete, holding, input, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

const UNLOADED = 1;
const LOADED = 2;
const TRIPPED = 3;

const RATED_M3H = 480;
const RECEIVER_M3 = 4;

interface State extends Load {
  code: number;
  alarm: number;
  tripS: number;
  pressure: number;
  discharge: number;
  flow: number;
  current: number;
  dischargeC: number;
  oilC: number;
  inletC: number;
  oilBar: number;
  dewC: number;
  filterMbar: number;
  loadAt: number;
  unloadAt: number;
  dryer: boolean;
  runHours: number;
  loadHours: number;
  starts: number;
  energyKwh: number;
  volumeM3: number;
}

const { number, flag } = pointsOf<State>();
const tenth = { scale: 0.1 };
const swapped = { wordOrder: 'little' as const };

const points = [
  number('state', '运行状态', 'State', null, [0, 3], (s) => s.code, input(0, 'uint16'), {
    codes: { 1: { zh: '卸载', en: 'Unloaded' }, 2: { zh: '加载', en: 'Loaded' }, 3: { zh: '跳机', en: 'Tripped' } },
  }),
  number('alarm.code', '报警代码', 'Alarm code', null, [0, 99], (s) => s.alarm, input(1, 'uint16'), {
    codes: { 0: { zh: '无', en: 'None' }, 21: { zh: '电机过载跳机', en: 'Motor overload trip' } },
  }),
  number(
    'pressure.network',
    '管网压力',
    'Network pressure',
    'bar',
    [0, 10],
    (s) => s.pressure,
    input(10, 'float32', swapped),
  ),
  number(
    'pressure.discharge',
    '排气压力',
    'Discharge pressure',
    'bar',
    [0, 12],
    (s) => s.discharge,
    input(12, 'float32', swapped),
  ),
  number('pressure.oil', '油压', 'Oil pressure', 'bar', [0, 10], (s) => s.oilBar, input(14, 'float32', swapped)),
  number('flow', '排气流量', 'Delivered flow', 'm3/h', [0, 600], (s) => s.flow, input(16, 'float32', swapped)),
  number('volume', '累计供气量', 'Delivered volume', 'm3', undefined, (s) => s.volumeM3, input(18, 'uint32', swapped), {
    counter: true,
  }),
  number('motor.current', '电机电流', 'Motor current', 'A', [0, 160], (s) => s.current, input(30, 'uint16', tenth)),
  number(
    'motor.power',
    '电机功率',
    'Motor power',
    'kW',
    [0, 80],
    (s) => s.powerKw,
    input(31, 'uint16', { scale: 0.01 }),
  ),
  number(
    'temperature.discharge',
    '排气温度',
    'Discharge temperature',
    'Cel',
    [-20, 120],
    (s) => s.dischargeC,
    input(40, 'int16', tenth),
  ),
  number('temperature.oil', '油温', 'Oil temperature', 'Cel', [-20, 110], (s) => s.oilC, input(41, 'int16', tenth)),
  number(
    'temperature.inlet',
    '进气温度',
    'Inlet temperature',
    'Cel',
    [-20, 60],
    (s) => s.inletC,
    input(42, 'int16', tenth),
  ),
  number('dewpoint', '压力露点', 'Pressure dew point', 'Cel', [-40, 40], (s) => s.dewC, input(43, 'int16', tenth)),
  number(
    'filter.drop',
    '过滤器压差',
    'Filter pressure drop',
    'mbar',
    [0, 500],
    (s) => s.filterMbar,
    input(44, 'uint16'),
  ),
  number(
    'setpoint.load',
    '加载压力设定',
    'Load set point',
    'bar',
    [5, 7.4],
    (s) => s.loadAt,
    holding(100, 'uint16', { scale: 0.01 }),
    {
      write: (s, value) => {
        s.loadAt = value;
      },
    },
  ),
  number(
    'setpoint.unload',
    '卸载压力设定',
    'Unload set point',
    'bar',
    [7.5, 9],
    (s) => s.unloadAt,
    holding(101, 'uint16', { scale: 0.01 }),
    {
      write: (s, value) => {
        s.unloadAt = value;
      },
    },
  ),
  number(
    'hours.run',
    '运行小时',
    'Running hours',
    'h',
    undefined,
    (s) => s.runHours,
    input(200, 'uint32', { scale: 0.01, ...swapped }),
    { counter: true },
  ),
  number(
    'hours.load',
    '加载小时',
    'Loaded hours',
    'h',
    undefined,
    (s) => s.loadHours,
    input(202, 'uint32', { scale: 0.01, ...swapped }),
    { counter: true },
  ),
  number('starts', '起动次数', 'Starts', '1', undefined, (s) => s.starts, input(204, 'uint32', swapped), {
    counter: true,
  }),
  number(
    'energy',
    '电能',
    'Energy',
    'kW.h',
    undefined,
    (s) => s.energyKwh,
    input(206, 'uint32', { scale: 0.1, ...swapped }),
    { counter: true },
  ),
  flag('loaded', '已加载', 'Loaded', (s) => s.code === LOADED, discrete(0)),
  flag('tripped', '已跳机', 'Tripped', (s) => s.code === TRIPPED, discrete(1)),
  flag('pressure.low', '压力低', 'Pressure low', (s) => s.pressure < 6, discrete(5)),
  flag('dryer.on', '干燥机运行', 'Dryer on', (s) => s.dryer, coil(10), {
    write: (s, value) => {
      s.dryer = value !== 0;
    },
  }),
];

function initial(random: Random): State {
  const runHours = random.between(9000, 15000);
  return {
    powerKw: 16,
    powerFactor: 0.86,
    airM3h: 0,
    coolingKw: 0,
    code: UNLOADED,
    alarm: 0,
    tripS: 0,
    pressure: random.between(7.1, 7.7),
    discharge: 7.5,
    flow: 0,
    current: 40,
    dischargeC: 78,
    oilC: 70,
    inletC: 24,
    oilBar: 3.1,
    dewC: 4,
    filterMbar: random.between(60, 180),
    loadAt: 7,
    unloadAt: 7.8,
    dryer: true,
    runHours,
    loadHours: runHours * 0.55,
    starts: Math.floor(random.between(800, 2400)),
    energyKwh: random.between(300_000, 700_000),
    volumeM3: random.between(2e6, 4e6),
  };
}

function decide(s: State, random: Random): void {
  if (s.code === TRIPPED) {
    s.tripS -= STEP_S;
    if (s.tripS > 0) return;
    s.code = UNLOADED;
    s.alarm = 0;
    s.starts += 1;
  } else if (s.code === LOADED && random.happens(4 * 3600, STEP_S)) {
    s.code = TRIPPED;
    s.alarm = 21;
    s.tripS = random.between(90, 300);
  } else if (s.pressure <= s.loadAt) s.code = LOADED;
  else if (s.pressure >= s.unloadAt) s.code = UNLOADED;
}

function step(s: State, site: Site, random: Random): void {
  decide(s, random);
  const loaded = s.code === LOADED;
  const turning = s.code !== TRIPPED;
  s.flow = clamp(lag(s.flow, loaded ? RATED_M3H * (1 - 0.02 * (s.pressure - 7)) : 0, 1.5, STEP_S), 0, 600);
  // Isothermal receiver: the pressure rises by 1 bar for each receiver volume of free air; leaks grow with it.
  const demand = (site.airDemandM3h + 18) * clamp(s.pressure / 7, 0, 1.1);
  s.pressure = clamp(s.pressure + (((s.flow - demand) / 3600) * STEP_S) / RECEIVER_M3, 0, 10);
  s.filterMbar = s.filterMbar > 420 ? 60 : s.filterMbar + STEP_S * 0.0004;
  s.discharge = clamp(
    lag(s.discharge, loaded ? s.pressure + 0.25 + s.filterMbar / 1000 : turning ? 1.6 : 0, 2, STEP_S),
    0,
    12,
  );
  const power = loaded ? 46 + (s.pressure - 7) * 4.2 : turning ? 15.5 : 0.3;
  s.powerKw = clamp(lag(s.powerKw, power + random.noise(0.3), 0.8, STEP_S), 0, 80);
  s.powerFactor = loaded ? 0.87 : 0.62;
  s.current = clamp((s.powerKw * 1000) / (3 * site.gridVoltageV * s.powerFactor), 0, 160);
  s.inletC = lag(s.inletC, site.ambientC + 2, 300, STEP_S);
  s.dischargeC = clamp(
    lag(s.dischargeC, turning ? s.inletC + (loaded ? 62 : 44) : site.ambientC, 240, STEP_S),
    -20,
    120,
  );
  s.oilC = clamp(lag(s.oilC, s.dischargeC - 9, 180, STEP_S), -20, 110);
  s.oilBar = clamp(lag(s.oilBar, turning ? 3.2 - (s.oilC - 60) * 0.012 : 0, 2, STEP_S), 0, 10);
  s.dewC = clamp(lag(s.dewC, s.dryer ? 3.5 + (s.flow / RATED_M3H) * 1.5 : 24, 400, STEP_S), -40, 40);
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
  s.volumeM3 += (s.flow * STEP_S) / 3600;
  if (turning) s.runHours += STEP_S / 3600;
  if (loaded) s.loadHours += STEP_S / 3600;
}

export const airCompressor = defineKind<State>({
  kind: 'air-compressor',
  typeName: 'AirCompressorType',
  points,
  initial,
  step,
  supply: (s, site) => {
    site.airPressureBar = s.pressure;
  },
});
