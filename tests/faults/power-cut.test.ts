import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { createFaultProxy, type FaultProxy } from '../../edge/src/drivers/fault-proxy.ts';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { atLength, inShort, testNeeding } from '../fixtures/fault-run.ts';
import { markedDirectory, sweep } from '../fixtures/machine-parts.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addCounterDevice, addThing } from '../fixtures/plant-records.ts';
import { createPlatform } from '../fixtures/platform-process.ts';
import { createPowerCutDisk, type PowerCutDisk } from '../fixtures/power-cut-disk.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('root', 'loop device', 'FUSE');
const random = seededRandom(11);
let directory: string;
let disk: PowerCutDisk | undefined;
/** What must end before the disk does, last first. */
let endings: (() => Promise<unknown>)[] = [];

beforeAll(sweep);
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
  await disk?.end();
  disk = undefined;
});
afterAll(async () => {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

async function newDisk(): Promise<PowerCutDisk> {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  directory = await markedDirectory();
  disk = await createPowerCutDisk(directory);
  return disk;
}

/** The machine would have booted anew: the owner of every lock, who lives on in the test, would be known as dead. */
async function forgetOwners(folder: string): Promise<void> {
  for (const path of await readdir(folder, { recursive: true })) {
    if (/^lock\.\d+$/.test(basename(path))) await rm(join(folder, path));
  }
}

test('what was acknowledged before the power went is there when the platform starts again', async () => {
  const { folder, cut } = await newDisk();
  const set = new AcknowledgedSet();
  const platform = await createPlatform(join(folder, 'data'));
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  const byMqtt = await addThing(platform.api, 'MQTT-1', 3);
  const byHttp = await addThing(platform.api, 'HTTP-1');
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random, everyMs: 20 });
  endings.push(senders.stop);

  for (let round = 0; round < inShort(1, 6); round++) {
    await setTimeout(inShort(500, 1500 + random() * 3000));
    // A record of the relational kind just before the cut: it was answered, so it is there.
    const site = await platform.api.post('/api/v1/sites', { name: `Hall ${round}`, level: 'site', parent: null });
    const promised = set.copy();
    const copy = await cut(round);
    endings.push(copy.end);
    promised.alsoSent(set);

    await forgetOwners(join(copy.folder, 'data'));
    const again = await createPlatform(join(copy.folder, 'data'));
    endings.push(again.remove);
    await again.start();
    const api = createApiClient(again.url, platform.api.cookie());
    expect((await api.get('/api/v1/sites?limit=1000')).items).toContainEqual(site);
    // Before the store has them again they are read from the log, a moment after the start.
    await expect.poll(() => promised.compare(api)).toEqual([]);
    const caughtUp = async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0;
    await until(caughtUp, 'the store has caught up', 60_000);
    expect(await promised.compare(api), 'read from the store').toEqual([]);
    expect(again.output()).not.toMatch(/"kind":"(corrupt|missing)"|telemetry\.log-trimmed/);
    console.info('power cut', copy.words, promised.count());
    for (const end of endings.splice(-2).reverse()) await end();
  }
  await senders.stop();
  expect(await set.compare(platform.api), 'on the disk that kept its power').toEqual([]);
}, 240_000);

const testAtLength = atLength ? test : () => undefined;

testAtLength(
  'what an edge took over before its power went is stored once',
  async () => {
    const platform = await createPlatform();
    endings.push(platform.remove);
    await platform.start();
    await platform.api.setUp();
    const thing = await addThing(platform.api, 'COUNTER-1');
    const device = await createCounterDevice();
    endings.push(device.close);
    const link: FaultProxy = await createFaultProxy(platform.mqttPort);
    endings.push(link.close);
    const { folder, cut } = await newDisk();
    const edge = await createEdgeProcess(platform.api, {
      platform: platform.url,
      mqttPort: link.port,
      directory: join(folder, 'edge'),
    });
    endings.push(edge.remove);
    const { port } = device;
    await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 50 });
    await edge.start();
    const stored = async () => (await allReadings(platform.api, thing.series[0]!)).map(({ value }) => value as number);
    await until(async () => (await stored()).length > 10, 'samples flow');

    for (let round = 0; round < inShort(1, 5); round++) {
      const begin = (await stored()).at(-1)!;
      // Acknowledgements under way, then nothing but the disk for what comes.
      await link.refuse();
      await setTimeout(1000 + random() * 1500);
      const promised = device.served();
      await setTimeout(3000); // gathered for 250 ms, then written: this is for a slow machine
      const copy = await cut(round);
      endings.push(copy.end);
      await edge.kill();
      await link.accept();
      const again = edge.movedTo(join(copy.folder, 'edge'));
      endings.push(again.remove);
      await again.start();
      const from = device.served();
      await until(async () => (await stored()).at(-1)! > from, 'the edge sends again');
      await until(
        async () => (await platform.api.get('/api/v1/flow')).edges[0].backlogSamples === 0,
        'its backlog is gone',
      );
      const values = await stored();
      const since = values.slice(values.indexOf(begin), values.indexOf(promised) + 1);
      expect(since, 'each reading that it took over, once').toEqual(
        Array.from({ length: promised - begin + 1 }, (_, i) => begin + i),
      );
      expect(again.output()).not.toMatch(/outbox\.damaged|state\.damaged/);
      console.info('power cut of the edge', copy.words);
      for (const end of endings.splice(-2).reverse()) await end();
      await edge.start();
      const next = device.served();
      await until(async () => (await stored()).at(-1)! > next, 'the first edge is back');
    }
    const all = await stored();
    expect(new Set(all).size).toBe(all.length);
  },
  240_000,
);
