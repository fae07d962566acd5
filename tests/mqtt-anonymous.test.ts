import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type UserId } from '@luban/contracts';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfig, type ServerConfig } from '../server/src/config.ts';
import { createApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

let platform: InProcessPlatform;
const clients: MqttClient[] = [];

async function connect(options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(
    platform.mqttUrl,
    { protocolVersion: 5, reconnectPeriod: 0, ...options },
    false,
  );
  clients.push(client);
  return client;
}
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});

/** A platform with one access key, started again with what the settings make of it. */
function withAnonymous(login: 'none' | 'any', topics: { publish: string[]; subscribe: string[] }) {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'luban-anonymous-'));
    const kept: Partial<ServerConfig> = { dataDirectory: directory, records: undefined };
    const before = await startInProcess(kept);
    const owner = await before.addTenant('Closed network', 'owner@closed.example');
    const { id } = await owner.api.post('/api/v1/access-keys', { name: 'Anybody', ...topics });
    await before.stop();
    platform = await startInProcess({ ...kept, mqttAnonymous: { key: id, login } });
  });
  afterAll(async () => {
    await platform.stop();
    await rm(directory, { recursive: true });
  });
}

describe('without a setting', () => {
  beforeAll(async () => {
    platform = await startInProcess();
  });
  afterAll(() => platform.stop());

  test('nobody comes in without a key', async () => {
    await expect(connect()).rejects.toMatchObject({ code: 0x86 });
    await expect(connect({ username: 'any', password: 'thing' })).rejects.toMatchObject({ code: 0x86 });
  });
});

describe('with a key for who shows nothing', () => {
  withAnonymous('none', { publish: ['open/#'], subscribe: ['open/#'] });

  test('who shows nothing acts as it', async () => {
    const client = await connect();
    await client.publishAsync('open/a', 'x', { qos: 1 });
    await expect(client.publishAsync('closed/a', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
  });

  test.each([
    { username: 'x' },
    { username: 'x', password: 'y' },
    { username: 'x', password: `lba_${'x'.repeat(32)}` },
  ])('who shows something wrong does not: %o', async (login) => {
    await expect(connect(login)).rejects.toMatchObject({ code: 0x86 });
  });
});

describe('with a key for any login', () => {
  withAnonymous('any', { publish: ['#'], subscribe: ['#'] });

  test.each([{}, { username: 'testuser' }, { username: 'testuser', password: 'testpassword' }])(
    'a login that is nobody’s acts as it: %o',
    async (login) => {
      const client = await connect(login);
      await client.publishAsync('TopicA', 'x', { qos: 1 });
    },
  );

  test.each([
    { username: 'x', password: `lba_${'x'.repeat(32)}` },
    { username: 'x', password: `lbt_${'x'.repeat(32)}` },
    { username: `lbt_${'x'.repeat(32)}` },
    { username: newId('thing'), password: 'wrong' },
    { username: newId('edge'), password: 'wrong' },
  ])('a key or an id of the platform’s that opens nothing is refused still: %o', async (login) => {
    await expect(connect(login)).rejects.toMatchObject({ code: 0x86 });
  });

  test('a client identifier is one client, whatever the login', async () => {
    const first = await connect({ clientId: 'myclientid' });
    const gone = new Promise((resolve) => first.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
    await connect({ clientId: 'myclientid', username: 'other', password: 'login' });
    expect(await gone).toBe(0x8e);
  });

  test.each([4, 5] as const)('MQTT version %i: topics of any form reach who has subscribed to all', async (version) => {
    const reader = await connect({ protocolVersion: version });
    const heard: string[] = [];
    reader.on('message', (topic) => heard.push(topic));
    await reader.subscribeAsync(['#', '+/+', '/#'], { qos: 2 });
    const writer = await connect({ protocolVersion: version });
    const topics = ['TopicA', 'TopicA/B', '/TopicA', '/', 'a//b', 'things/x', 'v1/devices/me/telemetry'];
    // One of $ is taken, but nobody hears it; the connection goes on.
    for (const topic of ['$TopicA/B', ...topics]) await writer.publishAsync(topic, 'x', { qos: 2 });
    await expect.poll(() => new Set(heard)).toEqual(new Set(topics));
  });

  test.each(['luban/v1/samples', '$SYS/broker', '$oc/devices/x'])('not the platform’s own: %s', async (topic) => {
    const client = await connect();
    await expect(client.publishAsync(topic, 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
    await expect(client.subscribeAsync(topic)).rejects.toThrow(/Not authorized/);
  });

  test('topics of $ are heard by nobody', async () => {
    const client = await connect();
    await expect(client.subscribeAsync('$TopicA/#')).rejects.toThrow(/Not authorized/);
  });
});

test('the start fails where the key for whoever shows nothing is not there', async () => {
  const stranger = newId('access');
  await expect(startInProcess({ mqttAnonymous: { key: stranger, login: 'none' } })).rejects.toThrow(
    `LUBAN_MQTT_ANONYMOUS: there is no access key ${stranger}`,
  );
});

test('any login needs the key that it stands for', () => {
  const needed = { LUBAN_DATA: '/x', LUBAN_MQTT_ANONYMOUS_LOGIN: 'any' };
  expect(() => readConfig(needed)).toThrow('LUBAN_MQTT_ANONYMOUS_LOGIN=any needs LUBAN_MQTT_ANONYMOUS');
});

test.each([
  ['none', []],
  ['any', ['WRONG USER NAMES AND PASSWORDS OPEN MQTT AS WELL (LUBAN_MQTT_ANONYMOUS_LOGIN)']],
] as const)('login %s: the log warns of it at the start', async (login, warnings) => {
  const directory = await mkdtemp(join(tmpdir(), 'luban-anonymous-'));
  const kept = { dataDirectory: directory, records: undefined };
  const before = await startInProcess(kept);
  const owner = await before.addTenant('Closed network', 'owner@closed.example');
  const { id } = await owner.api.post('/api/v1/access-keys', { name: 'Anybody', publish: ['#'] });
  await before.stop();
  const said: { level: string; text: string }[] = [];
  const open = await startInProcess(
    { ...kept, host: '127.0.0.1', plainHost: '127.0.0.1', mqttAnonymous: { key: id, login } },
    (level, text) => said.push({ level, text }),
  );
  expect(
    said.filter(({ level, text }) => level === 'warn' && text.includes('LUBAN_MQTT')).map(({ text }) => text),
  ).toEqual(warnings);
  // The console shows it beside the key.
  const api = createApiClient(open.url);
  await api.post('/api/v1/sessions/link', {
    token: await open.app.identity.createSignInLink(owner.ownerId as UserId),
  });
  const { items } = await api.get('/api/v1/access-keys');
  expect(items.map(({ openTo }: { openTo: string }) => openTo)).toEqual([login === 'any' ? 'any-login' : 'no-login']);
  await open.stop();
  await rm(directory, { recursive: true });
});
