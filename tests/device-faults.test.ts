import { setTimeout } from 'node:timers/promises';
import type { Gap } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allReadings } from './fixtures/acknowledged-set.ts';
import { type CounterDevice, createCounterDevice } from './fixtures/counter-device.ts';
import { createEdgeProcess, type EdgeProcess } from './fixtures/edge-process.ts';
import { addCounterDevice, addThing, type MadeThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

interface Machine {
  thing: MadeThing;
  device: string;
  counter: CounterDevice;
}
const pollIntervalMs = 200;
let platform: Platform;
let edge: EdgeProcess;
const machines: Machine[] = [];

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort: platform.mqttPort });
  for (const name of ['STALLS', 'RESETS', 'SOUND']) {
    const thing = await addThing(platform.api, name);
    const counter = await createCounterDevice();
    const { port } = counter;
    const device = await addCounterDevice(platform.api, { name, edge: edge.id, thing: thing.id, port, pollIntervalMs });
    machines.push({ thing, device, counter });
  }
  await edge.start();
});
afterAll(async () => {
  await edge.remove();
  for (const { counter } of machines) await counter.close();
  await platform.remove();
});

const stateOf = async ({ thing }: Machine) => platform.api.get(`/api/v1/things/${thing.id}`);
const reportOf = async ({ device }: Machine) => (await platform.api.get(`/api/v1/devices/${device}`)).report;
const latestOf = async ({ thing }: Machine) =>
  (await platform.api.get(`/api/v1/readings/latest?thing=${thing.id}`)).items[0].reading;

test('a device that stalls and one that resets are shown with the reason, and a sound one goes on at its rate', async () => {
  const [stalls, resets, sound] = machines as [Machine, Machine, Machine];
  for (const machine of machines) {
    await until(async () => (await stateOf(machine)).state === 'online', 'all things are online');
  }

  const faultMs = Date.now();
  stalls.counter.proxy.mode('stall');
  resets.counter.proxy.mode('cut');
  for (const machine of [stalls, resets]) {
    await until(async () => (await stateOf(machine)).state === 'offline', 'the faulty thing is offline');
    const { stateCause } = await stateOf(machine);
    expect(stateCause.text.zh).toMatch(/[一-龥]/);
    expect(stateCause.text.en.length).toBeGreaterThan(10);
    const reading = await latestOf(machine);
    expect(reading).toMatchObject({ quality: 'bad', value: null });
    expect(['deviceSilent', 'notConnected', 'deviceError']).toContain(reading.reason);
    await until(async () => (await reportOf(machine)).state === 'offline', 'its device is offline');
    expect((await reportOf(machine)).cause.code).not.toBe('');
  }
  const flow = await platform.api.get('/api/v1/flow');
  expect(flow.devices).toMatchObject({ online: 1, offline: 2, state: 'broken' });

  await setTimeout(5000);
  const untilMs = Date.now();
  const during = (await allReadings(platform.api, sound.thing.series[0]!)).filter(
    ({ time }) => time / 1000 >= faultMs && time / 1000 < untilMs - 1000,
  );
  const wanted = (untilMs - 1000 - faultMs) / pollIntervalMs;
  expect(during.every(({ quality }) => quality === 'good')).toBe(true);
  expect(during.length, `of ${wanted} polls of the sound device`).toBeGreaterThan(wanted / 2);
  expect((await stateOf(sound)).state).toBe('online');

  for (const { counter } of [stalls, resets]) {
    counter.proxy.mode('pass');
    await counter.proxy.refuse(); // what was swallowed is gone: the old connection can not be used again
    await counter.proxy.accept();
  }
  for (const machine of [stalls, resets]) {
    await until(async () => (await stateOf(machine)).state === 'online', 'the mended thing is online again', 60_000);
    expect(await latestOf(machine)).toMatchObject({ quality: 'good' });
    await until(async () => silences(machine.device, await gaps()).length > 0, 'its silence is in the gap ledger');
    const [silence] = silences(machine.device, await gaps());
    expect(silence!.fromMs).toBeGreaterThan(faultMs - 1000);
    expect(silence!.toMs).toBeGreaterThan(untilMs - 1000);
    expect(silence!.cause?.text.zh).toMatch(/[一-龥]/);
  }
}, 180_000);

const gaps = async () => (await platform.api.get(`/api/v1/edges/${edge.id}/gaps?limit=1000`)).items as Gap[];

/** The closed silences of a device. */
function silences(device: string, all: readonly Gap[]): Gap[] {
  return all.filter((gap) => gap.device === device && gap.why === 'device-silent' && gap.toMs !== null);
}
