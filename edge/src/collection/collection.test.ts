import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectedDevice, type DeviceId, qualityCode, type Sample } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../broker-fixture.ts';
import { counterDevice, counterDrivers } from '../counter-driver.ts';
import { type GapLedger, openGapLedger } from '../gaps/gaps.ts';
import { type Collection, createCollection } from './collection.ts';
import type { CreateDriver } from './device-runner.ts';

let directory: string;
let gaps: GapLedger;
let events: string[];
let samples: Map<DeviceId, Sample[]>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-collection-'));
  gaps = await openGapLedger({ directory: join(directory, 'gaps'), now: Date.now });
  events = [];
  samples = new Map();
});
afterEach(async () => {
  await gaps.stop();
  await rm(directory, { recursive: true, force: true });
});

function collectionHere(createDriver: CreateDriver): Collection {
  return createCollection({
    directory,
    createDriver,
    put: (device, given) => {
      samples.set(device, [...(samples.get(device) ?? []), ...given]);
    },
    gaps,
    event: (_, cause) => events.push(cause.code),
    onFault: () => undefined,
    now: Date.now,
  });
}
const apply = (collection: Collection, version: number, devices: CollectedDevice[]) =>
  collection.apply(Buffer.from(JSON.stringify({ version, devices })));

test('an older configuration is refused in words and the newer one runs on', async () => {
  const drivers = counterDrivers(20);
  const collection = collectionHere(drivers.create);
  const device = counterDevice(1, 1);
  await apply(collection, 5, [device]);
  await apply(collection, 4, []);
  expect(collection.cause()?.code).toBe('configuration.older');
  expect(collection.reports()).toHaveLength(1);
  await apply(collection, 5, [device]);
  expect(collection.cause()).toBeNull();
  expect(drivers.starts(device.id)).toBe(1);
  await collection.stop();
});

test('a device that is taken away ends its samples and its open gaps', async () => {
  const drivers = counterDrivers(20);
  const collection = collectionHere(drivers.create);
  const device = counterDevice(1, 1);
  await apply(collection, 1, [device]);
  await until(() => (samples.get(device.id)?.length ?? 0) > 0, 'samples come');
  drivers.silence(device.id, true);
  await until(() => gaps.openGaps().length === 1, 'the silence is written');
  await apply(collection, 2, []);
  expect(gaps.openGaps()).toEqual([]);
  expect(collection.reports()).toEqual([]);
  const count = samples.get(device.id)!.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(samples.get(device.id)).toHaveLength(count);
  await collection.stop();
});

test('a driver that does not start is tried again, and says so meanwhile', async () => {
  const drivers = counterDrivers(20);
  let tries = 0;
  const collection = collectionHere((device, host) => {
    if (++tries === 1) throw new Error('no certificate');
    return drivers.create(device, host);
  });
  const device = counterDevice(1, 1);
  await apply(collection, 1, [device]);
  expect(collection.reports()).toMatchObject([
    { state: 'offline', cause: { code: 'device.driver-failed', detail: 'no certificate' } },
  ]);
  await until(() => (samples.get(device.id)?.length ?? 0) > 0, 'samples come');
  await until(() => gaps.openGaps().length === 0, 'the gap is closed');
  await collection.stop();
});

test('a point that stays bad while its device answers is in the ledger until it is good again', async () => {
  let value: number | null = null;
  const collection = collectionHere((device, host) => {
    let timer: NodeJS.Timeout;
    return {
      async start() {
        host.status({ state: 'degraded', sinceMs: host.now(), cause: null });
        timer = setInterval(() => {
          const timeUs = host.now() * 1000;
          const quality = qualityCode(value === null ? 'deviceError' : 'good');
          const [first, second] = device.points;
          host.sink([
            { point: first!, value: 1, quality: qualityCode('good'), timeUs },
            { point: second!, value, quality, timeUs },
          ]);
        }, 50);
      },
      read: async () => [],
      write: async () => undefined,
      browse: async () => [],
      async stop() {
        clearInterval(timer);
      },
    };
  });
  const device = counterDevice(1, 2);
  await apply(collection, 1, [device]);
  await until(() => gaps.openGaps().length === 1, 'the bad point is written');
  expect(gaps.openGaps()).toMatchObject([{ why: 'point-bad', device: device.id, series: [2] }]);
  expect(collection.reports()).toMatchObject([{ pointsGood: 1, pointsBad: 1 }]);
  value = 5;
  await until(() => gaps.openGaps().length === 0, 'the gap is closed');
  await collection.stop();
});
