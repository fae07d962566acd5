import { type CollectedDevice, type CollectedPoint, qualityCode } from '@luban/contracts';
import { asDeviceFault, notConnected, pointsBad } from '../device-fault.ts';
import { createDeviceVoice } from '../device-voice.ts';
import type { Driver, DriverHost, DriverKind, Reading } from '../driver.ts';
import { createBackoff, pause } from '../retry.ts';
import { pointImpossible, pointRefused, pollOverrun } from './modbus-causes.ts';
import { connectModbus, type ModbusConnection } from './modbus-connection.ts';
import { type Block, planReads } from './modbus-plan.ts';
import { pollBlocks, type RefusedBlock } from './modbus-poll.ts';
import { writePoint } from './modbus-write.ts';

/** How long a point that the device refused rests before it is tried again. */
const refusedRestMs = 60_000;
/** An overrun is over after so many rounds in time. */
const roundsInTime = 5;

export const modbusTcp: DriverKind<'modbus-tcp'> = { protocol: 'modbus-tcp', create: createModbusDriver };

function createModbusDriver(device: CollectedDevice & { protocol: 'modbus-tcp' }, host: DriverHost): Driver {
  const { settings, points } = device;
  const at = `${settings.host}:${settings.port}`;
  const stopping = new AbortController();
  const voice = createDeviceVoice(host, points);
  const backoff = createBackoff({ firstMs: 250, maxMs: 30_000 });
  const plan = planReads(points, settings);
  let blocks: Block[] = plan.blocks;
  let refused: (RefusedBlock & { readonly retryAtMs: number })[] = [];
  let connection: ModbusConnection | null = null;
  let running: Promise<void> = Promise.resolve();

  async function run(signal: AbortSignal): Promise<void> {
    voice.status('connecting', null);
    for (const point of plan.impossible) host.event('warning', pointImpossible(point.name));
    while (!signal.aborted) {
      try {
        connection = await connectModbus(settings, signal);
        await pollUntilFault(connection);
      } catch (error) {
        if (!signal.aborted) await voice.silence(asDeviceFault(error));
      }
      connection?.close();
      await connection?.closed;
      connection = null;
      await pause(backoff.nextMs(), signal);
    }
  }

  /** Rounds at start + n × interval: a late round moves none after it. Throws the fault that ends the connection. */
  async function pollUntilFault(live: ModbusConnection): Promise<void> {
    const { pollIntervalMs } = settings;
    let nextMs = performance.now();
    let lateRounds = 0;
    let slowestMs = 0;
    let untold = [...plan.impossible, ...refused.flatMap(({ block }) => block.points.map(({ point }) => point))];
    for (let fault = live.fault(); ; fault = live.fault()) {
      if (fault) throw fault;
      const tookMs = await round(live, untold);
      untold = [];
      if (tookMs > pollIntervalMs) {
        lateRounds = roundsInTime;
        slowestMs = Math.max(slowestMs, tookMs);
      } else if (lateRounds > 0 && --lateRounds === 0) slowestMs = 0;
      if (lateRounds > 0) voice.status('degraded', pollOverrun(slowestMs, pollIntervalMs));
      else if (voice.badPoints() > 0) voice.status('degraded', pointsBad(voice.badPoints(), points.length));
      else voice.status('online', null);
      nextMs += pollIntervalMs;
      const lateMs = performance.now() - nextMs;
      if (lateMs > 0) nextMs += Math.ceil(lateMs / pollIntervalMs) * pollIntervalMs;
      await pause(nextMs - performance.now(), live.ended);
    }
  }

  /** How long the device took, in ms. `untold`: points that are not asked for, to be told once it answers. */
  async function round(live: ModbusConnection, untold: readonly CollectedPoint[]): Promise<number> {
    const beganMs = performance.now();
    const nowMs = host.now();
    // At most one refused block a round, so that many wrong addresses cannot crowd out the right ones.
    const retry = refused.find((entry) => entry.retryAtMs <= nowMs);
    const result = await pollBlocks(live, retry ? [...blocks, retry.block] : blocks, nowMs * 1000);
    const tookMs = performance.now() - beganMs;
    // The retried block is the last asked: a round that ended early did not come to it.
    blocks = result.fault ? result.served.filter((block) => block !== retry?.block) : result.served;
    if (retry && !result.fault) refused = refused.filter((entry) => entry !== retry);
    for (const entry of result.refused) {
      refused.push({ ...entry, retryAtMs: nowMs + refusedRestMs });
      if (entry.block === retry?.block) continue;
      for (const { point } of entry.block.points) host.event('warning', pointRefused(point.name, entry.exception));
    }
    if (result.fault) {
      await voice.deliver(result.readings);
      throw result.fault;
    }
    backoff.reset();
    await voice.deliver([...result.readings, ...badReadings(untold)]);
    return tookMs;
  }

  const badReadings = (list: readonly CollectedPoint[], quality: number = qualityCode('configuration')): Reading[] =>
    list.map((point) => ({ point, value: null, quality, timeUs: host.now() * 1000 }));

  return {
    async start(signal) {
      const ending = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
      running = run(ending);
    },
    async read(list) {
      if (connection === null) return badReadings(list, notConnected(at).quality);
      const own = planReads(list, settings);
      const result = await pollBlocks(connection, own.blocks, host.now() * 1000);
      const readings = [...result.readings, ...badReadings(own.impossible)];
      if (result.fault) {
        const read = new Set(readings.map(({ point }) => point));
        readings.push(
          ...badReadings(
            list.filter((point) => !read.has(point)),
            result.fault.quality,
          ),
        );
      }
      return readings;
    },
    async write(point, value) {
      if (connection === null) throw notConnected(at);
      await writePoint(connection, point, value);
    },
    async browse() {
      return [];
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
