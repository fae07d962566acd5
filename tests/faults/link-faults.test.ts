import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { type CounterDevice, createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess, type EdgeProcess } from '../fixtures/edge-process.ts';
import { testNeeding } from '../fixtures/fault-run.ts';
import { sweep } from '../fixtures/machine-parts.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addCounterDevice, addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { createSeparateNetwork, type SeparateNetwork } from '../fixtures/separate-network.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('root', 'packet filter');
const random = seededRandom(20);
let network: SeparateNetwork | undefined;
let atHome: Platform;
let platform: Platform;
let edge: EdgeProcess;
let device: CounterDevice;
let thing: MadeThing;

/** The platform stands in the separate network; the edge and its device here. */
async function build(): Promise<SeparateNetwork> {
  if (network !== undefined) return network;
  network = createSeparateNetwork();
  const { host, through } = network;
  // The setup is for this machine only, so it comes before the move.
  atHome = await createPlatform();
  await atHome.start();
  await atHome.api.setUp();
  await atHome.stop();
  platform = await createPlatform(atHome.dataDirectory, { host, through, cookie: atHome.api.cookie() });
  await platform.start();
  device = await createCounterDevice();
  edge = await createEdgeProcess(platform.api, { platform: platform.url, host, mqttPort: platform.mqttPort });
  thing = await addThing(platform.api, 'COUNTER-1');
  const { port } = device;
  await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 100 });
  await edge.start();
  return network;
}

beforeAll(sweep);
afterEach(() => network?.mend());
afterAll(async () => {
  await edge?.remove();
  await device?.close();
  await platform?.remove();
  await atHome?.remove();
  network?.end();
});

const stored = async () => (await allReadings(platform.api, thing.series[0]!)).map(({ value }) => value as number);
const shown = async () => (await platform.api.get('/api/v1/flow')).edges[0];
async function allArrived(): Promise<void> {
  const now = device.served();
  await until(async () => (await stored()).at(-1)! > now, 'samples flow', 60_000);
  await until(async () => (await shown()).backlogSamples === 0, 'the backlog is gone', 60_000);
  const values = await stored();
  expect(values, 'each reading once, none missing').toEqual(values.map((_, i) => values[0]! + i));
}

test('with a fifth of all packets lost each way, everything that is acknowledged is stored once and nothing is missing', async () => {
  const { lose, lost, mend } = await build();
  await until(async () => (await stored()).length > 10, 'samples flow');
  const set = new AcknowledgedSet();
  const [byMqtt, byHttp] = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
  lose(platform.mqttPort, 'both', 0.2);
  lose(platform.httpPort, 'both', 0.2);
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random, everyMs: 50 });
  await setTimeout(20_000);
  await senders.stop();
  const packets = lost();
  mend();
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api)).toEqual([]);
  await allArrived();
  console.info('a fifth of all packets lost', { packets, ...set.count() });
  expect(packets).toBeGreaterThan(100);
  expect(set.count().acknowledged).toBeGreaterThan(500);
}, 180_000);

for (const [way, words] of [
  ['both', 'of a link that swallows everything'],
  ['out', 'of a link that swallows every answer, while the samples arrive'],
] as const)
  test(`both ends take notice ${words}, and after it each reading is stored once`, async () => {
    const { lose, mend } = await build();
    await until(async () => (await shown()).connected, 'the edge is connected');
    await allArrived();
    const before = edge.output().length;
    lose(platform.mqttPort, way, 1);
    await until(() => edge.output().slice(before).includes('uplink.disconnected'), 'the edge takes notice', 90_000);
    await until(async () => !(await shown()).connected, 'the platform takes notice', 90_000);
    expect(await shown()).toMatchObject({ state: 'broken', cause: { code: 'edge.away' } });
    const during = device.served();
    await until(() => device.served() > during + 10, 'the edge collects on');
    mend();
    await until(async () => (await shown()).connected, 'the edge is back', 60_000);
    await allArrived();
  }, 300_000);
