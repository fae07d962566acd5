import type { AccessKeyId, UserId } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectedClient } from './mqtt/door-fixture.ts';
import { owner, startMqttIngest } from './mqtt-ingest-fixture.ts';

let platform: Awaited<ReturnType<typeof startMqttIngest>>;
let key: { id: AccessKeyId; secret: string };
beforeEach(async () => {
  platform = await startMqttIngest();
  key = await platform.access.issue(
    { ...owner, user: 'user:00000000000000000000' as UserId },
    { name: 'MES', publish: ['#'], subscribe: ['#'], expiresAt: null },
  );
});
afterEach(() => platform.close());

const clients = () => platform.mqtt().clients;
const listed = async (q?: string) => (await clients().list(owner.tenant, { q, limit: 100 })).items;
const connect = (clientId: string, version: 4 | 5 = 5, sessionExpiryInterval = 3600) =>
  connectedClient(platform.port, version, {
    ...{ clientId, clean: false, username: 'any', password: Buffer.from(key.secret) },
    properties: { sessionExpiryInterval },
  });
type Client = Awaited<ReturnType<typeof connect>>;

async function subscribe(client: Client, filter: string): Promise<void> {
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: filter, qos: 1, rh: 0, nl: false, rap: false }],
  });
  expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1] });
}
async function leave(client: Client): Promise<void> {
  client.send({ cmd: 'disconnect', reasonCode: 0 } as never);
  await client.closed;
}
async function publish(client: Client, topic: string, messageId: number): Promise<void> {
  client.send({ cmd: 'publish', topic, payload: 'x'.repeat(64), qos: 1, messageId, dup: false, retain: false });
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId });
}

test('a client that is away is listed with its owner’s name, what waits for it and when its session ends', async () => {
  const away = await connect('reader');
  await subscribe(away, 'orders/#');
  await leave(away);
  const leftMs = Date.now();
  const sender = await connect('sender', 4);
  await publish(sender, 'orders/1', 1);
  await publish(sender, 'orders/2', 2);
  const [first, second] = await listed();
  expect(first).toMatchObject({
    ...{ owner: key.id, ownerName: 'MES', clientId: 'reader', connected: false, protocol: null, subscriptions: 1 },
    ...{ queued: 2, inflight: 0, dropped: { full: 0, qos0: 0, expired: 0, tooLarge: 0 } },
  });
  expect(first!.queuedBytes).toBeGreaterThan(200);
  expect(Date.parse(first!.expiresAt!) - Date.parse(first!.since)).toBe(3_600_000);
  expect(Date.parse(first!.since)).toBeLessThanOrEqual(leftMs);
  expect(second).toMatchObject({ clientId: 'sender', connected: true, protocol: '3.1.1', expiresAt: null, queued: 0 });
  sender.socket.destroy();
});

test('one client is shown with its subscriptions, a shared one as it was written', async () => {
  const client = await connect('reader');
  await subscribe(client, 'orders/#');
  await subscribe(client, '$share/g/a/+');
  expect(await clients().get(owner.tenant, key.id, 'reader')).toMatchObject({
    clientId: 'reader',
    filters: [
      { filter: 'orders/#', qos: 1 },
      { filter: '$share/g/a/+', qos: 1 },
    ],
  });
  await expect(clients().get(owner.tenant, key.id, 'nobody')).rejects.toMatchObject({ code: 'mqtt-clients.not-found' });
  client.socket.destroy();
});

test('clients are found by client identifier, and by name or id of the owner, whatever the case', async () => {
  const thing = await platform.addThing('press-7');
  const { secret } = await platform.things.issueKey(owner.tenant, thing.id, 'k');
  const both = [
    await connect('plc'),
    await connectedClient(platform.port, 5, {
      ...{ clientId: 'gateway', username: thing.id, password: Buffer.from(secret) },
    }),
  ];
  const found = async (q: string) => (await listed(q)).map(({ clientId }) => clientId);
  expect(await found('PLC')).toEqual(['plc']);
  expect(await found('PRESS')).toEqual(['gateway']);
  expect(await found(key.id)).toEqual(['plc']);
  expect(await found('e')).toEqual(['plc', 'gateway']);
  expect(await found('nothing')).toEqual([]);
  for (const { socket } of both) socket.destroy();
});

test('pages follow one another, and the longest client identifier is no hindrance', async () => {
  const names = ['a', 'ü/#?'.repeat(64), 'c'];
  for (const name of names) await leave(await connect(name));
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await clients().list(owner.tenant, { cursor, limit: 1 });
    found.push(...items.map(({ clientId }) => clientId));
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  expect(found).toEqual(names);
  await clients().end(owner.tenant, key.id, names[1]!);
  expect((await listed()).map(({ clientId }) => clientId)).toEqual(['a', 'c']);
});

test('a session that is ended is gone with its messages, also after a restart; its client begins anew', async () => {
  const away = await connect('away', 5, 0xffff_ffff);
  await subscribe(away, 'orders/#');
  await leave(away);
  const here = await connect('here');
  await publish(here, 'orders/1', 1);
  await clients().end(owner.tenant, key.id, 'away');
  await clients().end(owner.tenant, key.id, 'here');
  expect(await here.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 });
  expect(await listed()).toEqual([]);
  expect(platform.mqtt().stats()).toMatchObject({ sessions: 0, backlogMessages: 0, backlogBytes: 0 });
  await expect(clients().end(owner.tenant, key.id, 'away')).rejects.toThrow('no session');
  await platform.restart();
  expect(await listed()).toEqual([]);
  const again = await connect('away');
  expect(again.packets[0]).toMatchObject({ cmd: 'connack', sessionPresent: false });
  again.socket.destroy();
});
