import type { ModbusAddress, OpcUaDataType, RegisterEncoding, Text, Value } from './machine-description.ts';
import type { Random } from './random.ts';

/** Simulated time of one step, in seconds. */
export const STEP_S = 0.1;

/** What every machine takes from the site. */
export interface Load {
  powerKw: number;
  /** cos φ of the machine's own consumption. */
  powerFactor: number;
  /** Compressed air, normal m³/h. */
  airM3h: number;
  /** Heat handed to the chilled water circuit. */
  coolingKw: number;
}

/** What the site gives every machine. */
export interface Site {
  /** Simulated seconds since the start. */
  timeS: number;
  /** Hour of the simulated day, 0 to 24. */
  hour: number;
  /** A break between shifts: people leave, unmanned equipment goes on. */
  onBreak: boolean;
  ambientC: number;
  gridVoltageV: number;
  gridFrequencyHz: number;
  airPressureBar: number;
  airDemandM3h: number;
  chilledWaterC: number;
  coolingDemandKw: number;
}

/** A machine as it runs. `state` holds its load, updated by each `step`. */
export interface RunningMachine {
  readonly load: Readonly<Load>;
  step(site: Site): void;
  /** @throws RangeError for a point that the machine does not have. */
  read(pointId: string): Value;
  /** Returns false when the point cannot be written or the value is outside its range. */
  write(pointId: string, value: Value): boolean;
}

export interface PointSpec<S> {
  id: string;
  name: Text;
  type: 'number' | 'boolean' | 'string';
  unit: string | null;
  range?: [number, number];
  codes?: Record<string, Text>;
  counter?: true;
  /** Where the point is when the machine speaks Modbus; a point without it is only seen by OPC UA. */
  modbus?: ModbusAddress;
  dataType: OpcUaDataType;
  read(state: S): Value;
  write?(state: S, value: number): void;
}

export interface MachineKind {
  kind: string;
  /** Browse name of the OPC UA object type. */
  typeName: string;
  points: PointSpec<never>[];
  create(context: { id: string; random: Random; fed: readonly Readonly<Load>[]; site: Site }): RunningMachine;
}

/** Ties a state type to its points and its physics, and hides it from everybody else. */
export function defineKind<S extends Load>(definition: {
  kind: string;
  typeName: string;
  points: PointSpec<S>[];
  initial(random: Random, id: string): S;
  step(state: S, site: Site, random: Random, fed: readonly Readonly<Load>[]): void;
  /** Writes what the machine supplies (air pressure, chilled water) into the site. */
  supply?(state: S, site: Site): void;
}): MachineKind {
  const byId = new Map(definition.points.map((point) => [point.id, point]));
  return {
    kind: definition.kind,
    typeName: definition.typeName,
    points: definition.points,
    create({ id, random, fed, site: atStart }) {
      const state = definition.initial(random, id);
      definition.supply?.(state, atStart);
      return {
        load: state,
        step(site) {
          definition.step(state, site, random, fed);
          definition.supply?.(state, site);
        },
        read(pointId) {
          const point = byId.get(pointId);
          if (!point) throw new RangeError(`${id} has no point ${pointId}`);
          return point.read(state);
        },
        write(pointId, value) {
          const point = byId.get(pointId);
          if (!point?.write || typeof value === 'string') return false;
          const number = Number(value);
          if (!Number.isFinite(number)) return false;
          if (point.range && (number < point.range[0] || number > point.range[1])) return false;
          point.write(state, number);
          return true;
        },
      };
    },
  };
}

type Location = ModbusAddress | { opcua: OpcUaDataType };
type More<S> = { codes?: Record<string, Text>; counter?: true; write?: (state: S, value: number) => void };

const opcUaTypes: Record<RegisterEncoding, OpcUaDataType> = {
  int16: 'Int16',
  uint16: 'UInt16',
  int32: 'Int32',
  uint32: 'UInt32',
  float32: 'Float',
};

function located(location: Location | undefined): { modbus?: ModbusAddress; dataType: OpcUaDataType } {
  if (!location) return { dataType: 'Double' };
  if ('opcua' in location) return { dataType: location.opcua };
  if (!('encoding' in location)) return { modbus: location, dataType: 'Boolean' };
  return { modbus: location, dataType: location.scale === undefined ? opcUaTypes[location.encoding] : 'Double' };
}

/** Short makers of points for one state type; a machine's list of points then reads as a table. */
export function pointsOf<S>() {
  return {
    number: (
      id: string,
      zh: string,
      en: string,
      unit: string | null,
      range: [number, number] | undefined,
      read: (state: S) => number,
      location?: Location,
      more: More<S> = {},
    ): PointSpec<S> => ({
      id,
      name: { zh, en },
      type: 'number',
      unit,
      ...(range && { range }),
      ...more,
      ...located(location),
      read,
    }),
    flag: (
      id: string,
      zh: string,
      en: string,
      read: (state: S) => boolean,
      location: Location = { opcua: 'Boolean' },
      more: More<S> = {},
    ): PointSpec<S> => ({ id, name: { zh, en }, type: 'boolean', unit: null, ...more, ...located(location), read }),
    text: (
      id: string,
      zh: string,
      en: string,
      read: (state: S) => string,
      codes?: Record<string, Text>,
    ): PointSpec<S> => ({
      id,
      name: { zh, en },
      type: 'string',
      unit: null,
      ...(codes && { codes }),
      dataType: 'String',
      read,
    }),
  };
}

type Word = { scale?: number; wordOrder?: 'big' | 'little' };
export const input = (address: number, encoding: RegisterEncoding, word: Word = {}): ModbusAddress => ({
  area: 'input',
  address,
  encoding,
  ...word,
});
export const holding = (address: number, encoding: RegisterEncoding, word: Word = {}): ModbusAddress => ({
  area: 'holding',
  address,
  encoding,
  ...word,
});
export const coil = (address: number): ModbusAddress => ({ area: 'coil', address });
export const discrete = (address: number): ModbusAddress => ({ area: 'discrete', address });

/** The node path of a point: `spindle.speed` → `Spindle.Speed`. */
export const nodePath = (pointId: string): string =>
  pointId
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('.');
