import { defineKind, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

/** The round of the vehicle in the hall's coordinates, metres; the first stop is the charger. */
const STOPS = [
  { name: 'charger', x: 2, y: 2, waitS: 20 },
  { name: 'machining', x: 38, y: 2, waitS: 35 },
  { name: 'washing', x: 38, y: 24, waitS: 30 },
  { name: 'heat-treatment', x: 64, y: 24, waitS: 40 },
  { name: 'assembly', x: 64, y: 2, waitS: 35 },
] as const;
const BATTERY_KWH = 4.6;
const CHARGER_KW = 3.4;

interface State extends Load {
  stop: number;
  waitS: number;
  charging: boolean;
  x: number;
  y: number;
  heading: number;
  speed: number;
  payload: number;
  soc: number;
  batteryC: number;
  batteryA: number;
  chargeKw: number;
  odometerKm: number;
  missions: number;
  blockedS: number;
  energyKwh: number;
}

const { number, flag, text } = pointsOf<State>();
const voltageOf = (s: State) => 44 + s.soc * 0.085 + (s.batteryA > 0 ? 1.2 : 0) + s.batteryA * 0.004;

const points = [
  text('mission.target', '任务目的地', 'Mission target', (s) => STOPS[s.stop]?.name ?? '', {
    charger: { zh: '充电桩', en: 'Charger' },
    machining: { zh: '机加工', en: 'Machining' },
    washing: { zh: '清洗', en: 'Washing' },
    'heat-treatment': { zh: '热处理', en: 'Heat treatment' },
    assembly: { zh: '装配', en: 'Assembly' },
  }),
  number(
    'mission.count',
    '完成任务数',
    'Missions done',
    '1',
    undefined,
    (s) => s.missions,
    { opcua: 'UInt32' },
    { counter: true },
  ),
  number('position.x', 'X 坐标', 'Position X', 'm', [0, 80], (s) => s.x),
  number('position.y', 'Y 坐标', 'Position Y', 'm', [0, 40], (s) => s.y),
  number('position.heading', '航向角', 'Heading', 'deg', [-180, 180], (s) => s.heading, { opcua: 'Float' }),
  number('speed', '车速', 'Speed', 'm/s', [0, 2], (s) => s.speed, { opcua: 'Float' }),
  number('payload', '载重', 'Payload', 'kg', [0, 600], (s) => s.payload, { opcua: 'Float' }),
  number('odometer', '里程', 'Odometer', 'km', undefined, (s) => s.odometerKm, undefined, { counter: true }),
  number('battery.charge', '电池电量', 'Battery charge', '%', [0, 100], (s) => s.soc, { opcua: 'Float' }),
  number('battery.voltage', '电池电压', 'Battery voltage', 'V', [36, 60], voltageOf, { opcua: 'Float' }),
  number('battery.current', '电池电流', 'Battery current', 'A', [-120, 120], (s) => s.batteryA, { opcua: 'Float' }),
  number('battery.temperature', '电池温度', 'Battery temperature', 'Cel', [-10, 60], (s) => s.batteryC, {
    opcua: 'Float',
  }),
  flag('charging', '正在充电', 'Charging', (s) => s.charging),
  flag('obstacle', '前方障碍', 'Obstacle ahead', (s) => s.blockedS > 0),
  number('charger.power', '充电桩功率', 'Charger power', 'kW', [0, 10], (s) => s.powerKw),
  number('charger.energy', '充电桩电能', 'Charger energy', 'kW.h', undefined, (s) => s.energyKwh, undefined, {
    counter: true,
  }),
];

function initial(random: Random): State {
  return {
    powerKw: 0.1,
    powerFactor: 0.95,
    airM3h: 0,
    coolingKw: 0,
    stop: 1,
    waitS: 0,
    charging: false,
    x: 2,
    y: 2,
    heading: 0,
    speed: 0,
    payload: 0,
    soc: random.between(55, 90),
    batteryC: 26,
    batteryA: 0,
    chargeKw: 0,
    odometerKm: random.between(3000, 8000),
    missions: Math.floor(random.between(20_000, 60_000)),
    blockedS: 0,
    energyKwh: random.between(4000, 9000),
  };
}

function arrive(s: State, waitS: number, random: Random): void {
  s.missions += 1;
  s.waitS = waitS;
  s.payload = s.stop === 0 ? 0 : Math.round(random.between(0, 420));
  s.charging = s.stop === 0 && s.soc < 60;
  s.stop = (s.stop + 1) % STOPS.length;
}

/** Drives along x, then along y; stops before obstacles. */
function drive(s: State, random: Random): void {
  const target = STOPS[s.stop] ?? STOPS[0];
  const alongX = Math.abs(target.x - s.x) > 0.05;
  const left = alongX ? target.x - s.x : target.y - s.y;
  if (!alongX && Math.abs(left) <= 0.05) {
    s.speed = 0;
    arrive(s, target.waitS, random);
    return;
  }
  if (s.blockedS > 0) s.blockedS = Math.max(0, s.blockedS - STEP_S);
  else if (random.happens(600, STEP_S)) s.blockedS = random.between(2, 15);
  s.heading = alongX ? (left > 0 ? 0 : 180) : left > 0 ? 90 : -90;
  const wanted = s.blockedS > 0 ? 0 : Math.min(1.4, Math.max(0.12, Math.abs(left) * 0.7));
  s.speed = clamp(lag(s.speed, wanted, 0.4, STEP_S), 0, 2);
  const moved = Math.min(s.speed * STEP_S, Math.abs(left));
  if (alongX) s.x = clamp(s.x + Math.sign(left) * moved, 0, 80);
  else s.y = clamp(s.y + Math.sign(left) * moved, 0, 40);
  s.odometerKm += moved / 1000;
}

function step(s: State, site: Site, random: Random): void {
  if (s.charging && s.soc > 96) s.charging = false;
  if (s.waitS > 0) s.waitS -= STEP_S;
  else if (!s.charging) drive(s, random);
  // Constant power, then tapering off above 85 %.
  const taper = s.soc > 85 ? clamp((100 - s.soc) / 15, 0.12, 1) : 1;
  s.chargeKw = lag(s.chargeKw, s.charging ? CHARGER_KW * taper : 0, 3, STEP_S);
  const usedKw = 0.12 + s.speed * (0.5 + s.payload / 900);
  s.soc = clamp(s.soc + ((s.chargeKw * 0.94 - usedKw) * STEP_S * 100) / (3600 * BATTERY_KWH), 2, 100);
  s.batteryA = clamp(((s.chargeKw * 0.94 - usedKw) * 1000) / 48, -120, 120);
  s.batteryC = clamp(lag(s.batteryC, site.ambientC + 3 + Math.abs(s.batteryA) * 0.12, 1200, STEP_S), -10, 60);
  s.powerKw = 0.06 + s.chargeKw + random.noise(0.004);
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
}

export const agvCharger = defineKind<State>({ kind: 'agv-charger', typeName: 'AgvChargerType', points, initial, step });
