import { catalogue } from './catalogue.ts';
import { createClock } from './clock.ts';
import type { RunningMachine } from './machine-kind.ts';
import { roster } from './roster.ts';
import { createModbusServer } from './servers/modbus-server.ts';
import { createOpcUaServer } from './servers/opcua-server.ts';
import { createSimulation } from './simulation.ts';

export interface PlantOptions {
  /** Keeps the OPC UA key and certificates. */
  dataDirectory: string;
  /** The same seed (1) gives the same values at the same step. */
  seed?: number;
  /** 127.0.0.1. */
  host?: string;
  /** 0, which is the default, takes a free one. */
  modbusPort?: number;
  /** 0, which is the default, takes a free one. */
  opcuaPort?: number;
  /** Simulated seconds a second (1); 0 stands still until `advance`. */
  speed?: number;
  /** Who may log in to OPC UA besides anonymous. */
  user?: { name: string; password: string };
}

export interface Plant {
  /** Listens on both ports, then sets the simulation going. */
  start(): Promise<{ modbusPort: number; opcuaPort: number }>;
  stop(): Promise<void>;
  /** By machine id; `read` gives the value of a point as it is now, before any encoding. */
  readonly machines: ReadonlyMap<string, RunningMachine>;
  /** Steps of 100 ms simulated time done so far. */
  readonly steps: number;
  /** Does steps at once, whatever the clock says. */
  advance(steps: number): void;
}

export function createPlant(options: PlantOptions): Plant {
  const simulation = createSimulation({ seed: options.seed ?? 1 });
  const { machines } = simulation;
  const typeNames = new Map(roster.map(({ kind }) => [kind.kind, kind.typeName]));
  const { host = '127.0.0.1', dataDirectory, user } = options;
  const clock = createClock({ speed: options.speed ?? 1, step: simulation.step });
  const modbus = createModbusServer({ catalogue, machines, host, port: options.modbusPort ?? 0 });
  const opcua = createOpcUaServer({
    catalogue,
    machines,
    typeNames,
    host,
    port: options.opcuaPort ?? 0,
    dataDirectory,
    ...(user && { user }),
  });

  async function stop(): Promise<void> {
    clock.stop();
    await Promise.all([modbus.stop(), opcua.stop()]);
  }

  return {
    async start() {
      try {
        const modbusPort = await modbus.start();
        const opcuaPort = await opcua.start();
        clock.start();
        return { modbusPort, opcuaPort };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    machines,
    get steps() {
      return simulation.steps;
    },
    advance(steps) {
      for (let i = 0; i < steps; i += 1) simulation.step();
    },
  };
}
