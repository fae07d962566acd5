import { coil, defineKind, discrete, holding, input, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

interface State extends Load {
  supplyC: number;
  returnC: number;
  setC: number;
  integral: number;
  capacity: number;
  flow: number;
  evaporatorBar: number;
  condenserBar: number;
  condenserC: number;
  pumpA: number;
  fan: number;
  ambientC: number;
  tank: number;
  highPressure: boolean;
  faultS: number;
  pump: boolean;
  energyKwh: number;
  coldKwh: number;
  runHours: number;
}

const { number, flag } = pointsOf<State>();
const tenth = { scale: 0.1 };

const points = [
  number(
    'state',
    '运行状态',
    'State',
    null,
    [0, 3],
    (s) => (s.faultS > 0 ? 3 : s.capacity > 1 ? 2 : 1),
    holding(0, 'uint16'),
    {
      codes: { 1: { zh: '待机', en: 'Standby' }, 2: { zh: '制冷', en: 'Cooling' }, 3: { zh: '故障', en: 'Fault' } },
    },
  ),
  number('alarm.code', '报警代码', 'Alarm code', null, [0, 99], (s) => (s.faultS > 0 ? 7 : 0), holding(1, 'uint16'), {
    codes: { 0: { zh: '无', en: 'None' }, 7: { zh: '冷凝压力高', en: 'Condenser pressure high' } },
  }),
  number(
    'water.supply',
    '供水温度',
    'Supply water temperature',
    'Cel',
    [-10, 60],
    (s) => s.supplyC,
    holding(10, 'int16', tenth),
  ),
  number(
    'water.return',
    '回水温度',
    'Return water temperature',
    'Cel',
    [-10, 60],
    (s) => s.returnC,
    holding(11, 'int16', tenth),
  ),
  number(
    'water.setpoint',
    '供水温度设定',
    'Supply water set point',
    'Cel',
    [8, 25],
    (s) => s.setC,
    holding(12, 'int16', tenth),
    {
      write: (s, value) => {
        s.setC = value;
      },
    },
  ),
  number('water.flow', '水流量', 'Water flow', 'm3/h', [0, 40], (s) => s.flow, holding(13, 'uint16', { scale: 0.01 })),
  number('tank.level', '水箱液位', 'Tank level', '%', [0, 100], (s) => s.tank, holding(14, 'uint16', tenth)),
  number(
    'compressor.capacity',
    '压缩机容量',
    'Compressor capacity',
    '%',
    [0, 100],
    (s) => s.capacity,
    holding(20, 'uint16', tenth),
  ),
  number(
    'evaporator.pressure',
    '蒸发压力',
    'Evaporator pressure',
    'bar',
    [0, 20],
    (s) => s.evaporatorBar,
    holding(21, 'int16', { scale: 0.01 }),
  ),
  number(
    'condenser.pressure',
    '冷凝压力',
    'Condenser pressure',
    'bar',
    [0, 40],
    (s) => s.condenserBar,
    holding(22, 'int16', { scale: 0.01 }),
  ),
  number(
    'condenser.temperature',
    '冷凝温度',
    'Condenser temperature',
    'Cel',
    [-20, 80],
    (s) => s.condenserC,
    holding(23, 'int16', tenth),
  ),
  number(
    'pump.current',
    '水泵电流',
    'Pump current',
    'A',
    [0, 20],
    (s) => s.pumpA,
    holding(24, 'uint16', { scale: 0.01 }),
  ),
  number('fan.speed', '风机转速', 'Fan speed', '/min', [0, 1500], (s) => s.fan, holding(25, 'uint16')),
  number(
    'ambient.temperature',
    '环境温度',
    'Ambient temperature',
    'Cel',
    [-30, 60],
    (s) => s.ambientC,
    holding(26, 'int16', tenth),
  ),
  number('power', '有功功率', 'Active power', 'kW', [0, 40], (s) => s.powerKw, input(40, 'float32')),
  number('energy', '电能', 'Energy', 'kW.h', undefined, (s) => s.energyKwh, input(42, 'uint32'), { counter: true }),
  number('cold.energy', '制冷量', 'Cold delivered', 'kW.h', undefined, (s) => s.coldKwh, input(44, 'uint32'), {
    counter: true,
  }),
  number('hours.run', '运行小时', 'Running hours', 'h', undefined, (s) => s.runHours, input(46, 'uint32'), {
    counter: true,
  }),
  flag('pump.on', '水泵运行', 'Pump on', (s) => s.pump, coil(0)),
  flag('pressure.high', '冷凝压力高', 'Condenser pressure high', (s) => s.highPressure, discrete(0)),
];

function initial(random: Random): State {
  return {
    powerKw: 8,
    powerFactor: 0.86,
    airM3h: 0,
    coolingKw: 0,
    supplyC: 15,
    returnC: 17,
    setC: 15,
    integral: 35,
    capacity: 35,
    flow: 18,
    evaporatorBar: 5,
    condenserBar: 15,
    condenserC: 38,
    pumpA: 6,
    fan: 700,
    ambientC: 22,
    tank: random.between(70, 90),
    highPressure: false,
    faultS: 0,
    pump: true,
    energyKwh: random.between(1e5, 2e5),
    coldKwh: random.between(3e5, 6e5),
    runHours: random.between(8000, 20000),
  };
}

function step(s: State, site: Site, random: Random): void {
  if (s.faultS > 0) s.faultS = Math.max(0, s.faultS - STEP_S);
  else if (random.happens(16 * 3600, STEP_S)) s.faultS = random.between(120, 420);
  const faulty = s.faultS > 0;
  s.highPressure = faulty;

  const error = s.supplyC - s.setC;
  if (!faulty) s.integral = clamp(s.integral + error * 0.05 * STEP_S, 0, 100);
  s.capacity = clamp(lag(s.capacity, faulty ? 0 : s.integral + 12 * error, 5, STEP_S), 0, 100);
  s.flow = clamp(lag(s.flow, 18 + random.noise(0.2), 1, STEP_S), 0, 40);
  // 1.163 kWh warms 1 m³ of water by 1 K; the tank holds 2.5 m³.
  const coldKw = s.capacity * 0.9;
  s.returnC = clamp(lag(s.returnC, s.supplyC + site.coolingDemandKw / (1.163 * s.flow), 30, STEP_S), -10, 60);
  s.supplyC = clamp(s.supplyC + (((site.coolingDemandKw - coldKw) / 3600) * STEP_S) / (1.163 * 2.5), -10, 60);
  s.ambientC = site.ambientC;
  s.condenserC = clamp(
    lag(s.condenserC, site.ambientC + 8 + s.capacity * 0.16 + (faulty ? 22 : 0), 40, STEP_S),
    -20,
    80,
  );
  s.condenserBar = clamp(0.42 * s.condenserC - 1 + random.noise(0.05), 0, 40);
  s.evaporatorBar = clamp(lag(s.evaporatorBar, 6.2 - s.capacity * 0.015, 10, STEP_S), 0, 20);
  s.fan = clamp(lag(s.fan, 300 + s.capacity * 9, 4, STEP_S), 0, 1500);
  s.pumpA = clamp(5.6 + s.flow * 0.04 + random.noise(0.05), 0, 20);
  s.tank = s.tank < 60 ? 90 : s.tank - STEP_S * 0.00006;

  s.powerKw = 3.1 + s.capacity * 0.21 * (1 + (s.condenserC - 35) * 0.008) + s.fan / 1500 + random.noise(0.05);
  s.powerFactor = 0.86;
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
  s.coldKwh += (coldKw * STEP_S) / 3600;
  if (s.capacity > 1) s.runHours += STEP_S / 3600;
}

export const chiller = defineKind<State>({
  kind: 'chiller',
  typeName: 'ChillerType',
  points,
  initial,
  step,
  supply: (s, site) => {
    site.chilledWaterC = s.supplyC;
  },
});
