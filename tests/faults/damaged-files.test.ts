import { readdirSync } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gap } from '@luban/contracts';
import { afterEach, expect, test } from 'vitest';
import { createFaultProxy } from '../../edge/src/drivers/fault-proxy.ts';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { addCounterDevice, addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

let endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
});

const startUs = Date.now() * 1000;
const set = new AcknowledgedSet();
let number = 0;

async function newPlatform(): Promise<{ platform: Platform; thing: MadeThing }> {
  const platform = await createPlatform();
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  return { platform, thing: await addThing(platform.api, 'SENDER-1') };
}

/** Sends 20 samples as one record of the log. */
async function send(platform: Platform, thing: MadeThing): Promise<void> {
  const samples = Array.from({ length: 20 }, () => ({ timeUs: startUs + ++number * 1000, value: number }));
  const answer = await platform.api.request('POST', '/api/v1/samples', {
    body: {
      samples: samples.map(({ timeUs, value }) => ({
        time: new Date(timeUs / 1000).toISOString(),
        values: { p0: value },
      })),
    },
    headers: { authorization: `Bearer ${thing.key}` },
  });
  expect(answer.status, answer.text).toBe(200);
  for (const { timeUs, value } of samples) set.acknowledged(thing.series[0]!, timeUs, value);
}

/** Turns over bits of `count` bytes from `at` (a share of the file) on. */
async function damage(path: string, at: number, count = 40): Promise<void> {
  const { size } = await stat(path);
  const from = Math.floor(size * at);
  const file = await open(path, 'r+');
  const bytes = Buffer.alloc(count);
  const { bytesRead } = await file.read(bytes, 0, count, from);
  await file.write(
    bytes.subarray(0, bytesRead).map((byte) => byte ^ 0x5a),
    0,
    bytesRead,
    from,
  );
  await file.sync();
  await file.close();
}

const newestSegment = async (folder: string) =>
  join(
    folder,
    (await readdir(folder))
      .filter((name) => name.endsWith('.seg'))
      .sort()
      .at(-1)!,
  );

const flow = (platform: Platform) => platform.api.get('/api/v1/flow');

test('damage in the middle of the platform’s log is kept aside, shown in the overview, and the rest is stored', async () => {
  const { platform, thing } = await newPlatform();
  for (let i = 0; i < 60; i++) await send(platform, thing);
  await platform.kill();
  const folder = join(platform.dataDirectory, 'log');
  await damage(await newestSegment(folder), 0.5);
  await platform.start();
  await until(async () => (await flow(platform)).log.backlogRecords === 0, 'the store has caught up');
  const { log } = await flow(platform);
  expect(log).toMatchObject({
    state: 'warning',
    cause: {
      code: 'log.damaged',
      text: { zh: expect.stringMatching(/[一-龥]/), en: expect.stringMatching(/damaged/) },
    },
  });
  expect(log.cause.detail).toMatch(/records? \d+/);
  expect(platform.output()).toMatch(/log fault.*"kind":"corrupt"/);
  expect((await readdir(join(folder, 'quarantine'))).length).toBeGreaterThan(0);
  // At most the two records that the forty bytes touch.
  const stored = await allReadings(platform.api, thing.series[0]!);
  expect(stored.length).toBeGreaterThanOrEqual(1200 - 40);
  expect(set.faults(thing.series[0]!, stored).filter((fault) => !fault.includes('are missing'))).toEqual([]);
  expect((await platform.api.request('GET', '/health/ready')).status).toBe(200);
  await send(platform, thing);
}, 120_000);

test('damage in the middle of an edge’s outbox is told in the ledger, and the rest arrives', async () => {
  const { platform } = await newPlatform();
  const device = await createCounterDevice();
  endings.push(device.close);
  const link = await createFaultProxy(platform.mqttPort);
  endings.push(link.close);
  const edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort: link.port });
  endings.push(edge.remove);
  const thing = await addThing(platform.api, 'COUNTER-1');
  const { port } = device;
  await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 50 });
  await edge.start();
  const stored = async () => (await allReadings(platform.api, thing.series[0]!)).map(({ value }) => value as number);
  await until(async () => (await stored()).length > 5, 'samples flow');
  await link.refuse();
  const from = device.served();
  await until(() => device.served() > from + 100, 'the outbox has something');
  await edge.kill();
  await damage(await newestSegment(join(edge.directory, 'outbox', 'journal')), 0.6);
  await link.accept();
  await edge.start();
  const to = device.served();
  await until(async () => (await stored()).at(-1)! > to, 'samples flow again');
  const gaps = async (): Promise<Gap[]> => (await platform.api.get(`/api/v1/edges/${edge.id}/gaps?limit=1000`)).items;
  const told = async () => (await gaps()).filter(({ why }) => why === 'outbox-damaged');
  await until(async () => (await told()).length > 0, 'the ledger has it');
  const [gap] = await told();
  expect(gap!.cause?.text.zh).toMatch(/损坏/);
  await until(async () => (await flow(platform)).edges[0].backlogSamples === 0, 'the backlog is gone');
  const values = await stored();
  const there = new Set(values);
  expect(there.size).toBe(values.length);
  const missing = Array.from({ length: from + 90 }, (_, i) => i + 1).filter((value) => !there.has(value));
  expect(missing.length).toBeGreaterThan(0);
  expect(missing.filter((value) => value >= values[0]!).length, 'no more than the ledger says').toBe(gap!.samplesLost);
}, 120_000);

