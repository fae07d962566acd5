import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createMqttDoor, type MqttDoor } from '../../server/src/ingest/mqtt/mqtt-door.ts';
import { openNatsRelay, type Relay } from '../../server/src/log/log.ts';
import { until } from '../fixtures/until.ts';

const address = `${process.env.LUBAN_TEST_LOG}doors-${process.pid}`;

interface Door {
  readonly directory: string;
  door: MqttDoor<string>;
  relay: Relay;
  port: number;
  readonly lines: string[];
}

let doors: Door[];
const clients: MqttClient[] = [];

async function open(one: Pick<Door, 'directory' | 'lines'>, name: string, at = address): Promise<Door> {
  const line = (level: string, event: string, fields: unknown) =>
    void (level === 'debug' || one.lines.push(`${level} ${event} ${JSON.stringify(fields)}`));
  const relay = await openNatsRelay({
    address: at,
    server: name,
    lines: (level, text, fields) => line(level, text, fields),
  });
  const door = makeDoor(one.directory, relay, line);
  const { port } = await door.start();
  return { ...one, door, relay, port };
}

function makeDoor(
  directory: string,
  relay?: Relay,
  log: (...line: [string, string, unknown]) => void = () => undefined,
) {
  return createMqttDoor<string>(
    { host: '127.0.0.1', port: 0, directory, relay, log },
    {
      authenticate: async ({ username }) => username ?? null,
      ownerOf: (name) => ({ tenant: 'tenant', name }),
      mayPublish: () => 'route',
      maySubscribe: () => true,
      publish: () => ({ ok: true }),
    },
  );
}

async function close({ door, relay }: Door): Promise<void> {
  await door.stop();
  await relay.close();
}

beforeAll(async () => {
  doors = [];
  for (const name of ['a', 'b', 'c'])
    doors.push(await open({ directory: mkdtempSync(join(tmpdir(), 'luban-door-')), lines: [] }, name));
}, 60_000);
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
});
afterAll(async () => {
  for (const one of doors) {
    await close(one);
    rmSync(one.directory, { recursive: true });
  }
});

interface Client {
  readonly client: MqttClient;
  readonly got: string[];
  readonly present: boolean;
}

async function connect(door: number, clientId: string, over: mqtt.IClientOptions = {}): Promise<Client> {
  const got: string[] = [];
  const client = mqtt.connect({
    ...{ host: '127.0.0.1', port: doors[door]!.port, clientId, username: 'owner', protocolVersion: 5 },
    ...{ reconnectPeriod: 0, ...over },
  });
  clients.push(client);
  client.on('message', (topic, payload, { qos, retain }) =>
    got.push(`${topic} ${payload} ${qos}${retain ? ' retained' : ''}`),
  );
  client.on('error', () => undefined);
  const present = await new Promise<boolean>((resolve, reject) => {
    client.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
    client.once('close', () => reject(new Error('closed')));
  });
  return { client, got, present };
}

/** QoS 2 messages are told of at PUBREL: within a QoS they are in order. */
const inOrder = (got: readonly string[]) => [1, 2].flatMap((qos) => got.filter((one) => one.endsWith(` ${qos}`)));

const kept = { clean: false, properties: { sessionExpiryInterval: 3600 } };

test('what is published at one door comes to the clients of every door, once and in the order of its publisher', async () => {
  const listeners = await Promise.all([0, 1, 2].map((door) => connect(door, `listener-${door}`)));
  for (const { client } of listeners) await client.subscribeAsync('order/#', { qos: 2 });
  const { client } = await connect(0, 'publisher');
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  // This client does not mind how many a broker takes at a time: 64.
  for (let at = 0; at < numbers.length; at += 50) {
    const some = numbers.slice(at, at + 50);
    await Promise.all(some.map((i) => client.publishAsync('order/1', String(i), { qos: ((i % 2) + 1) as 1 | 2 })));
  }
  const wanted = numbers.map((i) => `order/1 ${i} ${(i % 2) + 1}`);
  for (const { got } of listeners) await until(async () => got.length >= 300, 'all have come');
  for (const { got } of listeners) expect(inOrder(got)).toEqual(inOrder(wanted));
});

