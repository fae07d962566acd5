import { encodeBatch, type RefusalCounted, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addCounterDevice, addThing, type MadeThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';

const startUs = Date.now() * 1000 - 3_600_000_000;
const yearUs = 365 * 24 * 3_600_000_000;
const clients: MqttClient[] = [];
let platform: Platform;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => platform.remove());

const accountOf = (thing: string) => platform.api.get(`/api/v1/things/${thing}/account`);
const bySamples = (refusals: readonly RefusalCounted[]) =>
  Object.fromEntries(refusals.map(({ reason, samples, batches }) => [reason, { samples, batches }]));
/** What is counted follows what is acknowledged. */
async function comesTo(thing: string, expected: object) {
  await expect.poll(() => accountOf(thing), { timeout: 30_000 }).toMatchObject(expected);
  return accountOf(thing);
}
async function connect(username: string, password?: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(platform.mqttUrl, {
    ...{ protocolVersion: 5, reconnectPeriod: 0, username },
    ...(password !== undefined && { password }),
  });
  clients.push(client);
  return client;
}
const batchOf = (series: readonly number[], { timeUs = startUs, sequence = 1 } = {}) =>
  Buffer.from(
    encodeBatch(
      toBatch(
        series.map((one, i) => ({
          ...{ series: toSeries(one), time: timeUs + i, value: i, quality: 0, simulated: false },
        })),
        sequence,
      ),
    ),
  );
