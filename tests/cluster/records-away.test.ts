import { topics } from '@luban/contracts';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestLog } from '../../server/src/log/log.test-support.ts';
import { openDatabase } from '../../server/src/platform/database/database.ts';
import type { ThingTables } from '../../server/src/things/things-migrations.ts';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { startPostgres } from '../fixtures/cluster/postgres-server.ts';
import { type InProcessPlatform, startInProcess } from '../fixtures/in-process-platform.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { until } from '../fixtures/until.ts';

let postgres: Awaited<ReturnType<typeof startPostgres>>;
/** Two servers on the same records: devices send to the first, people are at the second too. */
let first: InProcessPlatform;
let second: InProcessPlatform;
let api: { first: ReturnType<typeof createApiClient>; second: ReturnType<typeof createApiClient> };

beforeAll(async () => {
  postgres = await startPostgres();
  first = await startInProcess({ records: postgres.url, log: (await makeTestLog()).address });
  second = await startInProcess({ records: postgres.url, log: (await makeTestLog()).address });
  const tenant = await first.addTenant('Works', 'owner@works.example');
  api = { first: tenant.api, second: createApiClient(second.url, tenant.api.cookie()) };
});
afterAll(async () => {
  await first.stop();
  await second.stop();
  await postgres.remove();
});

const set = new AcknowledgedSet();
let timeUs = Math.floor(Date.now() / 1000) * 1_000_000 - 3_600_000_000;

/** One sample to the first server; what is acknowledged must be there in the end. */
async function send({ series, key }: Pick<MadeThing, 'series' | 'key'>, secret = key) {
  timeUs += 1_000_000;
  const time = timeUs;
  const value = time / 1_000_000;
  set.sent(series[0]!, time, value);
  const body = { samples: [{ time: new Date(time / 1000).toISOString(), values: { p0: value } }] };
  const headers = { authorization: `Bearer ${secret}` };
  const answer = await createApiClient(first.url).request('POST', '/api/v1/samples', { body, headers });
  if (answer.status === 200) set.acknowledged(series[0]!, time, value);
  return answer;
}
const login = (username: string, password: string) =>
  mqtt.connectAsync(first.mqttUrl, { username, password, protocolVersion: 5, reconnectPeriod: 0 }, false);

async function keysOf(thing: MadeThing): Promise<{ id: string }[]> {
  return (await api.second.get(`/api/v1/things/${thing.id}/keys`)).items;
}
async function revokeAt(server: 'first' | 'second', thing: MadeThing): Promise<void> {
  for (const { id } of await keysOf(thing)) await api[server].delete(`/api/v1/things/${thing.id}/keys/${id}`);
}

test('while PostgreSQL is away a device whose key was seen of late sends by HTTP and comes in by MQTT, and nobody else', async () => {
  const [known, here, there, later] = await Promise.all([
    addThing(api.first, 'KNOWN'),
    addThing(api.first, 'REVOKED-HERE'),
    addThing(api.first, 'REVOKED-THERE'),
    addThing(api.first, 'REVOKED-LATER'),
  ]);
  const unseen = await addThing(api.first, 'UNSEEN');
  const edge = await api.first.post('/api/v1/edges', { name: 'Hall 1' });
  const { token } = await api.first.post(`/api/v1/edges/${edge.id}/enrolment-token`, {});
  const { key: edgeKey } = await api.first.post('/api/v1/edges/enrol', { token, software: 'test' });
  for (const thing of [known, here, there, later]) expect((await send(thing)).status).toBe(200);
  for (const [name, key] of [
    [known.id, known.key],
    [edge.id, edgeKey],
  ] as const)
    await (await login(name, key)).endAsync();

  // On the server itself it counts at once; what another one revokes, as soon as it is heard.
  await revokeAt('first', here);
  expect((await send(here)).status).toBe(401);
  await revokeAt('second', there);
  // Changes are heard in their order: with this one the revocation has been, though its device has not come since.
  const marker = await addThing(api.second, 'MARKER');
  await until(() => first.app.things.senderOf(marker.id as never) > 0, 'the first server hears the second');

  await postgres.crash();
  for (let i = 0; i < 5; i++) expect((await send(known)).status).toBe(200);
  for (const thing of [here, there, unseen]) {
    const refused = await send(thing);
    expect(refused.status).toBe(503);
    expect(refused.body.code).toBe('records.unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const nobodys = await send(known, `lbt_${'x'.repeat(32)}`);
  expect(nobodys.status, 'whether there is such a key nobody can say').toBe(503);
  // The door for samples alone: elsewhere the key is what it was.
  const headers = { authorization: `Bearer ${known.key}` };
  await until(
    async () => (await createApiClient(first.url).request('GET', '/api/v1/things', { headers })).status === 503,
    'other routes ask the records',
    10_000,
  );
  expect((await send(known)).status).toBe(200);
  for (const [name, key] of [
    [known.id, known.key],
    [edge.id, edgeKey],
  ] as const)
    await (await login(name, key)).endAsync();
  const edgeClient = await login(edge.id, edgeKey);
  let configured = 0;
  edgeClient.on('message', () => configured++);
  await edgeClient.subscribeAsync(topics.configuration, { qos: 1 });
  await expect(login(unseen.id, unseen.key), 'told to come again').rejects.toMatchObject({ code: 0x88 });

  await postgres.start();
  const records = openDatabase(postgres.url);
  await until(
    async () =>
      (await records.withTables<ThingTables>().deleteFrom('thing_keys').where('thing', '=', later.id).execute()) !==
      null,
    'it is revoked elsewhere before this server hears anything again',
  );
  await records.destroy();
  await until(async () => (await send(later)).status === 401, 'what was revoked meanwhile is refused');
  for (const thing of [here, there]) await until(async () => (await send(thing)).status === 401, 'they stay revoked');
  await until(async () => (await send(unseen)).status === 200, 'who was not known then is now');
  await until(() => configured > 0, 'an edge that came in meanwhile gets its configuration');
  await edgeClient.endAsync();
  expect((await send(known)).status).toBe(200);
  await until(async () => (await set.compare(api.first)).length === 0, 'all that was acknowledged is there');
  expect(set.count(known.series).acknowledged).toBeGreaterThanOrEqual(8);
});