test('a retained message is the same at every door, whoever published it last', async () => {
  const publishers = await Promise.all([0, 1, 2].map((door) => connect(door, `retainer-${door}`)));
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      publishers[i % 3]!.client.publishAsync('state/line', String(i), { qos: 1, retain: true }),
    ),
  );
  await publishers[1]!.client.publishAsync('state/done', 'x', { qos: 1, retain: true });
  const seen: string[] = [];
  for (const door of [0, 1, 2]) {
    await until(async () => {
      const { client, got } = await connect(door, `reader-${door}`);
      await client.subscribeAsync('state/#', { qos: 1 });
      await until(async () => got.length > 0, 'what is retained comes');
      const done = got.some((one) => one.startsWith('state/done'));
      if (done) seen.push(got.find((one) => one.startsWith('state/line'))!);
      await client.endAsync();
      return done;
    }, 'the door has caught up');
  }
  expect(new Set(seen).size).toBe(1);
});

test('a client that comes to another door finds its session there, with what waited for it', async () => {
  const before = await connect(0, 'mover', kept);
  await before.client.subscribeAsync('move/#', { qos: 2 });
  await before.client.endAsync();
  const { client } = await connect(1, 'sender');
  for (let i = 0; i < 20; i++) await client.publishAsync('move/1', String(i), { qos: ((i % 2) + 1) as 1 | 2 });
  const after = await connect(2, 'mover', kept);
  expect(after.present).toBe(true);
  for (let i = 20; i < 40; i++) await client.publishAsync('move/1', String(i), { qos: ((i % 2) + 1) as 1 | 2 });
  await until(async () => after.got.length >= 40, 'all have come');
  expect(inOrder(after.got)).toEqual(inOrder(Array.from({ length: 40 }, (_, i) => `move/1 ${i} ${(i % 2) + 1}`)));
  expect(doors[0]!.door.client({ tenant: 'tenant', name: 'owner', clientId: 'mover' })).toBeUndefined();
  const { handedOn = 0, sessionsTaken } = doors[2]!.door.stats().relay ?? {};
  expect([handedOn > 40, sessionsTaken]).toEqual([true, 1]);
});

test('a client that connects to another door loses its older connection, and no message while it moves', async () => {
  let current = await connect(0, 'wanderer', kept);
  await current.client.subscribeAsync('wander/#', { qos: 1 });
  const { client } = await connect(1, 'sender');
  const all = new Set<string>();
  let stop = false;
  let sent = 0;
  const sending = (async () => {
    while (!stop) await client.publishAsync('wander/1', String(sent++), { qos: 1 });
  })();
  for (let turn = 1; turn <= 6; turn++) {
    const before = current;
    const gone = new Promise<void>((resolve) => before.client.once('close', () => resolve()));
    current = await connect(turn % 3, 'wanderer', kept);
    expect(current.present).toBe(true);
    await gone;
    for (const one of before.got) all.add(one);
    await until(async () => current.got.length > 5, 'it goes on');
  }
  stop = true;
  await sending;
  await until(async () => {
    for (const one of current.got) all.add(one);
    return all.size === sent;
  }, 'every message came');
});

test('a clean start at one door ends the session at another', async () => {
  const before = await connect(0, 'fresh', kept);
  await before.client.subscribeAsync('fresh/#', { qos: 1 });
  await before.client.endAsync();
  const after = await connect(1, 'fresh', { clean: true });
  expect(after.present).toBe(false);
  await until(
    async () => doors[0]!.door.client({ tenant: 'tenant', name: 'owner', clientId: 'fresh' }) === undefined,
    'the older session is gone',
  );
});

test('a door that was away hands on what was said meanwhile, and what it kept goes to clients that have moved', async () => {
  const moved = await connect(2, 'moved-on', kept);
  await moved.client.subscribeAsync('away/#', { qos: 1 });
  const stays = await connect(2, 'stays', kept);
  await stays.client.subscribeAsync('away/#', { qos: 2 });
  const { client } = await connect(0, 'sender');
  await moved.client.endAsync();
  await client.publishAsync('away/1', 'before', { qos: 1 });
  await until(
    async () => doors[2]!.door.client({ tenant: 'tenant', name: 'owner', clientId: 'moved-on' })?.queued === 1,
    'it waits at the door',
  );
  await close(doors[2]!);
  const elsewhere = await connect(0, 'moved-on', kept);
  expect(elsewhere.present).toBe(false);
  await elsewhere.client.subscribeAsync('away/#', { qos: 1 });
  await client.publishAsync('away/1', 'meanwhile', { qos: 2 });
  doors[2] = await open(doors[2]!, 'c');
  await until(async () => elsewhere.got.length >= 2, 'what was kept comes');
  expect(elsewhere.got.sort()).toEqual(['away/1 before 1', 'away/1 meanwhile 1']);
  const back = await connect(2, 'stays', kept);
  expect(back.present).toBe(true);
  const both = () => new Set([...stays.got, ...back.got]);
  await until(async () => both().size >= 2, 'what was said meanwhile comes');
  expect([...both()]).toEqual(['away/1 before 1', 'away/1 meanwhile 2']);
}, 60_000);

