import { coil, discrete, holding, input, type Load, pointsOf } from '../machine-kind.ts';

/** One operation of a part program: a tool at work. */
export interface Operation {
  tool: number;
  speed: number;
  loadPercent: number;
  feed: number;
  durationS: number;
}

export const IDLE = 1;
export const LOADING = 2;
export const RUNNING = 3;
export const ALARM = 4;

export const OVERLOAD = 1012;
export const COOLANT_LOW = 2041;
export const DOOR_OPEN = 3005;

export interface MachiningCentreState extends Load {
  code: number;
  alarm: number;
  remainingS: number;
  operations: Operation[];
  operation: number;
  operationS: number;
  programNumber: number;
  programName: string;
  block: number;
  speed: number;
  spindleLoad: number;
  spindleC: number;
  vibration: number;
  speedOverride: number;
  feedOverride: number;
  position: [number, number, number];
  axisLoad: [number, number, number];
  phase: number;
  feed: number;
  coolantC: number;
  coolantLevel: number;
  coolantBar: number;
  refilling: boolean;
  pump: boolean;
  tool: number;
  toolLife: number[];
  parts: number;
  rejected: number;
  cycleS: number;
  lastCycleS: number;
  energyKwh: number;
  runHours: number;
  door: boolean;
}

const { number, flag, text } = pointsOf<MachiningCentreState>();
const tenth = { scale: 0.1 };
const micron = { scale: 0.001 };

