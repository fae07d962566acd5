export interface Text {
  zh: string;
  en: string;
}

export interface Place extends Text {
  id: string;
}

export type Value = number | boolean | string;

export type RegisterEncoding = 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32';

/**
 * Where a point is in a Modbus unit. `address` counts from 0 (as on the wire). A 32-bit value takes two registers:
 * `wordOrder` 'big' (default, ABCD) has the high word first, 'little' (CDAB) the low word first; bytes within a word
 * are always big-endian. Physical value = raw × `scale` (1 when absent). Coils and discrete inputs have no encoding.
 */
export type ModbusAddress =
  | { area: 'coil' | 'discrete'; address: number }
  | {
      area: 'holding' | 'input';
      address: number;
      encoding: RegisterEncoding;
      wordOrder?: 'big' | 'little';
      scale?: number;
    };

export type OpcUaDataType = 'Boolean' | 'Int16' | 'UInt16' | 'Int32' | 'UInt32' | 'Float' | 'Double' | 'String';

export interface OpcUaAddress {
  /** For example `ns=1;s=CNC-04.Spindle.Speed`; namespace 1 is `urn:luban:plant`. */
  nodeId: string;
  dataType: OpcUaDataType;
}

export interface PointDescription {
  /** Unique within the machine: dotted lower case, for example `spindle.speed`. */
  id: string;
  name: Text;
  type: 'number' | 'boolean' | 'string';
  /** UCUM code, '1' for counts, null where there is no unit (texts, flags, codes). */
  unit: string | null;
  range?: [number, number];
  /** What each value of a coded point (a state, a phase, an alarm) means. */
  codes?: Record<string, Text>;
  /** The number only ever grows. */
  counter?: true;
  /** May be written: within `range` if it has one. */
  writable?: true;
  modbus?: ModbusAddress;
  opcua?: OpcUaAddress;
}

export interface MachineDescription {
  /** For example `CNC-01`. */
  id: string;
  name: Text;
  kind: string;
  area: Place;
  line: Place;
  protocol: 'modbus' | 'opcua';
  /** Modbus only. */
  unitId?: number;
  /** The energy meter that this machine hangs on. */
  meter?: string;
  points: PointDescription[];
}
