import { duplexPair } from 'node:stream';
import { generate, type IConnackPacket, type IPubackPacket, type ISubackPacket } from 'mqtt-packet';
import { afterEach, expect, test } from 'vitest';
import {
  connectedClient,
  connectPacket,
  type DoorFixture,
  openDoor,
  publishPacket,
  rawClient,
} from './door-fixture.ts';
import type { MqttPeer, PublishOutcome } from './mqtt-door.ts';

let fixture: DoorFixture | undefined;
afterEach(async () => {
  await fixture?.door.stop();
  fixture = undefined;
});

/** A handler whose outcomes are given by hand. */
function slowPublish() {
  const pending: ((outcome: PublishOutcome) => void)[] = [];
  return {
    pending,
    publish: () => new Promise<PublishOutcome>((resolve) => pending.push(resolve)),
  };
}

test('tells a MQTT 5 client what is offered and which identifier it was given', async () => {
  fixture = await openDoor({ maxPacketBytes: 5000, receiveMaximum: 7 });
  const client = rawClient(fixture.port, 5);
  client.send(connectPacket(5, { clientId: '', properties: { sessionExpiryInterval: 60 } }));
  const answer = (await client.next()) as IConnackPacket;
  expect(answer).toMatchObject({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
  expect(answer.properties).toEqual({
    receiveMaximum: 7,
    maximumPacketSize: 5000,
    topicAliasMaximum: 32,
    assignedClientIdentifier: expect.stringMatching(/^luban-/),
  });
  const [peer] = [...fixture.door.peers()];
  expect(answer.properties?.assignedClientIdentifier).toBe(peer?.clientId);
  client.socket.destroy();
});

test.each([4, 5] as const)(
  'version %i: acknowledges nothing before it is stored, then in order of arrival',
  async (version) => {
    const slow = slowPublish();
    fixture = await openDoor({}, { publish: slow.publish });
    const client = await connectedClient(fixture.port, version);
    for (const id of [11, 12, 13]) client.send(publishPacket(id));
    client.send({ cmd: 'pingreq' });
    expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
    expect(slow.pending).toHaveLength(3);
    slow.pending[2]!({ ok: true });
    slow.pending[1]!({ ok: true });
    client.send({ cmd: 'pingreq' });
    expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
    expect(fixture.door.stats().inflight).toBe(3);
    slow.pending[0]!({ ok: true });
    const ids = [await client.next(), await client.next(), await client.next()].map(
      (packet) => (packet as IPubackPacket).messageId,
    );
    expect(ids).toEqual([11, 12, 13]);
    expect(fixture.door.stats().inflight).toBe(0);
    client.socket.destroy();
  },
);

test('messages that share an outcome are answered together, in order among others', async () => {
  const writes = [slowPublish(), slowPublish()].map(({ pending, publish }) => ({ pending, outcome: publish() }));
  fixture = await openDoor({}, { publish: (_peer, _topic, payload) => writes[Number(payload.toString())]!.outcome });
  const client = await connectedClient(fixture.port, 4);
  for (const [id, write] of [1, 1, 0, 1, 1].entries()) client.send(publishPacket(id + 1, String(write)));
  client.send(publishPacket(0, '1', { qos: 0 }));
  client.send({ cmd: 'pingreq' });
  expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
  expect(fixture.door.stats().inflight).toBe(6);
  const idsUntilPing = async () => {
    client.send({ cmd: 'pingreq' });
    const ids: number[] = [];
    for (;;) {
      const packet = await client.next();
      if (packet === 'closed' || packet.cmd === 'pingresp') return ids;
      ids.push((packet as IPubackPacket).messageId!);
    }
  };
  writes[1]!.pending[0]!({ ok: true });
  expect(await idsUntilPing()).toEqual([1, 2]);
  expect(fixture.door.stats().inflight).toBe(3);
  writes[0]!.pending[0]!({ ok: true });
  expect(await idsUntilPing()).toEqual([3, 4, 5]);
  expect(fixture.door.stats().inflight).toBe(0);
  client.socket.destroy();
});

test('an outcome known at once waits behind an earlier one that is not', async () => {
  let release: (outcome: PublishOutcome) => void = () => undefined;
  fixture = await openDoor(
    {},
    {
      publish: (_peer, _topic, payload) =>
        payload.toString() === 'slow'
          ? new Promise((resolve) => {
              release = resolve;
            })
          : { ok: true },
    },
  );
  const client = await connectedClient(fixture.port, 4);
  client.send(publishPacket(1, 'slow'));
  client.send(publishPacket(2, 'fast'));
  client.send({ cmd: 'pingreq' });
  expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
  release({ ok: true });
  expect([await client.next(), await client.next()]).toMatchObject([{ messageId: 1 }, { messageId: 2 }]);
  client.socket.destroy();
});

test.each([
  ['not-authorized', 0x87],
  ['malformed', 0x99],
  ['quota', 0x97],
  ['unavailable', 0x83],
] as const)(
  'a publish refused as %s is answered with its code in MQTT 5 and by closing in MQTT 3.1.1',
  async (reason, code) => {
    fixture = await openDoor(
      {},
      {
        publish: async (_peer, _topic, payload) =>
          payload.toString() === 'bad' ? { ok: false, reason, message: `because ${reason}` } : { ok: true },
      },
    );
    const five = await connectedClient(fixture.port, 5, { clientId: 'five' });
    five.send(publishPacket(1, 'bad'));
    five.send(publishPacket(2));
    expect(await five.next()).toMatchObject({
      messageId: 1,
      reasonCode: code,
      properties: { reasonString: `because ${reason}` },
    });
    expect(await five.next()).toMatchObject({ messageId: 2, reasonCode: 0 });
    const four = await connectedClient(fixture.port, 4, { clientId: 'four' });
    four.send(publishPacket(1));
    four.send(publishPacket(2, 'bad'));
    four.send(publishPacket(3));
    expect(await four.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
    expect(await four.next()).toBe('closed');
    expect(
      fixture.log.some((line) => line.event === 'mqtt.publish-refused' && line.fields.message === `because ${reason}`),
    ).toBe(true);
    five.socket.destroy();
  },
);

test('a handler that throws or rejects counts as unavailable and the door goes on', async () => {
  fixture = await openDoor(
    {},
    {
      publish: (_peer, topic) => {
        if (topic === 'throws') throw new Error('broken');
        return Promise.reject(new Error('broken'));
      },
    },
  );
  const client = await connectedClient(fixture.port, 5);
  client.send(publishPacket(1, 'x', { topic: 'throws' }));
  client.send(publishPacket(2, 'x', { topic: 'rejects' }));
  expect(await client.next()).toMatchObject({ messageId: 1, reasonCode: 0x83 });
  expect(await client.next()).toMatchObject({ messageId: 2, reasonCode: 0x83 });
  client.socket.destroy();
});

test('a refused QoS 0 publish is counted and logged, and the connection stays', async () => {
  fixture = await openDoor({}, { publish: () => ({ ok: false, reason: 'quota', message: 'used up' }) });
  const client = await connectedClient(fixture.port, 4);
  client.send(publishPacket(0, 'x', { qos: 0, messageId: undefined }));
  client.send({ cmd: 'pingreq' });
  expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
  expect(fixture.door.stats().refused).toEqual({ 'quota-exceeded': 1 });
  client.socket.destroy();
});

test.each([
  ['a wildcard in the topic', publishPacket(1, 'x', { topic: 'a/+' }), 0x90],
  ['an unknown topic alias', publishPacket(1, 'x', { topic: '', properties: { topicAlias: 5 } }), 0x82],
  ['a topic alias above the maximum', publishPacket(1, 'x', { properties: { topicAlias: 33 } }), 0x94],
  ['a second CONNECT', connectPacket(5), 0x82],
  ['SUBACK', { cmd: 'suback' as const, messageId: 4, granted: [0] }, 0x82],
  ['a packet too large', publishPacket(1, 'x'.repeat(3000)), 0x95],
])('MQTT 5: %s ends the connection with its reason', async (_name, packet, reasonCode) => {
  fixture = await openDoor({ maxPacketBytes: 2000 });
  const client = await connectedClient(fixture.port, 5);
  client.send(packet);
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode });
  expect(await client.next()).toBe('closed');
});

test.each([
  ['a second CONNECT', connectPacket(4)],
  ['a packet too large', publishPacket(1, 'x'.repeat(3000))],
])('MQTT 3.1.1: %s closes the connection without an acknowledgement', async (_name, packet) => {
  fixture = await openDoor({ maxPacketBytes: 2000 });
  const client = await connectedClient(fixture.port, 4);
  client.send(packet);
  expect(await client.next()).toBe('closed');
  expect(fixture.messages).toEqual([]);
});

test('MQTT 3.1.1: a message with the retain flag is taken as an ordinary one', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 4);
  client.send(publishPacket(1, 'kept', { retain: true }));
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  client.socket.destroy();
});