const post = ({ key }: MadeThing, body: unknown) =>
  fetch(`${platform.url}/api/v1/samples`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('a thing’s book tells what arrived, was repeated, stored and refused, in each form and after a restart and a kill', async () => {
  const thing = await addThing(platform.api, 'BOOK-1', 2);
  const other = await addThing(platform.api, 'BOOK-2');
  const [p0, p1] = thing.series as [number, number];
  expect(await accountOf(thing.id)).toMatchObject({
    ...{ arrived: 0, received: 0, repeated: 0, stored: 0, waiting: 0, refused: 0, refusals: [], devices: [] },
    sinceMs: expect.any(Number),
  });
  const client = await connect(thing.id, thing.key);
  const send = (topic: string, payload: Buffer | string) => client.publishAsync(topic, payload, { qos: 1 });

  // Luban's own batches: three samples, once more for a lost acknowledgement, then what is not taken.
  await send(topics.batch, batchOf([p0, p1, p0]));
  await send(topics.batch, batchOf([p0, p1, p0]));
  await expect(send(topics.batch, batchOf([p0, p1], { timeUs: startUs + yearUs }))).rejects.toMatchObject({
    code: 0x99,
  });
  await expect(send(topics.batch, batchOf([p0, other.series[0]!]))).rejects.toMatchObject({ code: 0x87 });
  await expect(send(topics.batch, Buffer.from('no batch'))).rejects.toMatchObject({ code: 0x99 });
  // JSON by MQTT: a message is taken whole or not at all.
  await send(topics.samples, JSON.stringify({ values: { p0: 1, p1: 2 } }));
  await expect(send(topics.samples, JSON.stringify({ values: { p0: 1, p9: 2 } }))).rejects.toThrow();
  // ThingsBoard: what no property takes keeps nothing else back.
  await send('v1/devices/me/telemetry', JSON.stringify({ p0: 3, humidity: 40 }));
  // HTTP.
  expect((await post(thing, { time: new Date(startUs / 1000).toISOString(), values: { p1: 4 } })).status).toBe(200);
  expect((await post(thing, { values: { p0: 'four', p1: 5 } })).status).toBe(400);
  expect((await post(thing, { values: 5 })).status).toBe(400);
  expect((await post(thing, '{"values":')).status).toBe(400);

  const expected = { received: 10, repeated: 3, stored: 10, waiting: 0, refused: 9, arrived: 19 };
  const account = await comesTo(thing.id, expected);
  const refused = {
    malformed: { samples: 6, batches: 6 },
    'not-authorized': { samples: 2, batches: 1 },
    'no-property': { samples: 1, batches: 0 },
  };
  expect(bySamples(account.refusals)).toEqual(refused);
  expect(account.refusals[0].text).toEqual({ zh: '内容有误', en: 'Not valid' });
  expect(await accountOf(other.id), 'another thing’s book stays empty').toMatchObject({ arrived: 0 });

  const shown = async () =>
    Object.fromEntries(
      (await platform.api.get(`/api/v1/things/${thing.id}/refused-values`)).items.map(
        ({ key, count }: { key: string; count: number }) => [key, count],
      ),
    );
  // `*`: whole messages, the newest with its reason; of the rest the key that was wrong.
  expect(await shown()).toEqual({ '*': 5, p9: 1, humidity: 1, p0: 1 });

  await platform.stop();
  await platform.start();
  const after = await comesTo(thing.id, expected);
  expect(bySamples(after.refusals)).toEqual(refused);
  await platform.kill();
  await platform.start();
  await comesTo(thing.id, expected);
}, 120_000);

test('what is refused of an edge’s batch counts for the devices whose samples it held, and for the things they are read for', async () => {
  const thing = await addThing(platform.api, 'READ-1', 2);
  const edge = await platform.api.post('/api/v1/edges', { name: 'Edge' });
  const { token } = await platform.api.post(`/api/v1/edges/${edge.id}/enrolment-token`, {});
  const { key } = await platform.api.post('/api/v1/edges/enrol', { token, software: 'test' });
  const collected = { name: 'Counter', edge: edge.id, thing: thing.id, port: 1, pollIntervalMs: 1000 };
  const device = await addCounterDevice(platform.api, collected);
  const client = await connect(edge.id, key);
  const send = (payload: Buffer) => client.publishAsync(topics.batch, payload, { qos: 1 });
  const [read, own] = thing.series as [number, number];
  await send(batchOf([read, read]));
  await expect(send(batchOf([read, read, read], { timeUs: startUs + yearUs }))).rejects.toThrow();
  await expect(send(batchOf([read, own]))).rejects.toThrow();
  await expect(send(Buffer.from('no batch'))).rejects.toThrow();

  const row = { device, name: 'Counter', received: 2, repeated: 0, stored: 2, waiting: 0, refused: 4 };
  await comesTo(thing.id, { arrived: 0, devices: [{ ...row, edge: edge.id }] });
  const book = await platform.api.get(`/api/v1/edges/${edge.id}/account`);
  expect(book.devices).toEqual([row]);
  expect(bySamples(book.refusals)).toEqual({
    malformed: { samples: 3, batches: 2 },
    'not-authorized': { samples: 2, batches: 1 },
  });
}, 60_000);

test('what a gateway sends in a thing’s name stands in that thing’s book', async () => {
  const thing = await addThing(platform.api, 'THROUGH-1');
  const edge = await platform.api.post('/api/v1/edges', { name: 'Gateway' });
  const { token } = await platform.api.post(`/api/v1/edges/${edge.id}/enrolment-token`, {});
  const { key } = await platform.api.post('/api/v1/edges/enrol', { token, software: 'gateway' });
  await platform.api.put(`/api/v1/edges/${edge.id}/things/${thing.id}`, {});
  const client = await connect(key);
  const values = { p0: 5, humidity: 40, pressure: 1 };
  await client.publishAsync(
    'v1/gateway/telemetry',
    JSON.stringify({ 'THROUGH-1': [{ values }], nobody: [{ values }] }),
    { qos: 1 },
  );
  await comesTo(thing.id, { received: 1, stored: 1, refused: 2, arrived: 3 });
  const book = await platform.api.get(`/api/v1/edges/${edge.id}/account`);
  expect(bySamples(book.refusals), 'with what it sends for nobody').toEqual({
    'no-property': { samples: 2, batches: 0 },
    'not-authorized': { samples: 3, batches: 0 },
  });
}, 60_000);
