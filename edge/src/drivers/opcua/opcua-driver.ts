import { type CollectedDevice, type CollectedPoint, qualityClass } from '@luban/contracts';
import { asDeviceFault, notConnected, pointsBad } from '../device-fault.ts';
import { createDeviceVoice } from '../device-voice.ts';
import type { Driver, DriverHost, DriverKind, Reading } from '../driver.ts';
import { createBackoff, pause } from '../retry.ts';
import { passwordReadable, pointRefused } from './opcua-causes.ts';
import type { OpcUaConnection } from './opcua-connection.ts';

/** How long a point that the server refused rests before it is tried again. */
const refusedRestMs = 60_000;
/** So many publications may wait for the sink before the server is asked to hold the next. */
const maxWaiting = 4;

export const opcUa: DriverKind<'opc-ua'> = { protocol: 'opc-ua', create: createOpcUaDriver };

function createOpcUaDriver(device: CollectedDevice & { protocol: 'opc-ua' }, host: DriverHost): Driver {
  const { settings, points } = device;
  const at = settings.endpointUrl;
  const stopping = new AbortController();
  const voice = createDeviceVoice(host, points);
  const backoff = createBackoff({ firstMs: 250, maxMs: 30_000 });
  const told = new Set<CollectedPoint>();
  let connection: OpcUaConnection | null = null;
  let running: Promise<void> = Promise.resolve();
  let delivering: Promise<void> = Promise.resolve();
  let waiting = 0;

  async function run(signal: AbortSignal): Promise<void> {
    voice.status('connecting', null);
    if (settings.user !== null && settings.security === 'None') host.event('warning', passwordReadable(at));
    while (!signal.aborted) {
      try {
        const { connectOpcUa } = await import('./opcua-connection.ts');
        connection = await connectOpcUa({ settings, host, signal, now: host.now, onReadings: deliver });
        await collectUntilFault(connection);
      } catch (error) {
        await delivering;
        if (!signal.aborted) await voice.silence(asDeviceFault(error));
      }
      await connection?.close();
      connection = null;
      await pause(backoff.nextMs(), signal);
    }
    await delivering;
  }

  /** Throws the fault that ends the connection. */
  async function collectUntilFault(live: OpcUaConnection): Promise<void> {
    let pending: readonly CollectedPoint[] = points;
    for (let fault = live.fault(); ; fault = live.fault()) {
      if (fault) throw fault;
      if (pending.length > 0) {
        const refused = await live.monitor(pending);
        for (const { reading, status } of refused) {
          if (!told.has(reading.point)) host.event('warning', pointRefused(reading.point.name, status));
          told.add(reading.point);
        }
        pending = refused.map(({ reading }) => reading.point);
        if (refused.length > 0 || points.length === 0) deliver(refused.map(({ reading }) => reading));
      }
      backoff.reset();
      await pause(refusedRestMs, live.ended);
    }
  }

  /** In the order of their coming; the server waits while too many wait here. */
  function deliver(readings: Reading[]): void {
    waiting += 1;
    if (waiting > maxWaiting) connection?.hold(true);
    delivering = delivering.then(async () => {
      await voice.deliver(readings);
      for (const { point, quality } of readings) if (qualityClass(quality) !== 'bad') told.delete(point);
      const bad = voice.badPoints();
      if (connection !== null && connection.fault() === null)
        voice.status(bad > 0 ? 'degraded' : 'online', bad > 0 ? pointsBad(bad, points.length) : null);
      waiting -= 1;
      if (waiting === 0) connection?.hold(false);
    });
  }

  const unread = (list: readonly CollectedPoint[], quality: number): Reading[] =>
    list.map((point) => ({ point, value: null, quality, timeUs: host.now() * 1000 }));

  return {
    async start(signal) {
      running = run(signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal);
    },
    async read(list) {
      if (connection === null) return unread(list, notConnected(at).quality);
      try {
        return await connection.read(list);
      } catch (error) {
        return unread(list, asDeviceFault(error).quality);
      }
    },
    async write(point, value) {
      if (connection === null) throw notConnected(at);
      await connection.write(point, value);
    },
    async browse(path) {
      if (connection === null) throw notConnected(at);
      return connection.browse(path);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
