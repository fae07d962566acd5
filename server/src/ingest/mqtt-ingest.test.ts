import { join } from 'node:path';
import { encodeBatch, qualityCode, type Series, type TenantId, toBatch, topics } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccess } from '../access/access.ts';
import { createEdges } from '../edges/edges.ts';
import { edgeMigrations } from '../edges/edges-migrations.ts';
import { counterMigrations } from '../platform/database/counters.ts';
import { type Database, migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { openSealer } from '../platform/sealing.ts';
import { createThings, type Things } from '../things/things.ts';
import { thingMigrations } from '../things/things-migrations.ts';
import { createIngest } from './ingest.ts';
import { connectedClient, connectPacket, rawClient } from './mqtt/door-fixture.ts';
import { createMqttIngest } from './mqtt-ingest.ts';
import { createRefusedValues } from './refused-values.ts';

const nowUs = () => 1_790_000_000_000_000;
const now = () => nowUs() / 1000;
const owner = { tenant: 'tenant:00000000000000000000000000' as TenantId, tenantNumber: 1 };
const lines = () => undefined;
const refused = createRefusedValues({ nowMs: now, lines });
let records: Awaited<ReturnType<typeof openTestDatabase>>;
let database: Database;
let things: Things;
let edges: Awaited<ReturnType<typeof createEdges>>;
let mqtt: ReturnType<typeof createMqttIngest>;
let port: number;
let series: Series;
let thing: Awaited<ReturnType<Things['addThing']>>;

beforeAll(async () => {
  records = await openTestDatabase();
  ({ database } = records);
  await migrate(database, { ...counterMigrations, ...thingMigrations, ...edgeMigrations });
  things = await createThings({
    database,
    sealer: openSealer(join(records.directory, 'seal.key')),
    now,
    dismiss: (id) => mqtt.dismiss(id),
    pointsGone: async () => undefined,
  });
  edges = await createEdges({
    database,
    things,
    now,
    sendConfiguration: (id) => mqtt.sendConfiguration(id),
    dismiss: (id) => mqtt.dismiss(id),
  });
  const ingest = createIngest({
    log: { append: async () => 0, newestArrivalUs: 0 },
    directory: things.directory,
    nowUs,
    lines,
  });
  mqtt = createMqttIngest({
    host: '127.0.0.1',
    port: 0,
    directory: join(records.directory, 'mqtt'),
    ingest,
    things,
    edges,
    access: createAccess({
      database: records.database,
      dataDirectory: records.directory,
      now,
      userName: async () => 'Owner',
      dismiss: (id) => mqtt.dismiss(id),
      dismissCertificate: (id) => mqtt.dismissCertificate(id),
      things,
      edges,
    }),
    anonymous: null,
    otherHosts: [],
    revoked: () => new Set(),
    refused,
    nowUs,
    lines,
  });
  ({ port } = await mqtt.start());
  const property = { key: 'speed', name: { zh: '速度', en: 'Speed' }, type: 'number', unit: null, range: null };
  const model = await things.addModel(owner.tenant, {
    key: 'm',
    name: { zh: '型', en: 'Model' },
    description: null,
    properties: [property],
  } as never);
  thing = await things.addThing(owner, { key: 't', name: 'T', model: model.id, site: null });
  series = things.pointsOf(owner.tenant, thing.id)[0]!.series;
});
afterAll(async () => {
  await mqtt.stop();
  await records.close();
});

const batch = () =>
  Buffer.from(
    encodeBatch(toBatch([{ series, time: nowUs(), value: 1, quality: qualityCode('good'), simulated: false }])),
  );
const publish = (messageId: number) => ({
  cmd: 'publish' as const,
  topic: topics.batch,
  payload: batch(),
  qos: 1 as const,
  messageId,
  dup: false,
  retain: false,
});

test('a revoked device key ends the connection that was opened with it, and opens none', async () => {
  const { id, secret } = await things.issueKey(owner.tenant, thing.id, 'k');
  const login = { username: thing.id, password: Buffer.from(secret) };
  const client = await connectedClient(port, 5, login);
  client.send(publish(1));
  expect(await client.next()).toMatchObject({ cmd: 'puback', reasonCode: 0 });
  await things.revokeKey(owner.tenant, thing.id, id);
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
  await client.closed;
  const again = rawClient(port, 5);
  again.send(connectPacket(5, login));
  expect(await again.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x86 });
});

test('a second enrolment ends the connections of the key that it voids', async () => {
  const edge = await edges.add(owner.tenant, owner.tenantNumber, 'E');
  const first = await edges.enrol((await edges.issueToken(owner.tenant, edge.id)).token);
  const client = await connectedClient(port, 5, { username: edge.id, password: Buffer.from(first.key) });
  await edges.enrol((await edges.issueToken(owner.tenant, edge.id)).token);
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
});

test('a thing publishes to and listens on its own topics only, and hears what it says there', async () => {
  const { secret } = await things.issueKey(owner.tenant, thing.id, 'own');
  const client = await connectedClient(port, 5, { username: thing.id, password: Buffer.from(secret), clientId: 'own' });
  const own = `things/${thing.id}/state`;
  const filters = [own, `things/${thing.id}/#`, '#', 'things/+/state', 'things/thing:x/state', topics.configuration];
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const, rh: 0, nl: false, rap: false }));
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1, 1, 0x87, 0x87, 0x87, 0x87] });
  client.send({ ...publish(2), topic: own, payload: 'on' });
  expect([await client.next(), await client.next()]).toMatchObject([
    { cmd: 'publish', topic: own },
    { cmd: 'puback', messageId: 2, reasonCode: 0 },
  ]);
  client.send({ ...publish(3), topic: 'things/thing:x/state' });
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 3, reasonCode: 0x87 });
  client.socket.destroy();
});
