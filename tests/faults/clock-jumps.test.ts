import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Gap } from '@luban/contracts';
import { openJournal } from '@luban/journal';
import { afterEach, expect } from 'vitest';
import { decodeLogRecord } from '../../server/src/log/log-record.ts';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { type Clock, createClock } from '../fixtures/clock.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { testNeeding } from '../fixtures/fault-run.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addCounterDevice, addThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('faketime');
let endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
});

async function newClock(words?: string): Promise<Clock> {
  const clock = await createClock(words);
  endings.push(clock.remove);
  return clock;
}
async function newPlatform(clock?: Clock): Promise<Platform> {
  const platform = await createPlatform(undefined, clock ? { environment: clock.environment } : {});
  endings.push(platform.remove);
  await platform.start();
  await platform.api.setUp();
  return platform;
}

/** Arrival times of the dead platform's log, oldest first. */
async function arrivals(platform: Platform): Promise<number[]> {
  const copy = await mkdtemp(join(tmpdir(), 'luban-log-'));
  await cp(join(platform.dataDirectory, 'log'), copy, { recursive: true, verbatimSymlinks: true });
  const journal = await openJournal({ directory: copy });
  const found: number[] = [];
  for (let at = journal.first; at < journal.next; ) {
    for (const { position, payload } of await journal.read(at, { bytes: 4_000_000 })) {
      found.push(decodeLogRecord(position, payload).arrivalUs);
      at = position + 1;
    }
  }
  await journal.close();
  await rm(copy, { recursive: true });
  return found;
}

test('however the platform’s clock jumps, it goes on acknowledging, in the order of arrival, and loses nothing', async () => {
  const clock = await newClock();
  const platform = await newPlatform(clock);
  const set = new AcknowledgedSet();
  const [byMqtt, byHttp] = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
  const random = seededRandom(3);
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random, everyMs: 20 });
  for (const jump of ['+0', '+1h', '+0', '-1h', '+0', '+2d', '+0', '@1970-01-01 00:00:10', '+0']) {
    clock.set(jump);
    await setTimeout(300);
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + 200, `samples are acknowledged with the clock at ${jump}`);
    await setTimeout(700);
  }
  await senders.stop();
  expect(await set.compare(platform.api), 'at once').toEqual([]);
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api), 'from the store').toEqual([]);
  await platform.kill();
  const order = await arrivals(platform);
  expect(order.length).toBeGreaterThan(100);
  expect(
    order.findIndex((arrivalUs, i) => i > 0 && arrivalUs <= order[i - 1]!),
    'arrival that does not grow',
  ).toBe(-1);
  await platform.start();
  expect(await set.compare(platform.api), 'after a restart').toEqual([]);
  console.info('clock jumps of the platform', set.count());
}, 180_000);

test('a platform whose clock was never set makes its senders wait and says why, until it is set', async () => {
  const clock = await newClock('@1970-01-01 00:10:00');
  const platform = await newPlatform(clock);
  const thing = await addThing(platform.api, 'SENDER-1');
  const send = () =>
    platform.api.request('POST', '/api/v1/samples', {
      body: { samples: [{ time: new Date().toISOString(), values: { p0: 1 } }] },
      headers: { authorization: `Bearer ${thing.key}` },
    });
  const refused = await send();
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({
    code: 'samples.unavailable',
    detail: expect.stringMatching(/clock .* not set/),
  });
  expect(platform.output()).toMatch(/the clock of the platform is not set/);
  clock.set('+0');
  expect((await send()).status).toBe(200);
}, 60_000);

test('however an edge’s clock jumps, what is accepted is stored, what is not is said and kept, and live values go on', async () => {
  const platform = await newPlatform();
  const clock = await newClock();
  const device = await createCounterDevice();
  endings.push(device.close);
  const { mqttPort } = platform;
  const { environment } = clock;
  const edge = await createEdgeProcess(platform.api, { platform: platform.url, mqttPort, environment });
  endings.push(edge.remove);
  const thing = await addThing(platform.api, 'COUNTER-1');
  const { port } = device;
  await addCounterDevice(platform.api, { name: 'Counter', edge: edge.id, thing: thing.id, port, pollIntervalMs: 100 });
  await edge.start();
  const series = thing.series[0]!;
  const latest = async () => (await platform.api.get(`/api/v1/readings/latest?series=${series}`)).items[0];
  const refusals = async (): Promise<Gap[]> =>
    (await platform.api.get(`/api/v1/edges/${edge.id}/gaps?limit=1000`)).items.filter(
      ({ why }: Gap) => why === 'platform-refused',
    );
  const live = (why: string) => {
    const from = device.served();
    return until(async () => (await latest()).reading.value > from, why);
  };
  await until(async () => (await latest())?.reading !== null, 'samples flow');
  const refused: { from: number; to: number }[] = [];
  for (const [jump, accepted] of [
    ['+1h', true],
    ['+2d', false],
    ['@1970-01-02 00:00:00', false],
  ] as const) {
    await live('live values before the jump');
    const from = device.served();
    clock.set(jump);
    if (accepted) await live(`live values with the clock at ${jump}`);
    else await until(async () => (await refusals()).length > refused.length, `the ledger has it at ${jump}`);
    await setTimeout(1000);
    clock.set('+0');
    if (!accepted) {
      refused.push({ from, to: device.served() + 5 });
    }
    await live(`live values after the clock was at ${jump}`);
    await until(async () => (await platform.api.get(`/api/v1/things/${thing.id}`)).state === 'online', 'it is online');
    expect((await latest()).stale).toBe(false);
  }
  await live('live values at last');
  const values = (await allReadings(platform.api, series))
    .filter(({ quality }) => quality === 'good')
    .map(({ value }) => value as number)
    .sort((a, b) => a - b);
  expect(new Set(values).size).toBe(values.length);
  const there = new Set(values);
  const missing = Array.from({ length: values.at(-1)! }, (_, i) => i + 1).filter((value) => !there.has(value));
  const unexplained = missing.filter((value) => !refused.some(({ from, to }) => value >= from && value <= to));
  expect(
    unexplained.filter((value) => value > values[0]!),
    'missing, and not refused',
  ).toEqual([]);
  for (const { cause } of await refusals())
    expect(cause?.detail).toMatch(/before 2000 or more than a day ahead: check the sender.s clock/);
  expect(edge.output(), 'people are told').toMatch(/uplink.refused.*check the sender.s clock/);
  console.info('clock jumps of the edge', { stored: values.length, refused: missing.length });
}, 180_000);
