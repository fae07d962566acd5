import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';

let platform: InProcessPlatform;
let api: ApiClient;
let neighbour: ApiClient;
const clients: MqttClient[] = [];

beforeAll(async () => {
  platform = await startInProcess();
  ({ api } = await platform.addTenant('Works', 'owner@works.example'));
  neighbour = (await platform.addTenant('Neighbour', 'owner@neighbour.example')).api;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => platform.stop());

const issue = (topics: { publish?: string[]; subscribe?: string[]; expiresAt?: string }, by = api) =>
  by.post('/api/v1/access-keys', { name: 'MES', ...topics });

async function connect(password: string, options: IClientOptions = {}): Promise<MqttClient> {
  const given = { protocolVersion: 5 as const, password, username: 'token', reconnectPeriod: 0, ...options };
  const client = await mqtt.connectAsync(platform.mqttUrl, given, false);
  clients.push(client);
  return client;
}
/** Everything that a client receives. */
function heard(client: MqttClient): string[] {
  const all: string[] = [];
  client.on('message', (topic, payload) => all.push(`${topic} ${payload}`));
  return all;
}
const goodbye = (client: MqttClient) =>
  new Promise<number | undefined>((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));

test('two programs talk over the topics that their keys name, and reach no others', async () => {
  const writer = await issue({ publish: ['mes/orders/#'] });
  const reader = await issue({ subscribe: ['mes/+/state', 'mes/orders/#'] });
  expect(writer.secret).toMatch(/^lba_[\w-]{32}$/);
  const [sender, listener] = [await connect(writer.secret), await connect(reader.secret)];
  const messages = heard(listener);

  await listener.subscribeAsync('mes/orders/+/done', { qos: 1 });
  await sender.publishAsync('mes/orders/7/done', 'yes', { qos: 1 });
  await expect.poll(() => messages).toEqual(['mes/orders/7/done yes']);

  for (const topic of ['mes', 'mes/other', 'luban/v1/samples', '$SYS/x', 'things/x/y'])
    await expect(sender.publishAsync(topic, 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
  for (const filter of ['#', 'mes/#', 'mes/orders2', '+/orders/#', '$share/all/mes/#', 'luban/v1/#', '$SYS/#'])
    await expect(listener.subscribeAsync(filter, { qos: 1 }), filter).rejects.toThrow(/Not authorized/);
  await listener.subscribeAsync('$share/all/mes/line/state', { qos: 1 });
  await expect(listener.publishAsync('mes/orders/1', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
});

test('a key for everything hears what things say below their own topics, and nothing that is said to ingest', async () => {
  const { secret } = await issue({ publish: ['#'], subscribe: ['#'] });
  const all = await connect(secret);
  const messages = heard(all);
  await all.subscribeAsync('#', { qos: 1 });
  const thing = await addThing(api, 'SENDER-1');
  const device = await connect(thing.key, { username: thing.id });
  await device.publishAsync('luban/v1/samples', '{"values":{"p0":1}}', { qos: 1 });
  await device.publishAsync(`things/${thing.id}/hello`, 'x', { qos: 1 });
  await expect.poll(() => messages).toEqual([`things/${thing.id}/hello x`]);
  for (const topic of ['luban/v1/samples', 'luban/v1/batch', 'luban/v1/edge/report', 'luban'])
    await expect(all.publishAsync(topic, '{"values":{"p0":1}}', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
});

test('a neighbour with a key for everything hears and says nothing of it', async () => {
  const mine = await connect((await issue({ publish: ['#'], subscribe: ['#'] })).secret, { clientId: 'same' });
  const theirs = await connect((await issue({ publish: ['#'], subscribe: ['#'] }, neighbour)).secret, {
    clientId: 'same',
  });
  const [heardHere, heardThere] = [heard(mine), heard(theirs)];
  await mine.subscribeAsync('#', { qos: 1 });
  await theirs.subscribeAsync('#', { qos: 1 });
  await mine.publishAsync('a', 'mine', { qos: 1, retain: true });
  await theirs.publishAsync('a', 'theirs', { qos: 1 });
  await expect.poll(() => [heardHere, heardThere]).toEqual([['a mine'], ['a theirs']]);
  const later = await connect((await issue({ subscribe: ['#'] }, neighbour)).secret);
  const kept = heard(later);
  await later.subscribeAsync('#', { qos: 1 });
  await theirs.publishAsync('a', 'last', { qos: 1 });
  await expect.poll(() => kept).toEqual(['a last']);
  await mine.publishAsync('a', '', { retain: true, qos: 1 });
});

test('%c is the client’s own identifier', async () => {
  const { secret } = await issue({ publish: ['clients/%c/#'] });
  const client = await connect(secret, { clientId: 'press-1' });
  await client.publishAsync('clients/press-1/state', 'x', { qos: 1 });
  await expect(client.publishAsync('clients/press-2/state', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
  const greedy = await connect(secret, { clientId: '+' });
  await expect(greedy.publishAsync('clients/press-1/state', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
});

test('a revoked key ends its connections and those of its tokens, and opens none', async () => {
  const { id, secret } = await issue({ publish: ['a'] });
  const { token } = await api.post(`/api/v1/access-keys/${id}/tokens`, {});
  const bystander = await connect((await issue({ publish: ['a'] })).secret);
  const clients = await Promise.all([secret, token].map((one) => connect(one)));
  const reasons = clients.map((client) => goodbye(client));
  expect((await api.request('DELETE', `/api/v1/access-keys/${id}`)).status).toBe(204);
  expect(await Promise.all(reasons)).toEqual([0x87, 0x87]);
  for (const one of [secret, token]) await expect(connect(one)).rejects.toMatchObject({ code: 0x86 });
  expect(bystander.connected).toBe(true);
  const { items } = await api.get('/api/v1/access-keys');
  expect(items.find((key: { id: string }) => key.id === id)).toMatchObject({
    revokedAt: expect.any(String),
    lastUsedAt: expect.any(String),
    createdBy: { name: 'Works owner' },
  });
  const again = await api.request('POST', `/api/v1/access-keys/${id}/tokens`, { body: {} });
  expect([again.status, again.body.code]).toEqual([409, 'access.void']);
});

test('a key that expires ends what it opened', async () => {
  const { secret } = await issue({ publish: ['a'], expiresAt: new Date(Date.now() + 1500).toISOString() });
  expect(await goodbye(await connect(secret))).toBe(0x87);
  await expect(connect(secret)).rejects.toMatchObject({ code: 0x86 });
});

test('a token is narrower than its key, works over WebSocket, and ends with its time', async () => {
  const { id } = await issue({ publish: ['line/#'], subscribe: ['line/#'] });
  const mint = (body: object) => api.request('POST', `/api/v1/access-keys/${id}/tokens`, { body });
  const { body: made } = await mint({ lifeSeconds: 2, publish: [], subscribe: ['line/+/state'] });
  const url = `ws://127.0.0.1:${platform.ports.httpPort}/mqtt`;
  const page = await mqtt.connectAsync(
    url,
    { protocolVersion: 5, username: 'token', password: made.token, reconnectPeriod: 0 },
    false,
  );
  clients.push(page);
  const ended = goodbye(page);
  await page.subscribeAsync('line/1/state', { qos: 1 });
  await expect(page.subscribeAsync('line/#', { qos: 1 })).rejects.toThrow();
  await expect(page.publishAsync('line/1/x', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
  expect(await ended).toBe(0x87);
  await expect(connect(made.token)).rejects.toMatchObject({ code: 0x86 });

  const wide = await mint({ publish: ['line/1', 'other/#'] });
  expect([wide.status, wide.body.code, wide.body.errors[0].pointer]).toEqual([403, 'access.too-wide', '/publish/1']);
  expect((await mint({ lifeSeconds: 86_401 })).status).toBe(400);
});

test('a token with one letter changed, or of another tenant’s key, opens nothing', async () => {
  const { id } = await issue({ publish: ['a'] });
  const { token } = await api.post(`/api/v1/access-keys/${id}/tokens`, {});
  const [body, mac] = token.split('.');
  const claims = JSON.parse(Buffer.from(body.slice(4), 'base64url').toString());
  const forged = `lbs_${Buffer.from(JSON.stringify({ ...claims, publish: ['#'] })).toString('base64url')}.${mac}`;
  for (const one of [forged, `${token}A`, `${body}.`, 'lbs_', 'lbs_.', `lba_${'x'.repeat(32)}`])
    await expect(connect(one)).rejects.toMatchObject({ code: 0x86 });
  const answer = await neighbour.request('POST', `/api/v1/access-keys/${id}/tokens`, { body: {} });
  expect([answer.status, answer.body.code]).toEqual([404, 'access.not-found']);
});

test('mosquitto’s clients come in by a key, by its id or any user name', async () => {
  const { id, secret } = await issue({ publish: ['plant/#'], subscribe: ['plant/#'] });
  const run = (program: string, ...more: string[]) =>
    promisify(execFile)(program, ['-h', '127.0.0.1', '-p', String(platform.ports.mqttPort), '-q', '1', ...more], {
      timeout: 20_000,
    });
  const { stdout } = await run('mosquitto_pub', '-u', id, '-P', secret, '-t', 'plant/kept', '-m', '21.5', '-r').then(
    () => run('mosquitto_sub', '-u', 'anything', '-P', secret, '-t', 'plant/+', '-C', '1', '-W', '10'),
  );
  expect(stdout).toBe('21.5\n');
});

test.each([
  ['no topic at all', {}, '/publish'],
  ['a # that is not the last level', { publish: ['a/#/b'] }, '/publish/0'],
  ['the platform’s own topics', { subscribe: ['luban/v1/#'] }, '/subscribe/0'],
  ['an expiry that is over', { publish: ['a'], expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
])('a key with %s is refused, and the field is named', async (_, topics, pointer) => {
  const answer = await api.request('POST', '/api/v1/access-keys', { body: { name: 'x', ...topics } });
  expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
});
