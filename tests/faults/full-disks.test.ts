import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, expect } from 'vitest';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { testNeeding } from '../fixtures/fault-run.ts';
import { markedDirectory, sweep, system, unmount } from '../fixtures/machine-parts.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addCounterDevice, addThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('root');
let endings: (() => Promise<unknown>)[] = [];
beforeAll(sweep);
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
});

/** A folder, and in it one named `small` that holds so many bytes. */
async function smallDisk(bytes: number): Promise<{ directory: string; small: string }> {
  const directory = await markedDirectory();
  endings.push(() => rm(directory, { recursive: true, force: true }));
  const small = join(directory, 'small');
  await mkdir(small);
  system('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', small);
  endings.push(() => unmount(small));
  return { directory, small };
}

/** Fills the disk to its last byte; gives what empties it again. */
async function fill(small: string): Promise<() => Promise<void>> {
  const ballast = join(small, 'ballast');
  await expect(writeFile(ballast, Buffer.alloc(256 << 20))).rejects.toMatchObject({ code: 'ENOSPC' });
  return () => rm(ballast);
}

async function started(directory: string): Promise<Platform> {
  const platform = await createPlatform(directory);
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  return platform;
}

test('while only the disk of the store is full everything is acknowledged and shown; with room again it is stored', async () => {
  const { directory, small } = await smallDisk(48 << 20);
  const data = join(directory, 'data');
  await mkdir(data);
  await symlink(small, join(data, 'telemetry'));
  const platform = await started(data);
  const set = new AcknowledgedSet();
  const [byMqtt, byHttp] = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random: seededRandom(4), everyMs: 20 });
  const flow = () => platform.api.get('/api/v1/flow');
  await until(() => set.count().acknowledged > 500, 'samples are acknowledged');
  const empty = await fill(small);
  await until(async () => (await flow()).storage.state !== 'ok', 'the overview says it of the store', 60_000);
  expect((await flow()).storage.cause.text.zh).toMatch(/[一-龥]/);
  expect((await flow()).log.state).toBe('ok');
  const before = set.count().acknowledged;
  await until(() => set.count().acknowledged > before + 500, 'samples are acknowledged all the same');
  await senders.stop();
  await expect.poll(() => set.compare(platform.api), { message: 'they can be read from the log' }).toEqual([]);
  await empty();
  await until(async () => (await flow()).log.backlogRecords === 0, 'the store has caught up', 60_000);
  await until(async () => (await flow()).storage.state === 'ok', 'the overview is well again');
  expect(await set.compare(platform.api)).toEqual([]);
}, 180_000);

test('while only the disk of the records is full nothing is half written, and samples go on', async () => {
  const { directory, small } = await smallDisk(24 << 20);
  const data = join(small, 'data');
  await mkdir(data);
  for (const part of ['log', 'telemetry']) {
    await mkdir(join(directory, part));
    await symlink(join(directory, part), join(data, part));
  }
  const platform = await started(data);
  const set = new AcknowledgedSet();
  const [byMqtt, byHttp] = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random: seededRandom(5), everyMs: 20 });
  const empty = await fill(small);
  const made: string[] = [];
  const make = async (name: string) => {
    const answer = await platform.api.request('POST', '/api/v1/sites', { body: { name, level: 'site', parent: null } });
    if (answer.status < 300) made.push(answer.body.id);
    return answer;
  };
  let refused = 0;
  for (let i = 0; i < 2000 && refused < 3; i++) {
    const answer = await make(`Hall ${i} ${'x'.repeat(100)}`);
    if (answer.status >= 500) {
      refused++;
      expect(answer.body.text.zh).toMatch(/[一-龥]/);
    } else expect(answer.status, answer.text).toBeLessThan(300);
  }
  expect(refused).toBe(3);
  const before = set.count().acknowledged;
  await until(() => set.count().acknowledged > before + 500, 'samples are acknowledged all the same');
  await empty();
  expect((await make('Hall with room')).status).toBeLessThan(300);
  await senders.stop();
  await platform.kill();
  await platform.start();
  const sites: { id: string }[] = [];
  for (let next = ''; ; ) {
    const page = await platform.api.get(`/api/v1/sites?limit=200${next}`);
    sites.push(...page.items);
    if (page.next === null) break;
    next = `&cursor=${page.next}`;
  }
  expect(sites.map(({ id }) => id).sort()).toEqual(made.sort());
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api)).toEqual([]);
}, 180_000);

test('while the disk of an edge is full it collects on and says so; with room again every reading arrives once', async () => {
  const { small } = await smallDisk(48 << 20);
  const platform = await createPlatform();
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  const device = await createCounterDevice();
  endings.push(device.close);
  const { mqttPort } = platform;
  const directory = join(small, 'edge');
  const edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort, directory });
  endings.push(edge.remove);
  const thing = await addThing(platform.api, 'COUNTER-1');
  const { port } = device;
  await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 50 });
  await edge.start();
  const stored = async () => (await allReadings(platform.api, thing.series[0]!)).map(({ value }) => value as number);
  const shown = async () => (await platform.api.get('/api/v1/flow')).edges[0];
  await until(async () => (await stored()).length > 10, 'samples flow');
  const empty = await fill(small);
  await until(async () => (await shown()).cause?.code === 'outbox.disk', 'the overview says it', 90_000);
  await setTimeout(2000);
  const during = device.served();
  await empty();
  await until(async () => (await shown()).cause === null, 'the overview is well again');
  await until(async () => (await stored()).at(-1)! > during, 'samples flow again');
  const values = await stored();
  expect(values, 'each reading once, none missing').toEqual(values.map((_, i) => values[0]! + i));
}, 180_000);
