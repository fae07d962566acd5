import { defineKind, type Site, STEP_S } from '../machine-kind.ts';
import type { Random } from '../random.ts';
import {
  ALARM,
  COOLANT_LOW,
  DOOR_OPEN,
  IDLE,
  LOADING,
  machiningCentrePoints,
  type Operation,
  OVERLOAD,
  RUNNING,
  type MachiningCentreState as State,
} from './machining-centre-points.ts';
import { clamp, lag } from './physics.ts';

function initial(random: Random, id: string): State {
  const operations = Array.from({ length: 5 }, (_, i) => ({
    tool: i * 3 + 1 + Math.floor(random.between(0, 3)),
    speed: Math.round(random.between(1800, 9800) / 50) * 50,
    loadPercent: random.between(28, 74),
    feed: Math.round(random.between(250, 2400) / 10) * 10,
    durationS: Math.round(random.between(28, 95)),
  }));
  const programNumber = Math.round(random.between(1000, 8999));
  return {
    powerKw: 2,
    powerFactor: 0.84,
    airM3h: 6,
    coolingKw: 0,
    code: LOADING,
    alarm: 0,
    remainingS: random.between(5, 40),
    operations,
    operation: 0,
    operationS: 0,
    programNumber,
    programName: `O${programNumber}-${id}.NC`,
    block: 0,
    speed: 0,
    spindleLoad: 0,
    spindleC: random.between(31, 38),
    vibration: 0.2,
    speedOverride: 100,
    feedOverride: 100,
    position: [0, 0, 0],
    axisLoad: [2, 2, 4],
    phase: random.between(0, 6),
    feed: 0,
    coolantC: random.between(23, 27),
    coolantLevel: random.between(45, 95),
    coolantBar: 0,
    refilling: false,
    pump: false,
    tool: operations[0]?.tool ?? 1,
    toolLife: Array.from({ length: 41 }, () => random.between(20, 100)),
    parts: Math.floor(random.between(4000, 60000)),
    rejected: Math.floor(random.between(20, 400)),
    cycleS: 0,
    lastCycleS: 0,
    energyKwh: random.between(20000, 90000),
    runHours: random.between(3000, 20000),
    door: true,
  };
}

function raise(s: State, alarm: number, durationS: number): void {
  s.code = ALARM;
  s.alarm = alarm;
  s.remainingS = durationS;
}

/** Which state the machine is in; an alarm clears after somebody has dealt with it, and the operation goes on. */
function decide(s: State, site: Site, random: Random): void {
  s.remainingS -= STEP_S;
  if (s.code === ALARM) {
    if (s.alarm === COOLANT_LOW) s.refilling = true;
    if (s.remainingS > 0 || (s.alarm === COOLANT_LOW && s.coolantLevel < 60)) return;
    s.code = RUNNING;
    s.alarm = 0;
  } else if (s.code === RUNNING) {
    if (s.coolantLevel < 15) raise(s, COOLANT_LOW, random.between(120, 300));
    else if (random.happens(4 * 3600, STEP_S)) raise(s, OVERLOAD, random.between(60, 240));
    else if (random.happens(9 * 3600, STEP_S)) raise(s, DOOR_OPEN, random.between(20, 90));
  } else if (s.code === LOADING && s.remainingS <= 0) {
    s.code = RUNNING;
    s.operation = 0;
    s.operationS = 0;
    s.cycleS = 0;
    s.block = 0;
  } else if (s.code === IDLE && !site.onBreak) {
    s.code = LOADING;
    s.remainingS = random.between(20, 60);
  }
}

function finishPart(s: State, site: Site, random: Random): void {
  s.parts += 1;
  if (random.next() < 0.012) s.rejected += 1;
  s.lastCycleS = s.cycleS;
  s.cycleS = 0;
  s.code = site.onBreak ? IDLE : LOADING;
  s.remainingS = random.between(25, 70);
}

function cut(s: State, operation: Operation, site: Site, random: Random): void {
  const pace = s.feedOverride / 100;
  s.operationS += STEP_S * pace;
  s.cycleS += STEP_S;
  s.block += random.next() < 0.6 * pace ? 1 : 0;
  s.tool = operation.tool;
  const worn = 1 + (100 - (s.toolLife[s.tool] ?? 100)) / 400;
  const engaged = s.operationS > 3 && s.operationS < operation.durationS - 2;
  const waves = 1 + 0.18 * Math.sin(s.phase * 0.9) + random.noise(0.06);
  s.speed = lag(s.speed, (operation.speed * s.speedOverride) / 100, 0.6, STEP_S);
  s.spindleLoad = lag(s.spindleLoad, engaged ? operation.loadPercent * worn * pace * waves : 6, 0.4, STEP_S);
  s.feed = lag(s.feed, engaged ? operation.feed * pace : 9000, 0.3, STEP_S);
  s.phase += (STEP_S * s.feed) / 2000;
  const life = (s.toolLife[s.tool] ?? 100) - STEP_S * 0.0022 * (operation.loadPercent / 50);
  s.toolLife[s.tool] = life < 2 ? 100 : life;
  if (s.operationS < operation.durationS) return;
  s.operation += 1;
  s.operationS = 0;
  if (s.operation >= s.operations.length) finishPart(s, site, random);
}