test('a topic alias stands for the topic it was given with', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 5);
  client.send(publishPacket(1, 'one', { topic: 'long/topic', properties: { topicAlias: 3 } }));
  client.send(publishPacket(2, 'two', { topic: '', properties: { topicAlias: 3 } }));
  await client.next();
  await client.next();
  expect(fixture.messages.map((message) => message.topic)).toEqual(['long/topic', 'long/topic']);
  client.socket.destroy();
});

test.each([
  [
    'a will of wildcards, MQTT 5',
    5,
    { will: { topic: 'w/#', payload: 'x', qos: 0, retain: false } },
    { reasonCode: 0x90 },
  ],
  ['enhanced authentication', 5, { properties: { authenticationMethod: 'X' } }, { reasonCode: 0x8c }],
  ['a wrong password, MQTT 5', 5, { password: Buffer.from('no') }, { reasonCode: 0x86 }],
  ['a wrong password, MQTT 3.1.1', 4, { password: Buffer.from('no') }, { returnCode: 4 }],
  ['broken text in the client identifier', 5, { clientId: 'a\u0000b' }, { reasonCode: 0x81 }],
] as const)('CONNECT with %s is refused with its reason', async (_name, version, over, answer) => {
  fixture = await openDoor();
  const client = rawClient(fixture.port, version);
  client.send(connectPacket(version, over));
  expect(await client.next()).toMatchObject({ cmd: 'connack', ...answer });
  expect(await client.next()).toBe('closed');
});

