import type { NumberColumn } from './native-numbers.ts';

export type EngineState = 'stopped' | 'starting' | 'ready' | 'recovering';

/** Values of `{name:Type}` placeholders. Numbers only: text of others never comes near a statement. */
export type EngineParameters = Readonly<Record<string, number | ArrayLike<number>>>;

export interface QueryLimits {
  /** Default 15,000. */
  readonly timeoutMs?: number;
  /** Rows that the engine may read from disk. Default 50 million. */
  readonly rowsToRead?: number;
  /** Rows of the answer. Default 500,000. */
  readonly resultRows?: number;
  /** Default a quarter of the engine's memory. */
  readonly memoryBytes?: number;
  /** Of the engine's threads; default what it takes by itself. */
  readonly threads?: number;
}

/**
 * What the store needs of a database: ClickHouse's SQL and nothing else, so that a cluster can stand here too.
 * Calls that are under way when the engine dies reject with `telemetry.unavailable` and may be tried again.
 */
export interface TelemetryEngine {
  readonly state: EngineState;
  /** Resolves when questions can be asked. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A statement without rows: definition or upkeep. `timeoutMs` default 60,000. */
  run(sql: string, timeoutMs?: number): Promise<void>;
  /** A block in ClickHouse's Native format. A token that the table has seen lately makes the insert do nothing. */
  insertNative(table: string, block: Uint8Array, token: string): Promise<void>;
  /** What a SELECT answers, as a block in ClickHouse's Native format: bit by bit as it is stored. Empty without rows. */
  selectNative(sql: string, timeoutMs: number): Promise<Uint8Array>;
  /** Makes `into` a folder that holds all tables as they are, for a backup. Only where the tables are files of ours. */
  snapshot?(into: string): Promise<void>;
  /** The columns of the answer, in the order of the statement; 64-bit integers as numbers. */
  query(sql: string, parameters: EngineParameters, limits?: QueryLimits): Promise<unknown[][]>;
  /** The same for answers of many numbers, which come without text between; no columns when there are no rows. */
  queryNumbers(sql: string, parameters: EngineParameters, limits?: QueryLimits): Promise<NumberColumn[]>;
}
