import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lubanBroker } from './conformance/brokers.ts';
import { attempt, connected, endClients, freshTopic, persistent, texts } from './conformance/test-client.ts';
import type { MqttDoorHandlers } from './mqtt-door.ts';

let broker: ReturnType<typeof lubanBroker>;
async function start(
  options: Parameters<typeof lubanBroker>[0] = {},
  handlers: Partial<MqttDoorHandlers<string>> = {},
): Promise<void> {
  broker = lubanBroker(options, handlers);
  await broker.start();
}
beforeEach(() => start());
afterEach(async () => {
  await endClients();
  await broker.remove();
});
async function again(...given: Parameters<typeof start>): Promise<void> {
  await broker.remove();
  await start(...given);
}
const clientOf = (clientId: string, tenant = 'tenant') =>
  broker
    .door()
    .clients(tenant)
    .find((one) => one.clientId === clientId);

describe('tenants and owners', () => {
  test('no message, retained message or session finds its way from one tenant to another', async () => {
    const topic = freshTopic();
    const ours = await persistent(broker, 5, { clientId: 'same', username: 'a@one' });
    const theirs = await persistent(broker, 5, { clientId: 'same', username: 'a@two' });
    await ours.subscribe(['#', topic, `$share/g/${topic}`]);
    expect(await theirs.publish(topic, 'theirs', { qos: 1, retain: true })).toBe(0x10);
    expect(await ours.settle()).toEqual([]);
    const late = await connected(broker, 5, { username: 'b@one' });
    await late.subscribe('#');
    expect(await late.settle()).toEqual([]);
    expect(broker.door().clients('one')).toHaveLength(2);
    expect(broker.door().clients('two')).toHaveLength(1);
  });

  test('nobody takes over another identity’s session by its client identifier', async () => {
    const topic = freshTopic();
    const owner = await persistent(broker, 5, { clientId: 'same', username: 'a' });
    await owner.subscribe(topic);
    const stranger = await persistent(broker, 5, { clientId: 'same', username: 'b' });
    expect(stranger.connack.sessionPresent).toBe(false);
    await stranger.publish(topic, 'x', { qos: 1 });
    expect(texts(await owner.got(1))).toEqual(['x']);
    expect(await stranger.settle()).toEqual([]);
  });

  test('somebody who may not come again loses connections and sessions', async () => {
    const here = await persistent(broker, 5, { clientId: 'here', username: 'a' });
    const away = await persistent(broker, 5, { clientId: 'away', username: 'a' });
    const other = await persistent(broker, 5, { clientId: 'other', username: 'b' });
    await away.disconnect();
    broker.door().endSessions({ tenant: 'tenant', name: 'a' });
    expect((await here.next('disconnect')).reasonCode).toBe(0x87);
    await here.end();
    await other.settle();
    expect(broker.door().clients('tenant')).toMatchObject([{ clientId: 'other' }]);
  });

  test('whoever is dismissed between login and CONNACK is told so in CONNACK, and keeps the session', async () => {
    let dismissed = false;
    const ownerOf = (name: string) => {
      // What comes next in the door is the session's record, which is on disk later than this.
      if (dismissed) queueMicrotask(() => broker.door().dismiss((one) => one === name));
      return { tenant: 'tenant', name };
    };
    await again({}, { ownerOf });
    const first = await persistent(broker, 5, { clientId: 'first', username: 'a' });
    await first.disconnect();
    dismissed = true;
    const second = await attempt(broker, 5, {
      clientId: 'second',
      username: 'a',
      properties: { sessionExpiryInterval: 60 },
    });
    expect(second.connack.reasonCode).toBe(0x87);
    dismissed = false;
    const back = await persistent(broker, 5, { clientId: 'first', username: 'a' });
    expect(back.connack.sessionPresent).toBe(true);
  });

  test('a subscription that is not allowed any more is gone when its session is resumed', async () => {
    const topic = freshTopic();
    let allowed = true;
    await again({}, { maySubscribe: () => allowed });
    const first = await persistent(broker, 5, { clientId: 'a' });
    await first.subscribe(topic);
    await first.disconnect();
    allowed = false;
    const second = await persistent(broker, 5, { clientId: 'a' });
    expect(second.connack.sessionPresent).toBe(true);
    const writer = await connected(broker, 5);
    expect(await writer.publish(topic, 'x', { qos: 1 })).toBe(0x10);
  });
});

