import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type Cause,
  type DeviceId,
  type DeviceReport,
  type EdgeConfiguration,
  edgeConfiguration,
  type Sample,
} from '@luban/contracts';
import { EdgeError, edgeCause, messageOf } from '../edge-errors.ts';
import type { GapLedger } from '../gaps/gaps.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { type CreateDriver, createDeviceRunner, type DeviceRunner } from './device-runner.ts';

export interface Collection {
  /** Takes up the configuration that was last accepted, so that the edge works without the platform. */
  start(): Promise<void>;
  /** A configuration as it came from the platform. Changed devices restart, the others run on. */
  apply(payload: Buffer): Promise<void>;
  version(): number;
  /** Why the newest configuration was not taken, or null. */
  cause(): Cause | null;
  reports(): DeviceReport[];
  stop(): Promise<void>;
}

/** Runs the devices of the configuration. */
export function createCollection(options: {
  directory: string;
  createDriver: CreateDriver;
  put(device: DeviceId, samples: readonly Sample[]): void | Promise<void>;
  gaps: GapLedger;
  event(severity: 'info' | 'warning' | 'error', cause: Cause, device?: DeviceId | null): void;
  onFault(error: unknown): void;
  now(): number;
}): Collection {
  const { directory, gaps, event, now } = options;
  const path = join(directory, 'configuration.json');
  const runners = new Map<DeviceId, DeviceRunner>();
  let version = -1;
  let cause: Cause | null = null;
  let work: Promise<void> = Promise.resolve();
  let stopped = false;

  /** One change at a time, in the order they came. */
  function inTurn(change: () => Promise<void>): Promise<void> {
    work = work.then(change).catch(options.onFault);
    return work;
  }

  async function run(configuration: EdgeConfiguration): Promise<void> {
    const wanted = new Map(configuration.devices.map((device) => [device.id, device]));
    const leaving = [...runners.values()].filter(({ device }) => !isDeepStrictEqual(device, wanted.get(device.id)));
    await Promise.all(
      leaving.map(async (runner) => {
        runners.delete(runner.device.id);
        await runner.stop();
      }),
    );
    for (const open of gaps.openGaps())
      if (open.device !== null && !wanted.has(open.device)) await gaps.close(open.device, open.why, now());
    for (const device of configuration.devices) {
      if (runners.has(device.id)) continue;
      const runner = createDeviceRunner({
        device,
        createDriver: options.createDriver,
        put: (samples) => options.put(device.id, samples),
        gaps,
        event: (severity, why) => event(severity, why, device.id),
        onFault: options.onFault,
        directory: join(directory, 'drivers', device.protocol),
        now,
      });
      runners.set(device.id, runner);
      runner.start();
    }
    version = configuration.version;
  }

  function refuse(why: Cause): void {
    if (!isDeepStrictEqual(cause, why)) event('error', why);
    cause = why;
  }

  async function take(payload: Buffer): Promise<void> {
    if (stopped) return;
    let configuration: EdgeConfiguration;
    try {
      configuration = edgeConfiguration.parse(JSON.parse(payload.toString('utf8')));
    } catch (error) {
      return refuse(edgeCause('configuration.malformed', messageOf(error)));
    }
    if (configuration.version < version)
      return refuse(edgeCause('configuration.older', `${configuration.version}, here runs ${version}`));
    cause = null;
    if (configuration.version === version) return;
    await run(configuration);
    event('info', edgeCause('configuration.applied', `version ${version}, ${configuration.devices.length} devices`));
    try {
      await writeStateFile(path, configuration);
    } catch (error) {
      cause = edgeCause('configuration.not-stored', messageOf(error));
      event('error', cause);
    }
  }

  return {
    start: () =>
      inTurn(async () => {
        try {
          const stored = await readStateFile(path, edgeConfiguration);
          if (stored) await run(stored);
        } catch (error) {
          if (!(error instanceof EdgeError)) throw error;
          refuse(edgeCause('state.damaged', error.message)); // the platform sends it again
        }
      }),
    apply: (payload) => inTurn(() => take(payload)),
    version: () => Math.max(0, version),
    cause: () => cause,
    reports: () => [...runners.values()].map((runner) => runner.report()),
    async stop() {
      stopped = true;
      await work;
      await Promise.all([...runners.values()].map((runner) => runner.stop().catch(options.onFault)));
      runners.clear();
    },
  };
}