/** Files of a table's parts, by their path within the store. */
function partFiles(platform: Platform, name: RegExp): string[] {
  const store = join(platform.dataDirectory, 'telemetry', 'chdb', 'store');
  const files = readdirSync(store, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => name.test(file)).map((file) => join(store, file));
}

test('damage in the parts of the store is said to whoever asks for them, and everything else goes on', async () => {
  const { platform, thing } = await newPlatform();
  const other = await addThing(platform.api, 'SENDER-2');
  for (let i = 0; i < 40; i++) await send(platform, thing);
  await until(async () => (await flow(platform)).log.backlogRecords === 0, 'the store has them');
  await platform.stop();
  const parts = partFiles(platform, /\/20\d{6}_[^/]+\/(data|value|binary|decimal|time|arrival)\.bin$/);
  expect(parts.length).toBeGreaterThan(0);
  for (const part of parts) await damage(part, 0.5, 20);
  await platform.start();

  const asked = await platform.api.request(
    'GET',
    `/api/v1/readings/range?series=${thing.series[0]}&from=0&to=${Number.MAX_SAFE_INTEGER}&limit=1000`,
  );
  expect(asked.status).toBe(500);
  expect(asked.body).toMatchObject({
    code: 'readings.damaged',
    text: { zh: expect.stringMatching(/损坏/), en: expect.stringMatching(/damaged/) },
  });
  const storage = async () => (await flow(platform)).storage;
  expect(await storage()).toMatchObject({ state: 'warning', cause: { code: 'telemetry.damaged' } });
  expect(platform.output()).toMatch(/telemetry\.damaged/);
  // Nobody else notices.
  await send(platform, other);
  await until(async () => (await flow(platform)).log.backlogRecords === 0, 'new samples are stored');
  const latest = await platform.api.get(`/api/v1/readings/latest?series=${other.series[0]}`);
  expect(latest.items[0].reading.value).toBe(number);
  await platform.stop();
  await platform.start();
  expect((await platform.api.request('GET', '/health/live')).status).toBe(200);
}, 120_000);

test('with a damaged table of latest values the platform starts, says so, and makes it anew from the history', async () => {
  const { platform, thing } = await newPlatform();
  for (let i = 0; i < 10; i++) await send(platform, thing);
  await platform.stop();
  const [definition] = partFiles(platform, /latest\.sql$/);
  const table = /UUID '([0-9a-f-]+)'/.exec(await readFile(definition!, 'utf8'))![1];
  const parts = partFiles(
    platform,
    new RegExp(`${table}/all_[^/]+/(data|value|binary|decimal|time|arrival|series)\\.bin$`),
  );
  expect(parts.length).toBeGreaterThan(0);
  for (const part of parts) await damage(part, 0.5, 20);
  for (let start = 0; start < 2; start++) {
    await platform.start();
    const latest = await platform.api.get(`/api/v1/readings/latest?series=${thing.series[0]}`);
    expect(latest.items[0].reading.value).toBe(number);
    if (start === 0) expect(platform.output()).toMatch(/telemetry\.damaged/);
    await platform.stop();
  }
}, 120_000);

test.each([0, 0.5])(
  'with a file of records that is damaged at %d of its length the platform does not start, and says which file and what to do',
  async (at) => {
    const { platform } = await newPlatform();
    await platform.stop();
    await damage(join(platform.dataDirectory, 'records.sqlite'), at, 8192); // two pages: SQLite has no checksum of a value
    const started = platform.launch();
    await expect(started.ready).rejects.toThrow();
    expect(platform.output()).toMatch(/records\.sqlite/);
    expect(platform.output()).toMatch(/damaged/);
    expect(platform.output()).toMatch(/损坏/);
  },
  60_000,
);