test('an unknown version is answered in the form that it may understand', async () => {
  fixture = await openDoor();
  const old = rawClient(fixture.port, 4);
  old.sendBytes(Buffer.from('100d00044d51545403020000000161', 'hex'));
  expect(await old.next()).toMatchObject({ cmd: 'connack', returnCode: 1 });
  const future = rawClient(fixture.port, 5);
  future.sendBytes(Buffer.from('100d00044d51545406020000000001' + '61', 'hex'));
  expect(await future.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x84 });
});

test('anything before CONNECT closes the connection without a word', async () => {
  fixture = await openDoor();
  for (const bytes of [
    Buffer.from([0xc0, 0]),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x16, 3, 1, 2, 0]),
  ]) {
    const client = rawClient(fixture.port, 4);
    client.sendBytes(bytes);
    client.socket.end();
    expect(await client.next()).toBe('closed');
  }
});

test('grants filters that are allowed, and says why not to others', async () => {
  fixture = await openDoor();
  const subscriptions = [
    'luban/v1/config',
    'luban/#',
    '$share/g/luban/x',
    'other',
    `luban/${'/'.repeat(300)}`,
    '$share//luban/x',
    '$share/g',
  ].map((topic) => ({
    topic,
    qos: 2 as const,
    rh: 0,
    nl: false,
    rap: false,
  }));
  const five = await connectedClient(fixture.port, 5);
  five.send({ cmd: 'subscribe', messageId: 9, subscriptions });
  expect(((await five.next()) as ISubackPacket).granted).toEqual([2, 2, 2, 0x87, 0x8f, 0x8f, 0x8f]);
  five.send({ cmd: 'unsubscribe', messageId: 10, unsubscriptions: ['luban/v1/config', 'never'] });
  expect(await five.next()).toMatchObject({ cmd: 'unsuback', granted: [0, 0x11] });
  const four = await connectedClient(fixture.port, 4, { clientId: 'four' });
  four.send({ cmd: 'subscribe', messageId: 9, subscriptions: subscriptions.slice(0, 5) });
  expect(((await four.next()) as ISubackPacket).granted).toEqual([2, 2, 2, 0x80, 0x80]);
  five.socket.destroy();
  four.socket.destroy();
});