function step(s: State, site: Site, random: Random): void {
  decide(s, site, random);
  const operation = s.operations[s.operation];
  const running = s.code === RUNNING;
  if (running && operation) cut(s, operation, site, random);
  else {
    s.speed = s.speed < 1 ? 0 : lag(s.speed, 0, 0.9, STEP_S);
    s.feed = s.feed < 1 ? 0 : lag(s.feed, 0, 0.2, STEP_S);
    const stuck = s.alarm === OVERLOAD && s.remainingS > 30 && s.speed > 400;
    s.spindleLoad = clamp(lag(s.spindleLoad, stuck ? 165 : 0, 0.5, STEP_S), 0, 180);
  }
  if (s.code === ALARM && s.alarm === OVERLOAD) s.spindleLoad = Math.max(s.spindleLoad, s.speed > 100 ? 155 : 0);
  s.spindleLoad = clamp(s.spindleLoad, 0, 180);
  s.door = s.code === LOADING || (s.code === ALARM && s.alarm === DOOR_OPEN);
  moveAxes(s, running, random);
  coolant(s, running, site, random);

  const cutting = (s.spindleLoad / 100) * 15;
  s.spindleC = clamp(lag(s.spindleC, site.ambientC + 6 + s.speed / 600 + cutting * 0.9, 900, STEP_S), 0, 90);
  const wear = (100 - (s.toolLife[s.tool] ?? 100)) / 100;
  const shaking = 0.15 + s.speed / 9000 + (s.spindleLoad / 100) * (0.8 + 1.6 * wear);
  s.vibration = clamp(lag(s.vibration, shaking * (1 + random.noise(0.25)), 0.5, STEP_S), 0, 20);

  s.powerKw = 1.7 + (s.pump ? 2.2 : 0) + s.speed / 5200 + cutting + s.feed / 9000 + random.noise(0.04);
  s.powerFactor = clamp(0.72 + s.powerKw / 110, 0.7, 0.93);
  s.airM3h = (running ? 14 : 7) + (s.door ? 9 : 0) + random.noise(0.3);
  s.coolingKw = 0.35 * s.powerKw;
  s.energyKwh += (s.powerKw * STEP_S) / 3600;
  if (running) s.runHours += STEP_S / 3600;
}

function moveAxes(s: State, running: boolean, random: Random): void {
  const [x, y, z] = s.position;
  const targetX = running ? 210 * Math.sin(s.phase) + 60 * Math.sin(2.7 * s.phase) : 0;
  const targetY = running ? 160 * Math.cos(0.83 * s.phase) + 40 * Math.sin(3.1 * s.phase) : 250;
  const targetZ = running && s.operationS > 3 ? -320 - 60 * Math.sin(0.31 * s.phase) : -20;
  const next: [number, number, number] = [
    lag(x, targetX, 0.5, STEP_S),
    lag(y, targetY, 0.5, STEP_S),
    lag(z, targetZ, 0.7, STEP_S),
  ];
  for (let i = 0; i < 3; i += 1) {
    const moved = Math.abs((next[i] ?? 0) - (s.position[i] ?? 0)) / STEP_S;
    const hold = i === 2 ? 9 : 3;
    const load = hold + moved * 0.05 + (running ? s.spindleLoad * 0.12 : 0) + random.noise(0.6);
    s.axisLoad[i] = clamp(lag(s.axisLoad[i] ?? 0, load, 0.4, STEP_S), 0, 100);
  }
  s.position = next;
}

function coolant(s: State, running: boolean, site: Site, random: Random): void {
  s.pump = running;
  s.coolantBar = clamp(lag(s.coolantBar, s.pump ? 18 + random.noise(0.8) : 0, 0.8, STEP_S), 0, 30);
  const heat = site.chilledWaterC + 9 + (s.spindleLoad / 100) * 8;
  s.coolantC = clamp(lag(s.coolantC, running ? heat : site.ambientC, 1500, STEP_S), 0, 60);
  if (running) s.coolantLevel -= STEP_S * 0.0011;
  if (s.refilling) s.coolantLevel += STEP_S * 0.35;
  if (s.coolantLevel > 92) s.refilling = false;
  s.coolantLevel = clamp(s.coolantLevel, 0, 100);
}

export const machiningCentre = defineKind<State>({
  kind: 'machining-centre',
  typeName: 'MachiningCentreType',
  points: machiningCentrePoints,
  initial,
  step,
});
