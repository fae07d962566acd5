import type { AddressInfo, Server } from 'node:net';
import { ServerTCP } from 'modbus-serial';
import type { MachineDescription, PointDescription } from '../machine-description.ts';
import type { RunningMachine } from '../machine-kind.ts';
import { decodeRegisters, encodeRegisters, type RegisterAddress, registerCount } from './register-codec.ts';

const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
const NO_SUCH_UNIT = 11;

type Area = 'holding' | 'input' | 'coil' | 'discrete';
/** One register or bit of a unit: the point that lives there, and which of its words. */
type Cell = { point: PointDescription; word: number };

interface Unit {
  machine: RunningMachine;
  cells: Record<Area, Map<number, Cell>>;
}

class ModbusException extends Error {
  readonly modbusErrorCode: number;
  constructor(modbusErrorCode: number) {
    super(`Modbus exception ${modbusErrorCode}`);
    this.modbusErrorCode = modbusErrorCode;
  }
}

function unitOf(description: MachineDescription, machine: RunningMachine): Unit {
  const cells: Unit['cells'] = { holding: new Map(), input: new Map(), coil: new Map(), discrete: new Map() };
  for (const point of description.points) {
    if (!point.modbus) continue;
    const { area, address } = point.modbus;
    const words = 'encoding' in point.modbus ? registerCount(point.modbus) : 1;
    for (let word = 0; word < words; word += 1) {
      if (cells[area].has(address + word))
        throw new Error(`${description.id}: two points at ${area} ${address + word}`);
      cells[area].set(address + word, { point, word });
    }
  }
  return { machine, cells };
}

/**
 * Modbus TCP server of all machines that speak it, one unit id each. A block read gives the words of one and the same
 * step. An address where nothing lives answers with exception 2, an unknown unit with 11, a value that is out of
 * range with 3.
 */
export function createModbusServer({
  catalogue,
  machines,
  host,
  port,
}: {
  catalogue: readonly MachineDescription[];
  machines: ReadonlyMap<string, RunningMachine>;
  host: string;
  port: number;
}) {
  const units = new Map<number, Unit>();
  for (const description of catalogue) {
    const machine = machines.get(description.id);
    if (description.unitId !== undefined && machine) units.set(description.unitId, unitOf(description, machine));
  }

  function unit(unitId: number): Unit {
    const found = units.get(unitId);
    if (!found) throw new ModbusException(NO_SUCH_UNIT);
    return found;
  }

  function cell(unitId: number, area: Area, address: number): Cell {
    const found = unit(unitId).cells[area].get(address);
    if (!found) throw new ModbusException(ILLEGAL_ADDRESS);
    return found;
  }

  function registers(area: 'holding' | 'input', address: number, length: number, unitId: number): number[] {
    return Array.from({ length }, (_, i) => {
      const { point, word } = cell(unitId, area, address + i);
      return encodeRegisters(unit(unitId).machine.read(point.id), point.modbus as RegisterAddress)[word] ?? 0;
    });
  }

  const bit = (area: 'coil' | 'discrete', address: number, unitId: number): boolean =>
    unit(unitId).machine.read(cell(unitId, area, address).point.id) === true;

  /** Only whole points can be written: half of a 32-bit value would be a different number for a moment. */
  function writeRegisters(address: number, values: number[], unitId: number): void {
    for (let at = 0; at < values.length; ) {
      const { point, word } = cell(unitId, 'holding', address + at);
      const place = point.modbus as RegisterAddress;
      const words = registerCount(place);
      if (!point.writable || word !== 0 || at + words > values.length) throw new ModbusException(ILLEGAL_ADDRESS);
      const value = decodeRegisters(values.slice(at, at + words), place);
      if (!unit(unitId).machine.write(point.id, value)) throw new ModbusException(ILLEGAL_VALUE);
      at += words;
    }
  }

  function writeCoil(address: number, value: boolean, unitId: number): void {
    const { point } = cell(unitId, 'coil', address);
    if (!point.writable) throw new ModbusException(ILLEGAL_ADDRESS);
    if (!unit(unitId).machine.write(point.id, value)) throw new ModbusException(ILLEGAL_VALUE);
  }

  let server: ServerTCP | undefined;

  return {
    /** Listens and returns the port; fails with the error of the socket (EADDRINUSE …). */
    async start(): Promise<number> {
      server = new ServerTCP(
        {
          getMultipleInputRegisters: (address: number, length: number, unitId: number) =>
            registers('input', address, length, unitId),
          getMultipleHoldingRegisters: (address: number, length: number, unitId: number) =>
            registers('holding', address, length, unitId),
          getInputRegister: (address: number, unitId: number) => registers('input', address, 1, unitId)[0] ?? 0,
          getHoldingRegister: (address: number, unitId: number) => registers('holding', address, 1, unitId)[0] ?? 0,
          getCoil: (address: number, unitId: number) => bit('coil', address, unitId),
          getDiscreteInput: (address: number, unitId: number) => bit('discrete', address, unitId),
          setRegister: (address: number, value: number, unitId: number) => writeRegisters(address, [value], unitId),
          setRegisterArray: (address: number, values: number[], unitId: number) =>
            writeRegisters(address, values, unitId),
          setCoil: (address: number, value: boolean, unitId: number) => writeCoil(address, value, unitId),
        },
        // The library takes the number 0 for "not given" and would listen on 502; as text it reaches the socket.
        { host, port: String(port) as unknown as number },
      );
      await new Promise<void>((resolve, reject) => {
        server?.on('initialized', () => resolve());
        server?.on('serverError', (error) => reject(error));
      });
      const { _server } = server as unknown as { _server: Server };
      return (_server.address() as AddressInfo).port;
    },
    async stop(): Promise<void> {
      if (!server) return;
      await new Promise<void>((resolve) => server?.close(() => resolve()));
      server = undefined;
    },
  };
}