describe('the platform', () => {
  test('publishes to clients, and what it retains is there for who comes later', async () => {
    const topic = freshTopic();
    const reader = await connected(broker, 5);
    await reader.subscribe(topic);
    expect(await broker.door().publish('tenant', topic, Buffer.from('now'), { qos: 1, retain: true })).toEqual({
      ok: true,
    });
    expect(await broker.door().publish('another', topic, Buffer.from('elsewhere'))).toMatchObject({ unmatched: true });
    const late = await connected(broker, 4);
    await late.subscribe(topic);
    expect(texts(await reader.settle())).toEqual(['now']);
    expect(await late.settle()).toMatchObject([{ retain: true, payload: Buffer.from('now') }]);
  });

  test('takes what is its own; what it takes and routes is routed when it was taken', async () => {
    const taken: string[] = [];
    await again(
      {},
      {
        mayPublish: (_name, topic) => (topic.startsWith('both') ? 'take-and-route' : 'take'),
        publish: async (_peer, topic, payload) => {
          if (`${payload}` === 'bad') return { ok: false, reason: 'malformed', message: 'bad' };
          taken.push(`${topic} ${payload}`);
          return { ok: true };
        },
      },
    );
    const reader = await connected(broker, 5);
    await reader.subscribe('#');
    const writer = await connected(broker, 5, { will: { topic: 'both/will', payload: 'gone', qos: 0, retain: false } });
    for (const qos of [0, 1, 2] as const) {
      await writer.publish('mine', `${qos}`, { qos });
      await writer.publish('both', `${qos}`, { qos });
    }
    expect(await writer.publish('both', 'bad', { qos: 2 })).toBe(0x99);
    await writer.break();
    expect(texts(await reader.got(4))).toEqual(['0', '1', '2', 'gone']);
    expect(taken).toEqual(['mine 0', 'both 0', 'mine 1', 'both 1', 'mine 2', 'both 2', 'both/will gone']);
  });

  test('takes a QoS 2 message once though it is sent again, also on another connection', async () => {
    const taken: string[] = [];
    await again(
      {},
      {
        mayPublish: () => 'take',
        publish: (_peer, _topic, payload) => {
          taken.push(`${payload}`);
          return { ok: true };
        },
      },
    );
    const packet = { cmd: 'publish', topic: 'a', payload: 'once', qos: 2, retain: false, messageId: 3 } as const;
    const first = await persistent(broker, 4, { clientId: 'a' });
    first.send({ ...packet, dup: false });
    await first.next('pubrec');
    await first.break();
    const second = await persistent(broker, 4, { clientId: 'a' });
    second.send({ ...packet, dup: true });
    await second.next('pubrec');
    expect(taken).toEqual(['once']);
  });
});

describe('slow and absent clients', () => {
  test('a subscriber that does not read delays nobody, is bounded, and its losses are counted for it alone', async () => {
    const topic = freshTopic();
    const stuck = await connected(broker, 5, { clientId: 'stuck' });
    await stuck.subscribe(topic, { qos: 0 });
    const careful = await persistent(broker, 5, { clientId: 'careful' });
    await careful.subscribe(topic, { qos: 1 });
    const reader = await connected(broker, 5, { clientId: 'reader' });
    await reader.subscribe(topic);
    stuck.socket.pause();
    careful.socket.pause();
    const writer = await connected(broker, 5);
    const payload = Buffer.alloc(100_000, 'x');
    for (let i = 0; i < 300; i++) await writer.publish(topic, payload, { qos: 1 });
    expect(await reader.got(300)).toHaveLength(300);
    expect(clientOf('stuck')!.dropped.qos0).toBeGreaterThan(100);
    expect(clientOf('stuck')!.queuedBytes).toBeLessThan(5_000_000);
    expect(clientOf('careful')!.dropped.full).toBeGreaterThan(50);
    expect(clientOf('careful')!.queuedBytes).toBeLessThan(17_000_000);
    expect(clientOf('reader')!.dropped).toEqual({ full: 0, qos0: 0, expired: 0, tooLarge: 0 });
    expect(broker.door().stats().backlogBytes).toBeLessThan(24_000_000);
    const kept = clientOf('careful')!.queued + clientOf('careful')!.inflight;
    careful.socket.resume();
    await expect.poll(() => clientOf('careful')).toMatchObject({ queued: 0, inflight: 0 });
    expect(careful.messages.length).toBeGreaterThanOrEqual(kept);
  });

  test('a client that is away gets no more than may wait for it, the oldest, in order', async () => {
    await again({ limits: { maxQueuedMessages: 5 } });
    const topic = freshTopic();
    const reader = await persistent(broker, 4, { clientId: 'away' });
    await reader.subscribe(topic);
    await reader.break();
    const writer = await connected(broker, 4);
    for (let i = 0; i < 8; i++) await writer.publish(topic, `${i}`, { qos: 1 });
    expect(clientOf('away')).toMatchObject({ connected: false, queued: 5, dropped: { full: 3 } });
    expect(broker.door().stats().dropped).toEqual({ full: 3, qos0: 0, expired: 0, tooLarge: 0 });
    const back = await persistent(broker, 4, { clientId: 'away' });
    expect(texts(await back.got(5))).toEqual(['0', '1', '2', '3', '4']);
  });

  test('a tenant cannot keep more sessions or retained messages than it may', async () => {
    await again({ limits: { maxStoredSessions: 2, maxRetainedMessages: 2 } });
    await persistent(broker, 5, { clientId: 'one' });
    await persistent(broker, 5, { clientId: 'two' });
    expect((await attempt(broker, 5, { properties: { sessionExpiryInterval: 5 } })).connack.reasonCode).toBe(0x97);
    const clean = await connected(broker, 5);
    for (const topic of ['a', 'b', 'a']) expect(await clean.publish(topic, 'x', { qos: 1, retain: true })).toBe(0x10);
    expect(await clean.publish('c', 'x', { qos: 1, retain: true })).toBe(0x97);
    expect(await clean.publish('a', '', { qos: 1, retain: true })).toBe(0x10);
    expect(await clean.publish('c', 'x', { qos: 1, retain: true })).toBe(0x10);
  });
});

