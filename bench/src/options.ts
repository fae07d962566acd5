import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What a run does, from its command line. */
export interface Options {
  readonly quick: boolean;
  /** Beside other products instead of beside limits. */
  readonly rivals: boolean;
  /** Names of rows; empty: all of them. */
  readonly only: readonly string[];
  /** Where the table also goes as JSON. */
  readonly json: string | null;
  /** Folder for the run's data; null: a new one under the system's temporary folder. */
  readonly data: string | null;
  /** Extra arguments of node for the platform, for example --cpu-prof. */
  readonly platformArgs: readonly string[];
  readonly sizes: Sizes;
  readonly rivalSizes: RivalSizes;
}

/** How much each row does. */
export interface Sizes {
  readonly repetitions: number;
  readonly largeMessages: number;
  readonly smallMessages: number;
  readonly httpRequests: number;
  readonly queries: number;
  readonly querySeconds: number;
  readonly importRows: number;
  readonly modbusSeconds: number;
  /** Of 1,000 points each. Four at most: a configuration above 1 MiB does not reach its edge. */
  readonly modbusDevices: number;
  readonly storageBlocks: number;
  /** The count is compared after each row; without it once, at the end, in the store itself. */
  readonly countEachRow: boolean;
  /** Before a row, how long the platform may take to come to rest. */
  readonly quietSeconds: number;
  readonly idleSeconds: number;
}

/** How much each row beside other products does. */
export interface RivalSizes {
  /** Turns that each product has, one after another. */
  readonly rounds: number;
  readonly bulkMessages: number;
  readonly smallMessages: number;
  /** How long the stack must keep up with a rate. */
  readonly stackSeconds: number;
  readonly queryPoints: number;
  readonly querySeconds: number;
  readonly sizeSteps: number;
  readonly connections: number;
  readonly overloadSeconds: number;
  readonly seriesCounts: readonly number[];
  readonly seriesMessages: number;
}

const fullRivals: RivalSizes = {
  rounds: 3,
  bulkMessages: 6000,
  smallMessages: 40_000,
  stackSeconds: 6,
  queryPoints: 10_000,
  querySeconds: 5,
  sizeSteps: 2000,
  connections: 10_000,
  overloadSeconds: 3,
  seriesCounts: [1000, 10_000, 100_000, 1_000_000],
  seriesMessages: 6000,
};
const quickRivals: RivalSizes = {
  rounds: 1,
  bulkMessages: 1200,
  smallMessages: 8000,
  stackSeconds: 2,
  queryPoints: 2000,
  querySeconds: 2,
  sizeSteps: 500,
  connections: 1000,
  overloadSeconds: 2,
  seriesCounts: [1000, 10_000],
  seriesMessages: 2000,
};

const full: Sizes = {
  repetitions: 3,
  largeMessages: 6000,
  smallMessages: 60_000,
  httpRequests: 600,
  queries: 40,
  querySeconds: 15,
  importRows: 1_000_000,
  modbusSeconds: 6,
  modbusDevices: 4,
  storageBlocks: 20,
  countEachRow: true,
  quietSeconds: 15,
  idleSeconds: 5,
};
const quick: Sizes = {
  repetitions: 1,
  largeMessages: 1200,
  smallMessages: 12_000,
  httpRequests: 200,
  queries: 10,
  querySeconds: 2,
  importRows: 100_000,
  modbusSeconds: 2,
  modbusDevices: 1,
  storageBlocks: 5,
  countEachRow: false,
  quietSeconds: 2,
  idleSeconds: 2,
};

export const help = `npm run bench -- [--quick] [--only row,row] [--json file] [--data folder] [--platform-arg=--cpu-prof]
rows: start, memory, mqtt-500, mqtt-3, http, queries, import, modbus, storage; about 3 minutes
npm run bench -- --rivals …: beside mosquitto + Node-RED + InfluxDB and beside VictoriaMetrics, about 15 minutes where nothing else runs
rows: bulk, stack, queries, size, connections, overload, series; docs/benchmarks.md says how to read them`;

/** Throws a TypeError of parseArgs for an unknown argument. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rivals: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      data: { type: 'string' },
      'platform-arg': { type: 'string', multiple: true, default: [] },
    },
  });
  return {
    quick: values.quick,
    rivals: values.rivals,
    only: values.only.split(',').filter(Boolean),
    json: values.json === undefined ? null : resolve(values.json),
    data: values.data === undefined ? null : resolve(values.data),
    platformArgs: values['platform-arg'],
    sizes: values.quick ? quick : full,
    rivalSizes: values.quick ? quickRivals : fullRivals,
  };
}