test('a shared subscription with members at several doors gets each message once, and the members share them', async () => {
  const members = await Promise.all([0, 0, 1, 2].map((door, i) => connect(door, `worker-${i}`)));
  for (const { client } of members) await client.subscribeAsync('$share/work/jobs/#', { qos: 1 });
  const senders = await Promise.all([0, 1, 2].map((door) => connect(door, `boss-${door}`)));
  const all = () => members.flatMap(({ got }) => got);
  const publish = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await senders[i % 3]!.client.publishAsync('jobs/1', String(i), { qos: 1 });
    await until(async () => all().length >= to, 'all have come');
  };
  await publish(0, 200);
  expect(new Set(all()).size).toBe(200);
  expect(all()).toHaveLength(200);
  for (const { got } of members) expect(got.length).toBeGreaterThan(20);
  // One that has gone gets nothing more, and nobody misses it.
  await members[2]!.client.endAsync();
  await publish(200, 300);
  await members[0]!.client.unsubscribeAsync('$share/work/jobs/#');
  await publish(300, 400);
  expect(new Set(all()).size).toBe(400);
  expect(all()).toHaveLength(400);
});

test('a shared subscription goes on when a door goes, and when it comes back', async () => {
  const stays = await connect(0, 'stays-here');
  const goes = await connect(1, 'goes-away', kept);
  for (const { client } of [stays, goes]) await client.subscribeAsync('$share/night/shift/#', { qos: 1 });
  const { client } = await connect(0, 'foreman');
  const all = () => new Set([...stays.got, ...goes.got]);
  for (let i = 0; i < 40; i++) await client.publishAsync('shift/1', String(i), { qos: 1 });
  await until(async () => all().size === 40, 'all have come');
  await close(doors[1]!);
  for (let i = 40; i < 80; i++) await client.publishAsync('shift/1', String(i), { qos: 1 });
  await until(async () => all().size === 80, 'all come to who is there');
  doors[1] = await open(doors[1]!, 'b');
  for (let i = 80; i < 120; i++) await client.publishAsync('shift/1', String(i), { qos: 1 });
  await until(async () => all().size === 120, 'who is away has nothing of it');
  const back = await connect(1, 'goes-away', kept);
  expect(back.present).toBe(true);
  for (let i = 120; i < 200; i++) await client.publishAsync('shift/1', String(i), { qos: 1 });
  await until(async () => new Set([...all(), ...back.got]).size === 200, 'all have come');
  expect(back.got.length).toBeGreaterThan(10);
});

test('a door that was the only one before brings what it retains and its sessions with all that waits', async () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'luban-door-'));
  const first = { directory: folder(), lines: [] };
  const alone = makeDoor(first.directory);
  const { port } = await alone.start();
  const over = { port };
  const owner = await connect(0, 'moved', { ...kept, ...over });
  await owner.client.subscribeAsync('work/#', { qos: 2 });
  await owner.client.endAsync();
  const { client } = await connect(0, 'sender', over);
  for (let i = 0; i < 20; i++) await client.publishAsync('work/1', String(i), { qos: ((i % 2) + 1) as 1 | 2 });
  await client.publishAsync('plan/today', 'x', { qos: 1, retain: true });
  await client.endAsync();
  await alone.stop();

  const platform = `${process.env.LUBAN_TEST_LOG}moved-doors-${process.pid}`;
  const same = await open(first, 'same', platform);
  const other = await open({ directory: folder(), lines: [] }, 'other', platform);
  doors.push(same, other);
  const at = { port: other.port };
  const { client: reader, got } = await connect(0, 'reader', at);
  await reader.subscribeAsync('plan/#', { qos: 1 });
  await until(async () => got.length > 0, 'what was retained is at the new door');
  const moved = await connect(0, 'moved', { ...kept, ...at });
  expect(moved.present).toBe(true);
  const publisher = await connect(0, 'publisher', { port: same.port });
  await publisher.client.publishAsync('work/1', 'next', { qos: 1 });
  await until(async () => moved.got.some((one) => one.includes('next')), 'it goes on there');
  const waited = Array.from({ length: 20 }, (_, i) => `work/1 ${i} ${(i % 2) + 1}`);
  expect(inOrder(moved.got)).toEqual(inOrder([...waited, 'work/1 next 1']));
});
