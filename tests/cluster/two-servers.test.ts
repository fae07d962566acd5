import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestLog } from '../../server/src/log/log.test-support.ts';
import { endConnections, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from '../fixtures/in-process-platform.ts';
import { addThing } from '../fixtures/plant-records.ts';
import { until } from '../fixtures/until.ts';

let records: Awaited<ReturnType<typeof makeTestRecords>>;
let first: InProcessPlatform;
let second: InProcessPlatform;
/** The same owner at both: the session is a record. */
let api: { first: ReturnType<typeof createApiClient>; second: ReturnType<typeof createApiClient> };

beforeAll(async () => {
  records = await makeTestRecords();
  first = await startInProcess({ records: records.location, log: (await makeTestLog()).address });
  second = await startInProcess({ records: records.location, log: (await makeTestLog()).address });
  const tenant = await first.addTenant('Works', 'owner@works.example');
  api = { first: tenant.api, second: createApiClient(second.url, tenant.api.cookie()) };
});
afterAll(async () => {
  await first.stop();
  await second.stop();
  await records.remove();
});

/** The status of a sample that the thing sends to the second server. */
async function send(key: string): Promise<number> {
  const body = { samples: [{ time: new Date().toISOString(), values: { p0: 1 } }] };
  const headers = { authorization: `Bearer ${key}` };
  return (await createApiClient(second.url).request('POST', '/api/v1/samples', { body, headers })).status;
}

test('a thing that one server makes or removes is so at the other too, for whoever sends and whoever looks', async () => {
  const thing = await addThing(api.first, 'MADE-1', 2);
  await until(async () => (await send(thing.key)) === 200, 'the other server takes its samples');
  const latest = await api.second.get(`/api/v1/readings/latest?series=${thing.series[0]}`);
  expect(latest.items).toHaveLength(1);
  await api.first.delete(`/api/v1/things/${thing.id}`);
  await until(
    async () => second.app.things.senderOf(thing.id as never) === 0,
    'the other server holds its points no more',
  );
  expect(await send(thing.key)).toBe(401);
});

test('an access token that one server signs opens the other, with nothing but the seal key in both data folders', async () => {
  const { id } = await api.first.post('/api/v1/access-keys', { name: 'Page', publish: ['a'] });
  const { token } = await api.first.post(`/api/v1/access-keys/${id}/tokens`, {});
  const options = { username: 'token', password: token, protocolVersion: 5 as const, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(second.mqttUrl, options, false);
  await client.endAsync();
  const refused = mqtt.connectAsync(second.mqttUrl, { ...options, password: `${token}A` }, false);
  await expect(refused).rejects.toMatchObject({ code: 0x86 });
});

test('an edge that one server makes is known to the other, and its configuration has one version at both', async () => {
  const edge = await api.first.post('/api/v1/edges', { name: 'Hall 1' });
  await until(async () => (await api.second.request('GET', `/api/v1/edges/${edge.id}`)).status === 200, 'it is known');
  const device = (server: 'first' | 'second', name: string) =>
    api[server].post('/api/v1/devices', {
      edge: edge.id,
      name,
      enabled: true,
      simulated: false,
      protocol: 'modbus-tcp',
      settings: { host: '127.0.0.1' },
    });
  await Promise.all(['a', 'b', 'c', 'd'].map((name, i) => device(i % 2 === 0 ? 'first' : 'second', name)));
  const versions = async () =>
    (await Promise.all([first, second].map(({ app }) => app.edges.configuration(edge.id)))).map(
      ({ version }) => version,
    );
  await until(
    async () => (await versions()).every((version) => version === 5),
    'four changes are four versions at both',
  );
  await api.second.delete(`/api/v1/edges/${edge.id}`);
  await until(async () => (await api.first.request('GET', `/api/v1/edges/${edge.id}`)).status === 404, 'it is gone');
});

test('what happens while a server cannot hear it is known when it hears again', async () => {
  const ended = await endConnections(records.location);
  expect(ended).toBeGreaterThan(0);
  const made = [];
  for (let i = 0; i < 5; i++)
    made.push(await addThing(api.first, `UNHEARD-${i}`, 1).catch(() => addThing(api.first, `UNHEARD-${i}B`, 1)));
  for (const thing of made) await until(async () => (await send(thing.key)) === 200, 'it is known');
});