export const machiningCentrePoints = [
  number('state', '运行状态', 'State', null, [0, 4], (s) => s.code, input(0, 'uint16'), {
    codes: {
      1: { zh: '待机', en: 'Idle' },
      2: { zh: '上下料', en: 'Loading' },
      3: { zh: '加工', en: 'Running' },
      4: { zh: '报警', en: 'Alarm' },
    },
  }),
  number('alarm.code', '报警代码', 'Alarm code', null, [0, 9999], (s) => s.alarm, input(1, 'uint16'), {
    codes: {
      0: { zh: '无', en: 'None' },
      1012: { zh: '主轴过载', en: 'Spindle overload' },
      2041: { zh: '切削液液位低', en: 'Coolant low' },
      3005: { zh: '防护门打开', en: 'Guard door open' },
    },
  }),
  number('program.number', '程序号', 'Program number', null, [0, 9999], (s) => s.programNumber, input(2, 'uint16')),
  text('program.name', '程序名', 'Program name', (s) => s.programName),
  number('program.block', '程序段号', 'Program block', '1', [0, 4e9], (s) => s.block, input(4, 'uint32')),
  number('spindle.speed', '主轴转速', 'Spindle speed', '/min', [0, 14400], (s) => s.speed, input(10, 'uint16')),
  number('spindle.load', '主轴负载', 'Spindle load', '%', [0, 180], (s) => s.spindleLoad, input(11, 'int16', tenth)),
  number(
    'spindle.temperature',
    '主轴温度',
    'Spindle temperature',
    'Cel',
    [0, 90],
    (s) => s.spindleC,
    input(12, 'int16', tenth),
  ),
  number(
    'spindle.vibration',
    '主轴振动',
    'Spindle vibration',
    'mm/s',
    [0, 20],
    (s) => s.vibration,
    input(14, 'float32'),
  ),
  number(
    'spindle.override',
    '主轴倍率',
    'Spindle override',
    '%',
    [50, 120],
    (s) => s.speedOverride,
    holding(0, 'uint16'),
    {
      write: (s, value) => {
        s.speedOverride = value;
      },
    },
  ),
  number(
    'axis.x.position',
    'X 轴位置',
    'X axis position',
    'mm',
    [-400, 400],
    (s) => s.position[0],
    input(20, 'int32', micron),
  ),
  number(
    'axis.y.position',
    'Y 轴位置',
    'Y axis position',
    'mm',
    [-300, 300],
    (s) => s.position[1],
    input(22, 'int32', micron),
  ),
  number(
    'axis.z.position',
    'Z 轴位置',
    'Z axis position',
    'mm',
    [-500, 0],
    (s) => s.position[2],
    input(24, 'int32', micron),
  ),
  number('axis.x.load', 'X 轴负载', 'X axis load', '%', [0, 100], (s) => s.axisLoad[0], input(26, 'int16', tenth)),
  number('axis.y.load', 'Y 轴负载', 'Y axis load', '%', [0, 100], (s) => s.axisLoad[1], input(27, 'int16', tenth)),
  number('axis.z.load', 'Z 轴负载', 'Z axis load', '%', [0, 100], (s) => s.axisLoad[2], input(28, 'int16', tenth)),
  number('feed.rate', '进给速度', 'Feed rate', 'mm/min', [0, 12000], (s) => s.feed, input(30, 'float32')),
  number('feed.override', '进给倍率', 'Feed override', '%', [10, 120], (s) => s.feedOverride, holding(1, 'uint16'), {
    write: (s, value) => {
      s.feedOverride = value;
    },
  }),
  number(
    'coolant.temperature',
    '切削液温度',
    'Coolant temperature',
    'Cel',
    [0, 60],
    (s) => s.coolantC,
    input(40, 'int16', tenth),
  ),
  number(
    'coolant.level',
    '切削液液位',
    'Coolant level',
    '%',
    [0, 100],
    (s) => s.coolantLevel,
    input(41, 'uint16', tenth),
  ),
  number(
    'coolant.pressure',
    '切削液压力',
    'Coolant pressure',
    'bar',
    [0, 30],
    (s) => s.coolantBar,
    input(42, 'float32'),
  ),
  flag('coolant.pump', '切削液泵', 'Coolant pump', (s) => s.pump, coil(0)),
  flag('coolant.low', '切削液液位低', 'Coolant low', (s) => s.coolantLevel < 20, discrete(3)),
  number('tool.number', '刀具号', 'Tool number', null, [0, 40], (s) => s.tool, input(50, 'uint16')),
  number(
    'tool.life',
    '刀具剩余寿命',
    'Tool life left',
    '%',
    [0, 100],
    (s) => s.toolLife[s.tool] ?? 0,
    input(51, 'uint16', tenth),
  ),
  number('parts.count', '产量', 'Parts made', '1', undefined, (s) => s.parts, input(100, 'uint32'), { counter: true }),
  number('parts.rejected', '不良数', 'Parts rejected', '1', undefined, (s) => s.rejected, input(102, 'uint32'), {
    counter: true,
  }),
  number('cycle.elapsed', '本件已用时间', 'Cycle elapsed', 's', [0, 65000], (s) => s.cycleS, input(104, 'uint16')),
  number('cycle.last', '上件节拍', 'Last cycle time', 's', [0, 65000], (s) => s.lastCycleS, input(105, 'uint16')),
  number(
    'hours.running',
    '加工小时',
    'Running hours',
    'h',
    undefined,
    (s) => s.runHours,
    input(106, 'uint32', { scale: 0.01 }),
    { counter: true },
  ),
  number(
    'power',
    '有功功率',
    'Active power',
    'kW',
    [0, 60],
    (s) => s.powerKw,
    input(120, 'float32', { wordOrder: 'little' }),
  ),
  number(
    'energy',
    '电能',
    'Energy',
    'kW.h',
    undefined,
    (s) => s.energyKwh,
    input(122, 'uint32', { scale: 0.01, wordOrder: 'little' }),
    { counter: true },
  ),
  flag('door.open', '防护门打开', 'Guard door open', (s) => s.door, discrete(0)),
  flag('alarm.active', '有报警', 'Alarm active', (s) => s.code === ALARM, discrete(1)),
  flag('spindle.overload', '主轴过载', 'Spindle overload', (s) => s.alarm === OVERLOAD, discrete(2)),
];
