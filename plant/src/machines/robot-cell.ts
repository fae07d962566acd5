import { defineKind, type Load, pointsOf, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import { clamp, lag } from './physics.ts';

const JOINTS = [0, 1, 2, 3, 4, 5] as const;
type Six = [number, number, number, number, number, number];

const HOME: Six = [0, -60, 90, 0, 60, 0];
/** Joint positions of the handling cycle, in degrees; `grip` is what the gripper does on arrival. */
const PATH: { joints: Six; waitS: number; grip?: boolean }[] = [
  { joints: [-70, -35, 75, 0, 50, -70], waitS: 0.6, grip: true },
  { joints: [-20, -65, 95, 10, 55, -20], waitS: 0 },
  { joints: [55, -30, 70, 0, 48, 55], waitS: 3, grip: false },
  { joints: [95, -40, 80, -15, 50, 95], waitS: 0.6, grip: true },
  { joints: [30, -70, 100, 0, 60, 30], waitS: 0 },
  { joints: [-110, -32, 72, 0, 50, -110], waitS: 0.8, grip: false },
];
const MOST_DEG_S = 65;
const COLLISION = 508;

interface State extends Load {
  joints: Six;
  velocity: Six;
  motorC: Six;
  target: number;
  waitS: number;
  override: number;
  gripped: boolean;
  cycles: number;
  cycleS: number;
  lastCycleS: number;
  faultS: number;
  waiting: boolean;
  controllerC: number;
  energyKwh: number;
}

const { number, flag, text } = pointsOf<State>();
const stateOf = (s: State) => (s.faultS > 0 ? 'fault' : s.waiting ? 'waiting' : 'automatic');

const points = [
  text('state', '运行状态', 'State', stateOf, {
    automatic: { zh: '自动', en: 'Automatic' },
    waiting: { zh: '等待', en: 'Waiting' },
    fault: { zh: '故障', en: 'Fault' },
  }),
  text('program.name', '机器人程序', 'Program', () => 'HANDLE_GEARBOX_02'),
  ...JOINTS.map((i) =>
    number(
      `joint${i + 1}.position`,
      `J${i + 1} 角度`,
      `Joint ${i + 1} position`,
      'deg',
      [-180, 180],
      (s) => s.joints[i],
    ),
  ),
  ...JOINTS.map((i) =>
    number(
      `joint${i + 1}.temperature`,
      `J${i + 1} 电机温度`,
      `Joint ${i + 1} motor temperature`,
      'Cel',
      [0, 110],
      (s) => s.motorC[i],
      { opcua: 'Float' },
    ),
  ),
  number('tool.payload', '末端负载', 'Payload', 'kg', [0, 30], (s) => (s.gripped ? 12.4 : 0), { opcua: 'Float' }),
  flag('gripper.closed', '夹爪闭合', 'Gripper closed', (s) => s.gripped),
  number(
    'speed.override',
    '速度倍率',
    'Speed override',
    '%',
    [5, 100],
    (s) => s.override,
    { opcua: 'UInt16' },
    {
      write: (s, value) => {
        s.override = value;
      },
    },
  ),
  number('cycle.count', '循环次数', 'Cycles', '1', undefined, (s) => s.cycles, { opcua: 'UInt32' }, { counter: true }),
  number('cycle.last', '上次循环时间', 'Last cycle time', 's', [0, 40000], (s) => s.lastCycleS),
  number('controller.temperature', '控制柜温度', 'Controller temperature', 'Cel', [0, 70], (s) => s.controllerC, {
    opcua: 'Float',
  }),
  flag('collision', '碰撞检测', 'Collision detected', (s) => s.faultS > 0),
  number(
    'alarm.code',
    '报警代码',
    'Alarm code',
    null,
    [0, 9999],
    (s) => (s.faultS > 0 ? COLLISION : 0),
    { opcua: 'Int32' },
    {
      codes: { 0: { zh: '无', en: 'None' }, 508: { zh: '碰撞检测', en: 'Collision detected' } },
    },
  ),
  number('power', '有功功率', 'Active power', 'kW', [0, 15], (s) => s.powerKw),
  number('energy', '电能', 'Energy', 'kW.h', undefined, (s) => s.energyKwh, undefined, { counter: true }),
];

function initial(random: Random): State {
  return {
    powerKw: 1,
    powerFactor: 0.78,
    airM3h: 3,
    coolingKw: 0,
    joints: [...HOME],
    velocity: [0, 0, 0, 0, 0, 0],
    motorC: [40, 42, 41, 36, 35, 34],
    target: 0,
    waitS: 0,
    override: 90,
    gripped: false,
    cycles: Math.floor(random.between(200_000, 400_000)),
    cycleS: 0,
    lastCycleS: 0,
    faultS: 0,
    waiting: false,
    controllerC: 33,
    energyKwh: random.between(6000, 9000),
  };
}

/** Moves every joint towards the target at no more than its speed; true on arrival. */
function drive(s: State, target: Six): boolean {
  const most = (MOST_DEG_S * s.override) / 100;
  let arrived = true;
  for (const i of JOINTS) {
    const left = target[i] - s.joints[i];
    // Slows down over the last degrees; the acceleration is limited by the lag.
    const wanted = clamp(left * 3, -most, most);
    s.velocity[i] = lag(s.velocity[i], wanted, 0.15, STEP_S);
    s.joints[i] = clamp(s.joints[i] + s.velocity[i] * STEP_S, -180, 180);
    if (Math.abs(left) > 0.3) arrived = false;
  }
  return arrived;
}

function proceed(s: State, site: Site): void {
  s.cycleS += STEP_S;
  if (s.waitS > 0) {
    s.waitS -= STEP_S;
    return;
  }
  const point = PATH[s.target];
  if (!point || !drive(s, point.joints)) return;
  if (point.grip !== undefined) s.gripped = point.grip;
  s.waitS = point.waitS;
  s.target = (s.target + 1) % PATH.length;
  if (s.target !== 0) return;
  s.cycles += 1;
  s.lastCycleS = s.cycleS;
  s.cycleS = 0;
  s.waiting = site.onBreak;
}

function step(s: State, site: Site, random: Random): void {
  if (s.waiting) s.waiting = site.onBreak;
  if (s.faultS > 0) s.faultS = Math.max(0, s.faultS - STEP_S);
  else if (!s.waiting && random.happens(7 * 3600, STEP_S)) s.faultS = random.between(45, 240);
  if (s.faultS > 0 || s.waiting) s.velocity.fill(0);
  else proceed(s, site);
  let effort = 0;
  for (const i of JOINTS) {
    const share = Math.abs(s.velocity[i]) / MOST_DEG_S;
    effort += share * (i < 3 ? 1 : 0.35);
    s.motorC[i] = clamp(lag(s.motorC[i], site.ambientC + 10 + share * (i < 3 ? 60 : 35), 1400, STEP_S), 0, 110);
  }
  s.controllerC = clamp(lag(s.controllerC, site.ambientC + 9 + effort * 3, 900, STEP_S), 0, 70);
  s.airM3h = s.gripped ? 8 : 3;
  s.powerKw = 0.7 + effort * 1.5 + (s.gripped ? 0.3 : 0) + random.noise(0.02);
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
}

export const robotCell = defineKind<State>({ kind: 'robot-cell', typeName: 'RobotCellType', points, initial, step });
