import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../fixtures/api-client.ts';
import { leads, makePlatformOfServers, type PlatformOfServers } from '../fixtures/cluster/platform-of-servers.ts';
import { freezeAll } from '../fixtures/family.ts';
import { addThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

let platform: PlatformOfServers;
/** Has no door. */
let leader: Platform;
/** Has one. */
let standBy: Platform;
let door: Platform;
let apis: ApiClient[];
let key: { id: string; secret: string };
let clients: MqttClient[] = [];

beforeAll(async () => {
  platform = await makePlatformOfServers('all_doors');
  leader = await platform.server('api,writer');
  standBy = await platform.server('door,api,writer');
  door = await platform.server('door');
  await leader.start();
  await leads(leader);
  await leader.api.setUp();
  await Promise.all([standBy.start(), door.start()]);
  apis = [leader, standBy, door].map(({ url }) => createApiClient(url, leader.api.cookie()));
  key = await leader.api.post('/api/v1/access-keys', { name: 'MES', publish: ['#'], subscribe: ['#'] });
}, 180_000);
afterEach(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  clients = [];
});
afterAll(() => platform.remove());

async function connect(to: Platform, clientId: string, over: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const given = { clientId, protocolVersion: 5 as const, username: 'any', password: key.secret, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(to.mqttUrl, { ...given, clean: true, ...over }, false);
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}
/** Asks again while a server that is slow at the moment, and not one of the `silent` ones, is named. */
async function told(api: ApiClient, path: string, silent: readonly string[] = []) {
  let answer = await api.request('GET', path);
  await until(async () => {
    const { body } = answer;
    const slow = (body.notAnswering ?? []).some(({ id }: { id: string }) => !silent.includes(id));
    if (!slow && body.code !== 'servers.not-answering') return true;
    answer = await api.request('GET', path);
    return false;
  }, 'every server answers that can');
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
}
/** The same for the end of a session. */
async function ended(api: ApiClient, path: string) {
  let answer = await api.request('DELETE', path);
  await until(async () => {
    if (answer.status !== 503) return true;
    answer = await api.request('DELETE', path);
    return false;
  }, 'every server answers');
  return answer;
}
const list = (api: ApiClient, query = '', silent: readonly string[] = []) =>
  told(api, `/api/v1/mqtt-clients?${query}`, silent);
const idsOf = ({ items }: { items: { clientId: string }[] }) => items.map(({ clientId }) => clientId).sort();

test('every server lists the clients of every door, with the server where each is', async () => {
  for (let i = 0; i < 3; i++) await (await connect(door, `at-door-${i}`)).subscribeAsync(`line/${i}`);
  await connect(standBy, 'at-stand-by', { keepalive: 30 });
  for (const api of apis) {
    const all = await list(api);
    expect(all).toMatchObject({ next: null, notAnswering: [] });
    expect(idsOf(all)).toEqual(['at-door-0', 'at-door-1', 'at-door-2', 'at-stand-by']);
    const servers = new Map(
      all.items.map((one: { clientId: string; server: { id: string } }) => [one.clientId, one.server.id]),
    );
    expect(servers.get('at-door-0')).toBe(servers.get('at-door-2'));
    expect(servers.get('at-door-0')).not.toBe(servers.get('at-stand-by'));
    expect(idsOf(await list(api, 'q=at-stand'))).toEqual(['at-stand-by']);
    expect(idsOf(await list(api, 'q=mes'))).toHaveLength(4);
    expect(await told(api, `/api/v1/mqtt-clients/${key.id}?clientId=at-door-1`)).toMatchObject({
      ...{ ownerName: 'MES', server: { id: servers.get('at-door-1') }, filters: [{ filter: 'line/1', qos: 0 }] },
    });
  }
});

test('pages over several doors follow one another, each client once and each door in its order', async () => {
  for (let i = 0; i < 5; i++) await connect(i % 3 === 0 ? standBy : door, `c${i}`);
  for (const [turn, api] of apis.entries()) {
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { clientId: string }[]; next: string | null } = await list(
        api,
        `limit=${turn + 1}${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      found.push(...page.items.map(({ clientId }) => clientId));
      cursor = page.next;
    } while (cursor !== null);
    expect([...found].sort()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4']);
    expect(found.filter((one) => ['c1', 'c2', 'c4'].includes(one))).toEqual(['c1', 'c2', 'c4']);
    expect(found.indexOf('c0')).toBeLessThan(found.indexOf('c3'));
    const wrong = await api.request('GET', `/api/v1/mqtt-clients?cursor=${Buffer.from('7').toString('base64url')}`);
    expect([wrong.status, wrong.body.code]).toEqual([400, 'request.invalid']);
  }
});

test('a session is ended wherever it is, whichever server is asked', async () => {
  for (const [turn, api] of apis.entries())
    for (const at of [door, standBy]) {
      const clientId = `ends-${turn}`;
      const client = await connect(at, clientId, { clean: false, properties: { sessionExpiryInterval: 3600 } });
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
      const path = `/api/v1/mqtt-clients/${key.id}?clientId=${clientId}`;
      // Found first: it answers in time, or the request is made again.
      await told(api, path);
      await ended(api, path);
      await closed;
      const again = await ended(api, path);
      expect([again.status, again.body.code]).toEqual([404, 'mqtt-clients.not-found']);
      expect(idsOf(await list(api, `q=${clientId}`))).toEqual([]);
    }
});

test('what a thing sends in vain to any door is added up, whichever server is asked', async () => {
  const thing = await addThing(leader.api, 'SENDER-1');
  const say = async (to: Platform, values: Record<string, number>) => {
    const client = await connect(to, `sender-${to.mqttPort}`, { username: thing.id, password: thing.key });
    await client.publishAsync('v1/devices/me/telemetry', JSON.stringify(values), { qos: 1 }).catch(() => undefined);
  };
  await say(door, { unknown: 1, other: 2 });
  await say(standBy, { unknown: 3 });
  for (const api of apis) {
    const { items, notAnswering } = await told(api, `/api/v1/things/${thing.id}/refused-values`);
    const counts = Object.fromEntries(items.map((one: { key: string; count: number }) => [one.key, one.count]));
    expect([counts, notAnswering]).toEqual([{ unknown: 2, other: 1 }, []]);
  }
  // Whoever has the API answers it; the doors tell every three seconds.
  for (const api of apis.slice(0, 2))
    await until(
      async () => (await api.get(`/api/v1/things/${thing.id}/account`)).refused === 3,
      'its book has what every door has refused',
    );
});

test('the overview of a leader without a door has what comes in at every door', async () => {
  const thing = await addThing(leader.api, 'SENDER-3');
  await connect(standBy, 'counted');
  const client = await connect(door, 'sender', { username: thing.id, password: thing.key });
  const ingest = async () => (await leader.api.get('/api/v1/flow')).ingest;
  await until(async () => {
    await client.publishAsync('luban/v1/samples', JSON.stringify({ values: { p0: 1 } }), { qos: 1 });
    const { connections, samplesPerSecond, messagesPerSecond, state, cause } = await ingest();
    return connections === 2 && samplesPerSecond > 0 && messagesPerSecond > 0 && state === 'ok' && cause === null;
  }, 'both connections and the samples are seen');
});

test('a door that is frozen is named, and what may be there is not said to be missing; one that has signed off is not', async () => {
  await connect(standBy, 'here');
  await connect(door, 'frozen', { clean: false, properties: { sessionExpiryInterval: 3600 } });
  const thing = await addThing(leader.api, 'SENDER-2');
  const { server } = await told(leader.api, `/api/v1/mqtt-clients/${key.id}?clientId=frozen`);
  await freezeAll([door.pid()]);
  try {
    const ingest = async () => (await leader.api.get('/api/v1/flow')).ingest;
    await expect
      .poll(ingest, { timeout: 30_000 })
      .toMatchObject({ connections: 1, state: 'warning', cause: { detail: server.id } });
    for (const api of apis.slice(0, 2)) {
      const page = await list(api, '', [server.id]);
      expect([idsOf(page), page.notAnswering]).toEqual([['here'], [server]]);
      const refused = await told(api, `/api/v1/things/${thing.id}/refused-values`, [server.id]);
      expect(refused.notAnswering).toEqual([server]);
      for (const method of ['GET', 'DELETE']) {
        const there = await api.request(method, `/api/v1/mqtt-clients/${key.id}?clientId=frozen`);
        expect([there.status, there.body.code]).toEqual([503, 'servers.not-answering']);
        expect(there.body.detail).toContain(server.id);
      }
    }
  } finally {
    process.kill(door.pid(), 'SIGCONT');
  }
  expect(idsOf(await list(leader.api))).toEqual(['frozen', 'here']);
  await door.stop();
  expect(idsOf(await list(leader.api))).toEqual(['here']);
});