test('what is kept on disk is written anew when it has grown, and comes to the same', async () => {
  const topic = freshTopic();
  const reader = await persistent(broker, 5, { clientId: 'reader' });
  await reader.subscribe(`${topic}/passing`);
  const away = await persistent(broker, 5, { clientId: 'away' });
  await away.subscribe([`${topic}/waiting`, `$share/g/${topic}/shared`], { properties: { subscriptionIdentifier: 9 } });
  await away.disconnect();
  const writer = await connected(broker, 5);
  await writer.publish(`${topic}/retained`, 'retained', { qos: 1, retain: true });
  await writer.publish(`${topic}/waiting`, 'first', { qos: 1 });
  await writer.publish(`${topic}/shared`, 'second', { qos: 2 });
  const payload = Buffer.alloc(200_000);
  for (let i = 0; i < 200; i++) await writer.publish(`${topic}/passing`, payload, { qos: 1 });
  await reader.got(200);
  await expect.poll(() => broker.door().stats().storeBytes).toBeLessThan(20_000_000);
  await writer.publish(`${topic}/waiting`, 'third', { qos: 2 });
  await endClients();
  await broker.stop();
  await broker.start();
  const back = await persistent(broker, 5, { clientId: 'away' });
  expect(back.connack.sessionPresent).toBe(true);
  const got = await back.got(3);
  expect(got.map(({ payload: text, properties }) => `${text} ${properties?.subscriptionIdentifier}`)).toEqual([
    ...['first 9', 'second 9', 'third 9'],
  ]);
  await back.subscribe(`${topic}/retained`);
  expect(texts(await back.got(4)).at(-1)).toBe('retained');
  const again = await persistent(broker, 5, { clientId: 'reader' });
  expect(await again.settle()).toEqual([]);
});

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 15_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program}: ${stdout}${stderr}`, { cause: error }));
      else resolve(stdout + stderr);
    });
  });
}

describe('clients that we did not write', () => {
  test.each(['311', '5', '31'])(
    'mosquitto_sub and mosquitto_pub %s at QoS 2, retained, with a wildcard',
    async (version) => {
      const topic = freshTopic();
      const to = ['-h', '127.0.0.1', '-p', `${broker.port}`, '-V', `mqttv${version}`, '-q', '2'];
      await run('mosquitto_pub', [...to, '-t', `${topic}/a`, '-m', 'kept', '-r']);
      expect(await run('mosquitto_sub', [...to, '-t', `${topic}/#`, '-C', '1', '-F', '%t %q %r %p'])).toBe(
        `${topic}/a 2 1 kept\n`,
      );
    },
  );

  test('mosquitto_sub of MQTT 5 shows properties as mosquitto_pub sent them', async () => {
    const topic = freshTopic();
    const to = ['-h', '127.0.0.1', '-p', `${broker.port}`, '-V', 'mqttv5', '-q', '1', '-t', topic];
    const properties = ['-D', 'publish', 'user-property', 'a', '1', '-D', 'publish', 'content-type', 'text/plain'];
    await run('mosquitto_pub', [...to, '-m', 'x', '-r', ...properties]);
    expect(await run('mosquitto_sub', [...to, '-C', '1', '-F', '%P %C %p'])).toBe('a:1 text/plain x\n');
  });

  test.each([4, 5] as const)(
    'MQTT.js version %i keeps a session, QoS 2 both ways, and its will',
    async (protocolVersion) => {
      const topic = freshTopic();
      const options = {
        ...{ host: '127.0.0.1', port: broker.port, protocolVersion, reconnectPeriod: 0, clientId: 'js', clean: false },
        ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60 } }),
      };
      const first = await mqtt.connectAsync({
        ...options,
        will: { topic: `${topic}/will`, payload: Buffer.from('gone'), qos: 1 },
      });
      await first.subscribeAsync(`${topic}/#`, { qos: 2 });
      await first.endAsync(true);
      first.stream.destroy();
      const writer = await mqtt.connectAsync({ ...options, clientId: 'writer' });
      await setTimeout(50);
      for (const payload of ['1', '2', '3']) await writer.publishAsync(`${topic}/a`, payload, { qos: 2 });
      const got: string[] = [];
      const second = mqtt.connect(options);
      second.on('message', (_topic, payload) => got.push(payload.toString()));
      await expect.poll(() => got.slice(-3)).toEqual(['1', '2', '3']);
      await second.endAsync();
      await writer.endAsync();
    },
  );
});
