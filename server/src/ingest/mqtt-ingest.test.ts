import { encodeBatch, qualityCode, type Series, toBatch, topics } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Things } from '../things/things.ts';
import { connectedClient, connectPacket, rawClient } from './mqtt/door-fixture.ts';
import { owner, startMqttIngest } from './mqtt-ingest-fixture.ts';

let platform: Awaited<ReturnType<typeof startMqttIngest>>;
let things: Things;
let edges: (typeof platform)['edges'];
let port: number;
let series: Series;
let thing: Awaited<ReturnType<Things['addThing']>>;

beforeAll(async () => {
  platform = await startMqttIngest();
  ({ things, edges, port } = platform);
  thing = await platform.addThing('t');
  series = things.pointsOf(owner.tenant, thing.id)[0]!.series;
});
afterAll(() => platform.close());

const batch = () =>
  Buffer.from(
    encodeBatch(
      toBatch([{ series, time: platform.nowUs(), value: 1, quality: qualityCode('good'), simulated: false }]),
    ),
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
