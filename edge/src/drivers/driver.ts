import type {
  Cause,
  CollectedDevice,
  CollectedPoint,
  DataType,
  DeviceAddress,
  DeviceReport,
  Micros,
  Protocol,
  SampleValue,
} from '@luban/contracts';

/** What a device said of one point: its value as the device has it (not scaled), or null with the reason why not. */
export interface Reading {
  readonly point: CollectedPoint;
  readonly value: SampleValue;
  /** A QualityCode. */
  readonly quality: number;
  /** The device's clock where it gives one, else the edge's at reading. */
  readonly timeUs: Micros;
}

/** Takes readings in the order of their reading. A promise slows the driver down until it is kept. */
export type ReadingSink = (readings: readonly Reading[]) => void | Promise<void>;

export interface DriverStatus {
  /** degraded: it answers, but some points do not, or not in time. */
  readonly state: DeviceReport['state'];
  readonly sinceMs: number;
  readonly cause: Cause | null;
}

/** What a driver has around it. */
export interface DriverHost {
  readonly sink: ReadingSink;
  status(status: DriverStatus): void;
  event(severity: 'info' | 'warning' | 'error', cause: Cause): void;
  /** A private folder of the driver's kind, for example for certificates. Made by the driver when it needs it. */
  readonly directory: string;
  /** ms since 1970 UTC. */
  now(): number;
}

/**
 * One device. It stands for itself: no other device waits for it, and whatever the device does, a driver neither throws
 * on its own nor gives up. When the device stops answering, every point gets one reading with value null and a bad
 * quality; readings resume as soon as it answers.
 */
export interface Driver {
  /** Returns after beginning; connects in the background and tries again for ever. Aborting the signal is a stop. */
  start(signal?: AbortSignal): Promise<void>;
  /** Reads now, beside the regular collection. One reading for each point; never throws for a device's fault. */
  read(points: readonly CollectedPoint[]): Promise<Reading[]>;
  /** Writes a raw value. Throws a DeviceFault with the cause when the device did not confirm it. */
  write(point: CollectedPoint, value: SampleValue): Promise<void>;
  /** What is below a path (null: the root); empty where the protocol cannot tell. Throws a DeviceFault. */
  browse(path: string | null): Promise<BrowseNode[]>;
  /** Ends when all timers and sockets have ended. */
  stop(): Promise<void>;
}

export interface BrowseNode {
  /** The path to browse below it. */
  id: string;
  name: string;
  kind: 'folder' | 'point';
  type?: DataType;
  unit?: string;
  address?: DeviceAddress;
}

export interface DriverKind<P extends Protocol> {
  readonly protocol: P;
  create(device: CollectedDevice & { protocol: P }, host: DriverHost): Driver;
}
