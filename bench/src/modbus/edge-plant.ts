import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endChild, root, track } from '../children.ts';
import { addModel, addThing, propertyKey } from '../platform/plant.ts';
import type { PlatformApi } from '../platform/platform-api.ts';
import { firstLine, withoutOwnSettings } from '../platform/platform-process.ts';

export interface EdgePlant {
  readonly pid: number;
  readonly series: readonly number[];
  /** The edge goes on without polling. */
  stopPolling(): Promise<void>;
  stop(): Promise<void>;
}

export interface EdgePlantOptions {
  readonly api: PlatformApi;
  readonly httpPort: number;
  readonly folder: string;
  readonly modbusPort: number;
  readonly devices: number;
  readonly pointsEach: number;
  readonly pollIntervalMs: number;
}

/** An edge in a process of its own that polls Modbus devices, one thing for each, by the platform's configuration. */
export async function startEdgePlant(options: EdgePlantOptions): Promise<EdgePlant> {
  const { api, devices, pointsEach } = options;
  const model = await addModel(api, 'modbus', pointsEach);
  const edge = await api.post<{ id: string }>('/edges', { name: 'Bench' });
  const { token } = await api.post<{ token: string }>(`/edges/${edge.id}/enrolment-token`, {});
  const series: number[] = [];
  const made: { id: string; body: object }[] = [];
  for (let unitId = 1; unitId <= devices; unitId++) {
    const thing = await addThing(api, model, `MODBUS-${unitId}`);
    series.push(...thing.points.map((point) => point.series));
    const settings = { host: '127.0.0.1', port: options.modbusPort, unitId, pollIntervalMs: options.pollIntervalMs };
    const body = {
      name: `MODBUS-${unitId}`,
      edge: edge.id,
      enabled: true,
      simulated: true,
      protocol: 'modbus-tcp',
      settings,
    };
    const { id } = await api.post<{ id: string }>('/devices', body);
    await api.post(`/devices/${id}/bindings`, {
      bindings: Array.from({ length: pointsEach }, (_, address) => ({
        thing: thing.id,
        property: propertyKey(address),
        address: { protocol: 'modbus-tcp', area: 'holding', address },
      })),
    });
    made.push({ id, body });
  }

  const child = spawn(process.execPath, ['--import', 'tsx', 'edge/src/main.ts'], {
    cwd: root,
    env: {
      ...withoutOwnSettings(),
      LUBAN_EDGE_DATA: join(options.folder, 'edge'),
      LUBAN_PLATFORM: `http://127.0.0.1:${options.httpPort}`,
      LUBAN_ENROLMENT_TOKEN: token,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  track(child);
  await firstLine(child, 'the edge', 30_000);
  const stopPolling = async () => {
    for (const { id, body } of made) await api.put(`/devices/${id}`, { ...body, enabled: false });
  };
  return { pid: child.pid!, series, stopPolling, stop: () => endChild(child, 'SIGTERM', 10_000) };
}
