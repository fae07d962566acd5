import type { Place, Text } from './machine-description.ts';
import type { MachineKind } from './machine-kind.ts';
import { agvCharger } from './machines/agv-charger.ts';
import { airCompressor } from './machines/air-compressor.ts';
import { assemblyPress } from './machines/assembly-press.ts';
import { chiller } from './machines/chiller.ts';
import { energyMeter } from './machines/energy-meter.ts';
import { furnace } from './machines/furnace.ts';
import { machiningCentre } from './machines/machining-centre.ts';
import { robotCell } from './machines/robot-cell.ts';
import { washingMachine } from './machines/washing-machine.ts';

/** A machine of the shop: what it is, where it stands, how it is spoken to and which meter feeds it. */
export interface PlacedMachine {
  id: string;
  name: Text;
  kind: MachineKind;
  area: Place;
  line: Place;
  protocol: 'modbus' | 'opcua';
  unitId?: number;
  meter?: string;
}

const machining: Place = { id: 'machining', zh: '机加工车间', en: 'Machining' };
const heatTreatment: Place = { id: 'heat-treatment', zh: '热处理车间', en: 'Heat treatment' };
const assembly: Place = { id: 'assembly', zh: '装配车间', en: 'Assembly' };
const utilities: Place = { id: 'utilities', zh: '动力站', en: 'Utilities' };

const logistics: Place = { id: 'logistics', zh: '物流', en: 'Logistics' };

const cellA: Place = { id: 'machining-a', zh: '机加工 A 线', en: 'Machining line A' };
const cellB: Place = { id: 'machining-b', zh: '机加工 B 线', en: 'Machining line B' };
const hardening: Place = { id: 'hardening', zh: '淬火线', en: 'Hardening line' };
const cleaning: Place = { id: 'cleaning', zh: '清洗线', en: 'Cleaning line' };
const joining: Place = { id: 'joining', zh: '压装线', en: 'Joining line' };
const air: Place = { id: 'compressed-air', zh: '压缩空气', en: 'Compressed air' };
const water: Place = { id: 'cooling-water', zh: '循环冷却水', en: 'Cooling water' };
const transport: Place = { id: 'transport', zh: '厂内运输', en: 'Internal transport' };
const power: Place = { id: 'power', zh: '配电', en: 'Power distribution' };

/** In the order in which they are stepped: those that take, then those that supply, then those that measure. */
export const roster: PlacedMachine[] = [
  ...[1, 2, 3].map((n) => ({
    id: `CNC-0${n}`,
    name: { zh: `${n} 号加工中心`, en: `Machining centre ${n}` },
    kind: machiningCentre,
    area: machining,
    line: cellA,
    protocol: 'modbus' as const,
    unitId: n,
    meter: 'MTR-01',
  })),
  ...[4, 5, 6].map((n) => ({
    id: `CNC-0${n}`,
    name: { zh: `${n} 号加工中心`, en: `Machining centre ${n}` },
    kind: machiningCentre,
    area: machining,
    line: cellB,
    protocol: 'opcua' as const,
    meter: 'MTR-01',
  })),
  {
    id: 'FUR-01',
    name: { zh: '1 号热处理炉', en: 'Heat treatment furnace 1' },
    kind: furnace,
    area: heatTreatment,
    line: hardening,
    protocol: 'opcua',
    meter: 'MTR-02',
  },
  {
    id: 'WSH-01',
    name: { zh: '1 号清洗机', en: 'Washing machine 1' },
    kind: washingMachine,
    area: heatTreatment,
    line: cleaning,
    protocol: 'opcua',
    meter: 'MTR-02',
  },
  {
    id: 'PRS-01',
    name: { zh: '1 号压装机', en: 'Assembly press 1' },
    kind: assemblyPress,
    area: assembly,
    line: joining,
    protocol: 'opcua',
    meter: 'MTR-03',
  },
  {
    id: 'ROB-01',
    name: { zh: '1 号机器人单元', en: 'Robot cell 1' },
    kind: robotCell,
    area: assembly,
    line: joining,
    protocol: 'opcua',
    meter: 'MTR-03',
  },
  {
    id: 'AGV-01',
    name: { zh: '1 号 AGV 与充电桩', en: 'AGV and charger 1' },
    kind: agvCharger,
    area: logistics,
    line: transport,
    protocol: 'opcua',
    meter: 'MTR-03',
  },
  {
    id: 'COMP-01',
    name: { zh: '1 号空压机', en: 'Air compressor 1' },
    kind: airCompressor,
    area: utilities,
    line: air,
    protocol: 'modbus',
    unitId: 11,
    meter: 'MTR-03',
  },
  {
    id: 'CHL-01',
    name: { zh: '1 号冷水机', en: 'Chiller 1' },
    kind: chiller,
    area: utilities,
    line: water,
    protocol: 'modbus',
    unitId: 12,
    meter: 'MTR-03',
  },
  ...[
    { n: 1, zh: '机加工电表', en: 'Machining energy meter' },
    { n: 2, zh: '热处理电表', en: 'Heat treatment energy meter' },
    { n: 3, zh: '动力与装配电表', en: 'Utilities and assembly energy meter' },
  ].map(({ n, zh, en }) => ({
    id: `MTR-0${n}`,
    name: { zh, en },
    kind: energyMeter,
    area: utilities,
    line: power,
    protocol: 'modbus' as const,
    unitId: 20 + n,
  })),
];
