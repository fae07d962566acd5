import type { Walk } from '../sample-walk.ts';

/** What a generator sends. All messages are encoded before the clock starts. */
export interface LoadJob {
  readonly door: 'mqtt' | 'http';
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** HTTP only: the property key of each series, in the walk's order. */
  readonly keys: readonly string[];
  /** The walk's series are divided among so many connections, each with its own messages in order. */
  readonly connections: number;
  /** Most messages of one connection that wait for their acknowledgement. */
  readonly window: number;
  readonly messages: number;
  readonly samplesPerMessage: number;
  /** Null: as fast as they are acknowledged. */
  readonly messagesPerSecond: number | null;
  readonly walk: Walk;
}

export interface LoadPrepared {
  readonly bytes: number;
  /** [series, source time of its last sample in µs] */
  readonly last: readonly (readonly [number, number])[];
  /** The last series that each connection sends. */
  readonly lastSeries: readonly number[];
}

export interface LoadDone {
  /** ms since 1970 of the first publish and of the last acknowledgement. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly cpuUs: number;
}

/** The messages of one connection, one after another in `bytes`; message i is bytes[starts[i] … starts[i + 1]). */
export interface Packets {
  readonly bytes: Buffer;
  readonly starts: Float64Array;
}
