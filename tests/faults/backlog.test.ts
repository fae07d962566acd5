import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { qualityCode, type Sample, toSeries } from '@luban/contracts';
import { afterEach, expect, test } from 'vitest';
import { openOutbox } from '../../edge/src/outbox/outbox.ts';
import { allReadings } from '../fixtures/acknowledged-set.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { addCounterDevice, addThing } from '../fixtures/plant-records.ts';
import { createPlatform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

let endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
});

const count = 1_000_000;
const points = 4;

test('a million samples that waited at an edge arrive once each beside the live ones, though platform and edge are killed on the way', async () => {
  const platform = await createPlatform();
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  const device = await createCounterDevice();
  endings.push(device.close);
  const edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort: platform.mqttPort });
  endings.push(edge.remove);
  const [past, live] = [await addThing(platform.api, 'PAST', points), await addThing(platform.api, 'LIVE')];
  const { port } = device;
  const id = await addCounterDevice(platform.api, {
    name: 'Live',
    edge: edge.id,
    thing: live.id,
    port,
    pollIntervalMs: 100,
  });
  // Its points are the edge's to send, as if it had collected them before it lost the platform.
  const bindings = Array.from({ length: points }, (_, i) => ({
    ...{ thing: past.id, property: `p${i}`, scale: 1, offset: 0, deadband: 0, minIntervalMs: 0 },
    address: { protocol: 'modbus-tcp', area: 'holding', address: 2 + 2 * i, encoding: 'uint32' },
  }));
  await platform.api.post(`/api/v1/devices/${id}/bindings`, { bindings });
  await edge.start();
  await edge.stop();

  const outbox = await openOutbox({
    directory: join(edge.directory, 'outbox'),
    limitBytes: 2 ** 31,
    onLoss: () => Promise.reject(new Error('nothing is to be lost')),
    onFault: (cause) => {
      throw new Error(cause.code);
    },
    onDrained: () => undefined,
    now: Date.now,
  });
  const startUs = (Date.now() - 3_600_000) * 1000;
  const sample = (number: number): Sample => ({
    series: toSeries(past.series[number % points]!),
    time: startUs + number * 1000,
    value: number,
    quality: qualityCode('good'),
    simulated: false,
  });
  for (let number = 0; number < count; number += 5000)
    await outbox.put(
      id as never,
      Array.from({ length: 5000 }, (_, i) => sample(number + i)),
    );
  await outbox.stop();

  const newest = async () =>
    (await platform.api.get(`/api/v1/readings/latest?series=${live.series[0]}`)).items[0].reading?.value ?? 0;
  const backlog = async () => (await platform.api.get('/api/v1/flow')).edges[0].backlogSamples as number;
  const beganMs = performance.now();
  const from = device.served();
  await edge.start();
  await until(async () => (await newest()) > from, 'live values come', 60_000, 10);
  // The past drains in order: its last sample is the last to come.
  const last = await platform.api.get(`/api/v1/readings/latest?series=${past.series.at(-1)}`);
  expect(last.items[0].reading?.value ?? 0, 'live values came while the past waited').toBeLessThan(count - 1);
  await platform.kill();
  await platform.start();
  await setTimeout(1500);
  await platform.kill();
  await platform.start();
  await setTimeout(1000);
  await edge.kill();
  await edge.start();
  const later = device.served();
  await until(async () => (await newest()) > later, 'live values go on', 60_000);
  await until(async () => (await platform.api.get('/api/v1/flow')).edges[0].connected, 'the edge is connected');
  await setTimeout(3000); // its first report
  await until(async () => (await backlog()) === 0, 'the backlog has drained', 180_000, 500);
  const tookMs = Math.round(performance.now() - beganMs);
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'all is stored', 120_000);

  let stored = 0;
  for (const [i, series] of past.series.entries()) {
    const readings = (await allReadings(platform.api, series)).filter(({ time }) => time < startUs + count * 1000);
    const wrong = readings.findIndex(
      ({ time, value }, j) => value !== i + j * points || time !== startUs + (value as number) * 1000,
    );
    expect(wrong, 'each once, with its value, in order').toBe(-1);
    stored += readings.length;
  }
  expect(stored).toBe(count);
  console.info('backlog', { stored, tookMs });
}, 600_000);
