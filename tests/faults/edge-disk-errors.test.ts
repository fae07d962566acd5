import { setTimeout } from 'node:timers/promises';
import type { Gap } from '@luban/contracts';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { allReadings } from '../fixtures/acknowledged-set.ts';
import { type CounterDevice, createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess, type EdgeProcess } from '../fixtures/edge-process.ts';
import { type FailingCalls, failCalls } from '../fixtures/failing-calls.ts';
import { inShort, testNeeding } from '../fixtures/fault-run.ts';
import { addCounterDevice, addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('root', 'strace');
let platform: Platform;
let edge: EdgeProcess;
let device: CounterDevice;
let thing: MadeThing;
let failing: FailingCalls | undefined;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  device = await createCounterDevice();
  edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort: platform.mqttPort });
  thing = await addThing(platform.api, 'COUNTER-1');
  const { port } = device;
  await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 50 });
  await edge.start();
}, 60_000);
afterEach(async () => {
  await failing?.end();
  failing = undefined;
});
afterAll(async () => {
  await edge.remove();
  await device.close();
  await platform.remove();
});

const stored = async () => (await allReadings(platform.api, thing.series[0]!)).map(({ value }) => value as number);
const shown = async () => (await platform.api.get('/api/v1/flow')).edges[0];

const cases = [
  ['sync', 'EIO'],
  ['write', 'ENOSPC'],
  ['write', 'EIO'],
] as const;

for (const [call, error] of cases.slice(0, inShort(1, cases.length))) {
  test(`while each ${call} of the edge fails with ${error} it collects on and says so; then every reading is stored once`, async () => {
    const start = device.served();
    await until(async () => Math.max(...(await stored())) > start + 10, 'samples flow');
    const begin = Math.max(...(await stored()));
    failing = await failCalls(edge.pid(), call, error);
    const from = device.served();
    await until(async () => (await shown()).cause?.code === 'outbox.disk', 'the overview says what is wrong');
    expect(await shown()).toMatchObject({ state: 'warning', cause: { text: { zh: expect.stringMatching(/磁盘/) } } });
    await setTimeout(inShort(1000, 3000));
    expect(Math.max(...(await stored())), 'nothing is sent that is not on the disk').toBeLessThanOrEqual(from + 20);
    const to = device.served();
    expect(to).toBeGreaterThan(from + 10);
    await failing.end();
    failing = undefined;

    await until(async () => (await shown()).cause === null, 'the overview is well again');
    await until(async () => Math.max(...(await stored())) > to, 'samples flow again');
    const gaps: Gap[] = (await platform.api.get(`/api/v1/edges/${edge.id}/gaps?limit=1000`)).items;
    expect(gaps.filter(({ why }) => why === 'outbox-full' || why === 'outbox-damaged')).toEqual([]);
    const values = await stored();
    const since = values.slice(values.indexOf(begin));
    expect(since, 'none is missing').toEqual(Array.from({ length: since.length }, (_, i) => begin + i));

    await edge.kill();
    await edge.start();
    const before = device.served();
    await until(async () => Math.max(...(await stored())) > before, 'samples flow after a kill');
    const all = await stored();
    expect(all.slice(0, values.length), 'after a kill and a restart').toEqual(values);
    expect(new Set(all).size).toBe(all.length);
    expect(edge.output()).not.toMatch(/outbox\.damaged/);
  }, 120_000);
}
