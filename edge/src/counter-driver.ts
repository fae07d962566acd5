import { type CollectedDevice, collectedDevice, newId, qualityCode } from '@luban/contracts';
import type { CreateDriver } from './collection/device-runner.ts';
import type { DriverHost } from './drivers/driver.ts';

/** For tests: a device that counts. Each point gets 0, 1, 2 … every `everyMs`; `silence` makes it stop answering. */
export function counterDrivers(everyMs: number) {
  const hosts = new Map<string, { host: DriverHost; silent: boolean; starts: number }>();
  const create: CreateDriver = (device, host) => {
    const state = { host, silent: false, starts: (hosts.get(device.id)?.starts ?? 0) + 1 };
    hosts.set(device.id, state);
    let count = 0;
    let timer: NodeJS.Timeout | null = null;
    const read = async () => {
      const timeUs = host.now() * 1000;
      return device.points.map((point) => ({ point, value: count, quality: qualityCode('good'), timeUs }));
    };
    return {
      async start() {
        host.status({ state: 'online', sinceMs: host.now(), cause: null });
        timer = setInterval(async () => {
          if (state.silent) return;
          const readings = await read();
          count++;
          await host.sink(readings);
        }, everyMs);
      },
      read,
      async write() {
        throw new Error('a counter cannot be written');
      },
      async browse() {
        return [];
      },
      async stop() {
        if (timer) clearInterval(timer);
      },
    };
  };
  return {
    create,
    starts: (id: string) => hosts.get(id)?.starts ?? 0,
    silence(id: string, silent: boolean) {
      const state = hosts.get(id)!;
      state.silent = silent;
      const sinceMs = state.host.now();
      state.host.status({ state: silent ? 'offline' : 'online', sinceMs, cause: null });
    },
  };
}

export function counterDevice(firstSeries: number, points: number, change: object = {}): CollectedDevice {
  return collectedDevice.parse({
    id: newId('device'),
    name: `counter ${firstSeries}`,
    simulated: true,
    protocol: 'modbus-tcp',
    settings: { host: '127.0.0.1' },
    points: Array.from({ length: points }, (_, i) => ({
      series: firstSeries + i,
      name: `counter/${firstSeries + i}`,
      type: 'number',
      range: null,
      address: { protocol: 'modbus-tcp', area: 'holding', address: i },
      ...change,
    })),
  });
}
