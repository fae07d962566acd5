import type { Walk } from '../sample-walk.ts';

/**
 * Where samples go in, and in which form: Luban's batch or its JSON over MQTT, its JSON over HTTP, InfluxDB's line
 * protocol, Prometheus' remote write. `mqtt-json` is what any MQTT stack can read.
 */
export type Door = 'mqtt' | 'mqtt-json' | 'http' | 'influx-line' | 'remote-write';

/** The doors that answer with PUBACK; the others are HTTP. */
export function speaksMqtt(door: Door): boolean {
  return door === 'mqtt' || door === 'mqtt-json';
}

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** What a generator sends. All messages are encoded before the clock starts. */
export interface LoadJob {
  readonly door: Door;
  readonly port: number;
  /** Connection c uses account c, and begins again at the first after the last. */
  readonly accounts: readonly Account[];
  /** JSON only: the property key of each series, in the walk's order. */
  readonly keys: readonly string[];
  /** The walk's series are divided among so many connections, each with its own messages in order. */
  readonly connections: number;
  /** Most messages of one connection that wait for their acknowledgement. */
  readonly window: number;
  readonly messages: number;
  readonly samplesPerMessage: number;
  /** Null: as fast as they are acknowledged. */
  readonly messagesPerSecond: number | null;
  /** Nothing more is sent after this long; the answers to what was sent are awaited. */
  readonly stopAfterMs?: number;
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
  /** Messages that were sent, each of them acknowledged. */
  readonly sent: number;
  readonly cpuUs: number;
}

/** The messages of one connection, one after another in `bytes`; message i is bytes[starts[i] … starts[i + 1]). */
export interface Packets {
  readonly bytes: Buffer;
  readonly starts: Float64Array;
}
