import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { promisify } from 'node:util';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { until } from './fixtures/until.ts';

/** Devices made for other platforms, as they are: only their address is another. */
const run = promisify(execFile);
let platform: InProcessPlatform;
let tenant: Awaited<ReturnType<InProcessPlatform['addTenant']>>;
let model: string;
const clients: MqttClient[] = [];

beforeAll(async () => {
  platform = await startInProcess();
  tenant = await platform.addTenant('Moving', 'owner@moving.example');
  const property = (key: string, type: string) => ({ key, name: { zh: key, en: key }, type, unit: null, range: null });
  model = (
    await tenant.api.post('/api/v1/thing-models', {
      key: 'moved',
      name: { zh: '迁来的设备', en: 'Moved device' },
      properties: [
        property('temperature', 'number'),
        property('running', 'boolean'),
        property('firmware', 'string'),
        property('Battery.level', 'number'),
      ],
    })
  ).id;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => platform.stop());

async function addThing(key: string, signed?: { login: string; secret?: string }) {
  const thing = await tenant.api.post('/api/v1/things', { key, name: key, model, site: null });
  const issued = await tenant.api.post(`/api/v1/things/${thing.id}/keys`, { name: 'k', ...(signed && { signed }) });
  return { id: thing.id as string, issued };
}
async function connect(options: object): Promise<MqttClient> {
  const client = await mqtt.connectAsync(platform.mqttUrl, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}
/** Key → [value, time in ms] as everybody reads it now. */
async function latest(thing: string): Promise<Record<string, [unknown, number]>> {
  const { items: points } = await tenant.api.get(`/api/v1/points?thing=${thing}`);
  const { items } = await tenant.api.get(`/api/v1/readings/latest?thing=${thing}`);
  const keys = new Map(points.map(({ series, key }: { series: number; key: string }) => [series, key]));
  return Object.fromEntries(
    items
      .filter(({ reading }: { reading: unknown }) => reading !== null)
      .map(({ series, reading }: { series: number; reading: { value: unknown; time: number } }) => [
        keys.get(series),
        [reading.value, reading.time / 1000],
      ]),
  );
}
async function refusedKeys(thing: string): Promise<Record<string, string>> {
  const { items } = await tenant.api.get(`/api/v1/things/${thing}/refused-values`);
  return Object.fromEntries(items.map(({ key, reason }: { key: string; reason: { en: string } }) => [key, reason.en]));
}
/** mosquitto_pub as a device's script has it. Resolves when it is acknowledged. */
const publish = (topic: string, message: string, ...more: string[]) =>
  run('mosquitto_pub', [
    ...['-h', '127.0.0.1', '-p', new URL(platform.mqttUrl).port, '-q', '1', '-t', topic, '-m', message],
    ...more,
  ]);

test('a ThingsBoard device sends telemetry and attributes with its token as user name', async () => {
  const { id, issued } = await addThing('tb-1');
  const timeMs = Date.now() - 5000;
  await publish('v1/devices/me/telemetry', '{"temperature":21.5,"running":true,"humidity":40}', '-u', issued.secret);
  await publish('v1/devices/me/attributes', '{"firmware":"1.2"}', '-u', issued.secret);
  await publish(
    'v1/devices/me/telemetry',
    JSON.stringify([{ ts: timeMs, values: { 'Battery.level': 80 } }]),
    ...['-u', issued.secret],
  );
  expect(await latest(id)).toMatchObject({
    temperature: [21.5, expect.any(Number)],
    running: [true, expect.any(Number)],
    firmware: ['1.2', expect.any(Number)],
    'Battery.level': [80, timeMs],
  });
  expect(await refusedKeys(id)).toEqual({ humidity: 'no such property' });
});

test('a ThingsBoard device that speaks MQTT 5 is told why nothing of a message could be kept', async () => {
  const { issued } = await addThing('tb-2');
  const client = await connect({ protocolVersion: 5, username: issued.secret });
  await client.subscribeAsync('v1/devices/me/attributes');
  await expect(client.publishAsync('v1/devices/me/telemetry', '{"humidity":40}', { qos: 1 })).rejects.toMatchObject({
    code: 0x99,
  });
  await client.publishAsync('v1/devices/me/telemetry', '{"temperature":1,"humidity":40}', { qos: 1 });
});

test('a ThingsBoard device of MQTT 3.1.1 stays connected when nothing of a message could be kept', async () => {
  const { id, issued } = await addThing('tb-3');
  const client = await connect({ username: issued.secret });
  await client.publishAsync('v1/devices/me/telemetry', '{"humidity":40}', { qos: 1 });
  await client.publishAsync('v1/devices/me/telemetry', '{"temperature":2}', { qos: 1 });
  expect(await refusedKeys(id)).toEqual({ humidity: 'no such property' });
});

test('a ThingsBoard gateway sends for the things that send through it, by name or key, and for no others', async () => {
  const edge = await tenant.api.post('/api/v1/edges', { name: 'Gateway' });
  const { token } = await tenant.api.post(`/api/v1/edges/${edge.id}/enrolment-token`, {});
  const { key } = await tenant.api.post('/api/v1/edges/enrol', { token, software: 'gateway' });
  const first = await addThing('gw-1');
  const other = await addThing('gw-2');
  await tenant.api.put(`/api/v1/edges/${edge.id}/things/${first.id}`, {});
  const client = await connect({ protocolVersion: 5, username: key });
  await client.subscribeAsync(['v1/gateway/rpc', 'v1/gateway/attributes']);
  const timeMs = Date.now() - 1000;
  const publish = (topic: string, message: object) =>
    client.publishAsync(`v1/gateway/${topic}`, JSON.stringify(message), { qos: 1 });
  await publish('connect', { device: 'gw-1' });
  await publish('telemetry', {
    'gw-1': [{ ts: timeMs, values: { temperature: 5 } }, { values: { running: true } }],
    'gw-2': [{ ts: timeMs, values: { temperature: 6 } }],
    nobody: [{ ts: timeMs, values: { temperature: 7 } }],
  });
  await publish('attributes', { 'gw-1': { firmware: '3' } });
  await publish('disconnect', { device: 'gw-1' });
  expect(await latest(first.id)).toMatchObject({
    temperature: [5, timeMs],
    running: [true, expect.any(Number)],
    firmware: ['3', expect.any(Number)],
  });
  expect(await latest(other.id)).toEqual({});
  await expect(publish('telemetry', { 'gw-2': [{ values: { temperature: 6 } }] })).rejects.toMatchObject({
    code: 0x99,
  });
  const alone = await connect({ protocolVersion: 5, username: other.issued.secret });
  await expect(
    alone.publishAsync('v1/gateway/telemetry', '{"gw-2":[{"values":{"temperature":6}}]}', { qos: 1 }),
  ).rejects.toMatchObject({ code: 0x87 });
});

test('a property is found by what the device calls it', async () => {
  const named = await tenant.api.post('/api/v1/thing-models', {
    key: 'named',
    name: { zh: '命名', en: 'Named' },
    properties: [{ key: 't', name: { zh: '温度', en: 'T' }, type: 'number', unit: null, range: null, source: '温度' }],
  });
  const thing = await tenant.api.post('/api/v1/things', { key: 'named-1', name: 'n', model: named.id, site: null });
  const { secret } = await tenant.api.post(`/api/v1/things/${thing.id}/keys`, { name: 'k' });
  await publish('v1/devices/me/telemetry', '{"温度":3}', '-u', secret);
  expect(await latest(thing.id)).toMatchObject({ t: [3, expect.any(Number)] });
});

test('a token of nobody opens nothing', async () => {
  await expect(connect({ username: 'lbt_nobody' })).rejects.toThrow(/user ?name|authori/i);
});

/** A Link Kit device with the secret that Alibaba Cloud gave it. */
const linkKit = (device: string, product: string, secret: string) => ({
  clientId: `${device}|securemode=3,signmethod=hmacsha256,timestamp=1539421321846|`,
  username: `${device}&${product}`,
  password: createHmac('sha256', secret)
    .update(`clientId${device}deviceName${device}productKey${product}timestamp1539421321846`)
    .digest('hex'),
});

test('a Link Kit device posts properties under its old secret and gets the reply that it waits for', async () => {
  const secret = 'cba236e94094a0399060a9fe355bef88';
  const { id } = await addThing('lk-1', { login: 'lock1&a1pC3rpU4xF', secret });
  const client = await connect(linkKit('lock1', 'a1pC3rpU4xF', secret));
  const base = '/sys/a1pC3rpU4xF/lock1/thing/event/property';
  const replies: { topic: string; reply: Record<string, unknown> }[] = [];
  client.on('message', (topic, payload) => replies.push({ topic, reply: JSON.parse(payload.toString()) }));
  await client.subscribeAsync([`${base}/post_reply`, `${base}/batch/post_reply`]);
  const timeMs = Date.now() - 60_000;
  const post = async (path: string, message: object) => {
    const before = replies.length;
    await client.publishAsync(`${base}/${path}`, JSON.stringify(message), { qos: 1 });
    await until(async () => replies.length > before, 'the platform replies', 5000);
    return replies.at(-1)!;
  };

  const first = { id: '123', version: '1.0', params: { temperature: { value: 3.5, time: timeMs }, running: 1, x: 1 } };
  expect(await post('post', { ...first, method: 'thing.event.property.post' })).toEqual({
    topic: `${base}/post_reply`,
    reply: {
      id: '123',
      code: 200,
      data: { x: 'no such property' },
      message: 'success',
      method: 'thing.event.property.post',
      version: '1.0',
    },
  });
  expect(await latest(id)).toMatchObject({ temperature: [3.5, timeMs], running: [true, expect.any(Number)] });

  const batch = {
    properties: {
      'Battery.level': [
        { value: 70, time: timeMs },
        { value: 69, time: timeMs + 1 },
      ],
    },
  };
  expect((await post('batch/post', { id: '124', params: batch })).reply.code).toBe(200);
  expect((await latest(id))['Battery.level']).toEqual([69, timeMs + 1]);
  expect((await post('post', { id: '125', params: { y: 1 } })).reply).toMatchObject({ id: '125', code: 460 });
  expect((await post('post', { id: '126', params: 7 })).reply).toMatchObject({ id: '126', code: 460 });
  await client.publishAsync(`${base}/post`, 'no json', { qos: 1 });
  await until(async () => replies.at(-1)?.reply.code === 400, 'what is no JSON is answered', 5000);
});

test('a Link Kit device with a wrong secret, or in the name of another, is refused', async () => {
  const { issued } = await addThing('lk-2', { login: 'lock2&a1pC3rpU4xF' });
  expect(issued).toMatchObject({ login: 'lock2&a1pC3rpU4xF', secret: expect.stringMatching(/^[0-9a-f]{32}$/) });
  await expect(connect(linkKit('lock2', 'a1pC3rpU4xF', 'another secret'))).rejects.toThrow(/user ?name|authori/i);
  const client = await connect({ protocolVersion: 5, ...linkKit('lock2', 'a1pC3rpU4xF', issued.secret) });
  const foreign = '/sys/a1pC3rpU4xF/lock1/thing/event/property';
  await expect(
    client.publishAsync(`${foreign}/post`, '{"id":"1","params":{"temperature":1}}', { qos: 1 }),
  ).rejects.toMatchObject({ code: 0x87 });
  await expect(client.subscribeAsync(`${foreign}/post_reply`)).rejects.toThrow();
});

test('a signed key is sealed, unique in its tenant, and void when it is revoked', async () => {
  const { id, issued } = await addThing('lk-3', { login: 'lock3&p', secret: 'a secret of old' });
  const again = await tenant.api.request('POST', `/api/v1/things/${id}/keys`, {
    body: { name: 'again', signed: { login: 'lock3&p' } },
  });
  expect(again.body).toMatchObject({ status: 409, code: 'things.login-taken' });
  const other = await platform.addTenant('Other', 'owner@other.example');
  const their = await other.api.post('/api/v1/thing-models', { key: 'm', name: { zh: '型', en: 'm' }, properties: [] });
  const theirs = await other.api.post('/api/v1/things', { key: 'x', name: 'x', model: their.id, site: null });
  await other.api.post(`/api/v1/things/${theirs.id}/keys`, { name: 'k', signed: { login: 'lock3&p' } });
  const client = await connect(linkKit('lock3', 'p', 'a secret of old'));
  const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await tenant.api.delete(`/api/v1/things/${id}/keys/${issued.id}`);
  await gone;
  await expect(connect(linkKit('lock3', 'p', 'a secret of old'))).rejects.toThrow(/user ?name|authori/i);
});

test('a Huawei device reports its services', async () => {
  const { id } = await addThing('hw-1', { login: 'product_node1', secret: 'huawei device secret' });
  const hour = '2026112608';
  const password = createHmac('sha256', hour).update('huawei device secret').digest('hex');
  const report = { services: [{ service_id: 'Battery', properties: { level: 55, temperature: 4 } }] };
  await publish(
    '$oc/devices/product_node1/sys/properties/report',
    JSON.stringify(report),
    ...['-i', `product_node1_0_0_${hour}`, '-u', 'product_node1', '-P', password],
  );
  expect(await latest(id)).toMatchObject({
    'Battery.level': [55, expect.any(Number)],
    temperature: [4, expect.any(Number)],
  });
});