test('sends no more QoS 1 messages than the client takes at a time, in order, and reports what was never acknowledged', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 5, { properties: { receiveMaximum: 2 } });
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'luban/c', qos: 1 }] });
  await client.next();
  const [peer] = [...fixture.door.peers()] as [MqttPeer<string>];
  const results = ['1', '2', '3', '4'].map((text) => peer.publish('luban/c', Buffer.from(text), 1));
  const first = await client.next();
  await client.next();
  client.send({ cmd: 'pingreq' });
  expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
  client.send({ cmd: 'puback', messageId: (first as IPubackPacket).messageId! });
  expect(await client.next()).toMatchObject({ cmd: 'publish', payload: Buffer.from('3') });
  expect(await results[0]).toBe(true);
  client.socket.destroy();
  expect(await Promise.all(results)).toEqual([true, false, false, false]);
});

test('the same identity with the same client identifier takes over; another identity does not', async () => {
  fixture = await openDoor();
  const older = await connectedClient(fixture.port, 5);
  const stranger = await connectedClient(fixture.port, 5, { username: 'line-2' });
  const newer = await connectedClient(fixture.port, 5);
  expect(await older.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8e });
  expect(await older.next()).toBe('closed');
  stranger.send({ cmd: 'pingreq' });
  newer.send({ cmd: 'pingreq' });
  expect(await stranger.next()).toMatchObject({ cmd: 'pingresp' });
  expect(await newer.next()).toMatchObject({ cmd: 'pingresp' });
  stranger.socket.destroy();
  newer.socket.destroy();
});

test('a client that falls silent is let go after one and a half keep-alive periods', async () => {
  fixture = await openDoor();
  const startedAt = performance.now();
  const client = await connectedClient(fixture.port, 5, { keepalive: 1 });
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8d });
  expect(performance.now() - startedAt).toBeGreaterThan(1400);
});

test('a connection that never says CONNECT, or whose password takes too long to check, is let go', async () => {
  fixture = await openDoor({ connectTimeoutMs: 300 }, { authenticate: () => new Promise(() => undefined) });
  const silent = rawClient(fixture.port, 5);
  const checked = rawClient(fixture.port, 5);
  checked.send(connectPacket(5));
  expect(await silent.next()).toBe('closed');
  expect(await checked.next()).toBe('closed');
  expect(fixture.door.stats().refused).toEqual({ 'connect-timeout': 2 });
});

test('above the maximum of connections a newcomer is told that the door is busy', async () => {
  fixture = await openDoor({ maxConnections: 1 });
  const first = await connectedClient(fixture.port, 5, { clientId: 'one' });
  const second = rawClient(fixture.port, 5);
  second.send(connectPacket(5, { clientId: 'two' }));
  expect(await second.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x89 });
  first.socket.destroy();
});

test('stop acknowledges what is in flight and then says goodbye', async () => {
  const slow = slowPublish();
  fixture = await openDoor({}, { publish: slow.publish });
  const client = await connectedClient(fixture.port, 5);
  client.send(publishPacket(5));
  await expect.poll(() => slow.pending.length).toBe(1);
  const stopped = fixture.door.stop();
  slow.pending[0]!({ ok: true });
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 5 });
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8b });
  await stopped;
});

test('a client on a stream that somebody else has accepted is served as any other', async () => {
  fixture = await openDoor();
  const [ours, theirs] = duplexPair();
  fixture.door.accept(ours, 'a tunnel');
  const packets: Buffer[] = [];
  theirs.on('data', (chunk: Buffer) => packets.push(chunk));
  theirs.write(generate(connectPacket(4)));
  theirs.write(generate(publishPacket(7, 'through')));
  await expect.poll(() => Buffer.concat(packets).toString('hex')).toBe('2002000040020007');
  expect(fixture.messages).toEqual([{ clientId: 'raw', topic: 'a/b', payload: 'through' }]);
  expect([...fixture.door.peers()][0]?.remote).toBe('a tunnel');
  theirs.end();
  await expect.poll(() => fixture?.door.stats().connections).toBe(0);
});
