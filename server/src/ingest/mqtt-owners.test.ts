import type { UserId } from '@luban/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectedClient, connectPacket, rawClient } from './mqtt/door-fixture.ts';
import { owner, startMqttIngest } from './mqtt-ingest-fixture.ts';

let platform: Awaited<ReturnType<typeof startMqttIngest>>;
beforeAll(async () => {
  platform = await startMqttIngest();
});
afterAll(() => platform.close());

interface Holder {
  readonly login: { username: string; password: Buffer };
  /** After this it comes no more. */
  readonly remove: () => Promise<void>;
}
let made = 0;

const holders: Record<'thing' | 'edge' | 'access key', () => Promise<Holder>> = {
  async thing() {
    const { things } = platform;
    const thing = await platform.addThing(`t${++made}`);
    const { secret } = await things.issueKey(owner.tenant, thing.id, 'k');
    const remove = () => things.removeThing(owner.tenant, thing.id);
    return { login: { username: thing.id, password: Buffer.from(secret) }, remove };
  },
  async edge() {
    const { edges } = platform;
    const edge = await edges.add(owner.tenant, owner.tenantNumber, `E${++made}`);
    const { key } = await edges.enrol((await edges.issueToken(owner.tenant, edge.id)).token);
    const remove = () => edges.remove(owner.tenant, edge.id);
    return { login: { username: edge.id, password: Buffer.from(key) }, remove };
  },
  async 'access key'() {
    const { id, secret } = await accessKey(null);
    const remove = () => platform.access.revoke(owner.tenant, id);
    return { login: { username: 'any', password: Buffer.from(secret) }, remove };
  },
};

function accessKey(expiresAt: string | null) {
  const wanted = { name: `A${++made}`, publish: ['#'], subscribe: ['#'], expiresAt };
  return platform.access.issue({ ...owner, user: 'user:00000000000000000000' as UserId }, wanted);
}

/** A session that never ends by itself. */
const kept = (login: Holder['login'], clientId: string) => ({
  ...login,
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 0xffff_ffff },
});
const sessions = () => platform.mqtt().stats().sessions;

describe.each(Object.keys(holders) as (keyof typeof holders)[])('an owner that is no more: %s', (kind) => {
  test('its sessions end with it, with connections and without, and do not come back with a restart', async () => {
    const before = sessions();
    const { login, remove } = await holders[kind]();
    const here = await connectedClient(platform.port, 5, kept(login, 'here'));
    const away = await connectedClient(platform.port, 5, kept(login, 'away'));
    away.send({ cmd: 'disconnect', reasonCode: 0 } as never);
    await away.closed;
    expect(sessions()).toBe(before + 2);
    await remove();
    expect(await here.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
    expect(sessions()).toBe(before);
    await platform.restart();
    expect(sessions()).toBe(before);
  });

  test('a session whose owner went while nobody could tell the door is gone after a restart', async () => {
    const before = sessions();
    const { login, remove } = await holders[kind]();
    const client = await connectedClient(platform.port, 4, kept(login, 'c'));
    client.send({ cmd: 'disconnect' } as never);
    await client.closed;
    await platform.unheard(remove);
    expect(sessions()).toBe(before + 1);
    await platform.restart();
    expect(sessions()).toBe(before);
  });

  test('a login that began before does not come in after', async () => {
    const before = sessions();
    const { login, remove } = await holders[kind]();
    const { found, letGo } = platform.holdLogin();
    const client = rawClient(platform.port, 5);
    client.send(connectPacket(5, kept(login, 'late')));
    await found;
    await remove();
    letGo();
    expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x87 });
    await client.closed;
    expect(sessions()).toBe(before);
  });
});

test('a device key that is revoked while its login is under way opens nothing; the thing’s session stays', async () => {
  const { things } = platform;
  const thing = await platform.addThing('revoked');
  const [first, second] = [
    await things.issueKey(owner.tenant, thing.id, 'first'),
    await things.issueKey(owner.tenant, thing.id, 'second'),
  ];
  const login = (secret: string) => kept({ username: thing.id, password: Buffer.from(secret) }, 'c');
  (await connectedClient(platform.port, 5, login(first.secret))).socket.destroy();
  const { found, letGo } = platform.holdLogin();
  const client = rawClient(platform.port, 5);
  client.send(connectPacket(5, login(first.secret)));
  await found;
  await things.revokeKey(owner.tenant, thing.id, first.id);
  letGo();
  expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x87 });
  const other = rawClient(platform.port, 5);
  other.send(connectPacket(5, login(second.secret)));
  expect(await other.next()).toMatchObject({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
  other.socket.destroy();
});

test('a second enrolment keeps out a login that began with the key that it voids', async () => {
  const { edges } = platform;
  const edge = await edges.add(owner.tenant, owner.tenantNumber, 'twice');
  const token = async () => (await edges.issueToken(owner.tenant, edge.id)).token;
  const { key } = await edges.enrol(await token());
  const { found, letGo } = platform.holdLogin();
  const client = rawClient(platform.port, 5);
  client.send(connectPacket(5, { username: edge.id, password: Buffer.from(key) }));
  await found;
  await edges.enrol(await token());
  letGo();
  expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x87 });
});

test('the sessions of an access key that has expired go, those of one whose token has expired stay', async () => {
  const before = sessions();
  const inAnHour = new Date(platform.nowUs() / 1000 + 3_600_000).toISOString();
  const [expiring, lasting] = [await accessKey(inAnHour), await accessKey(null)];
  const { token } = await platform.access.mintToken(owner.tenant, lasting.id, { lifeSeconds: 60 });
  for (const secret of [expiring.secret, token]) {
    const client = rawClient(platform.port, 5);
    client.send(connectPacket(5, kept({ username: 'any', password: Buffer.from(secret) }, 'c')));
    expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
    client.send({ cmd: 'disconnect', reasonCode: 0 } as never);
    await client.closed;
  }
  expect(sessions()).toBe(before + 2);
  platform.pass(3601);
  await platform.restart();
  expect(sessions()).toBe(before + 1);
});
