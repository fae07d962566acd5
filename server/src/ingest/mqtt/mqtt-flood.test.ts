import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { afterEach, expect, test } from 'vitest';
import {
  connectedClient,
  connectPacket,
  type DoorFixture,
  openDoor,
  publishPacket,
  rawClient,
} from './door-fixture.ts';
import type { PublishOutcome } from './mqtt-door.ts';

let fixture: DoorFixture | undefined;
afterEach(async () => {
  await fixture?.door.stop();
  fixture = undefined;
});

function encoded(version: 4 | 5, packets: readonly Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version })));
}

const mutationArbitrary = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }),
);

type Mutation = typeof mutationArbitrary extends fc.Arbitrary<infer M> ? M : never;

const conversationArbitrary = fc.record({
  version: fc.constantFrom(4 as const, 5 as const),
  mutations: fc.array(mutationArbitrary, { minLength: 1, maxLength: 5 }),
  chunk: fc.integer({ min: 1, max: 400 }),
});

function conversation(version: 4 | 5, clientId: string): Buffer {
  return encoded(version, [
    connectPacket(version, { clientId, keepalive: 30, ...(version === 5 && { properties: { receiveMaximum: 5 } }) }),
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'luban/c', qos: 1, rh: 0, nl: false, rap: false }] },
    publishPacket(2, 'hello', version === 5 ? { properties: { topicAlias: 1, userProperties: { a: 'b' } } } : {}),
    publishPacket(0, 'again', { qos: 0, messageId: undefined }),
    { cmd: 'pingreq' },
    { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['luban/c'] },
    { cmd: 'disconnect', reasonCode: 0 },
  ]);
}

function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  let mutated = Buffer.from(bytes);
  for (const { kind, at, value } of mutations) {
    const index = at % mutated.length;
    if (kind === 'flip') mutated[index] = mutated[index]! ^ value;
    else {
      const rest = mutated.subarray(kind === 'cut' ? index + value : index);
      const inserted = kind === 'insert' ? Buffer.from([value]) : Buffer.alloc(0);
      mutated = Buffer.concat([mutated.subarray(0, index), inserted, rest]);
    }
    if (mutated.length === 0) return bytes.subarray(0, 1);
  }
  return mutated;
}

test('ten thousand mutated conversations neither crash the door nor disturb another connection nor leave anything behind', async () => {
  fixture = await openDoor({ connectTimeoutMs: 2000 }, { publish: async () => ({ ok: true }) });
  const { port, door, log } = fixture;
  const witness = await connectedClient(port, 5, { clientId: 'witness', username: 'witness' });
  let round = 0;
  let heapAfterWarmUp = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(conversationArbitrary, { minLength: 50, maxLength: 50 }), async (conversations) => {
      const all = conversations.map(async ({ version, mutations, chunk }, index) => {
        const bytes = mutate(conversation(version, `c${index}`), mutations);
        const client = rawClient(port, version);
        for (let at = 0; at < bytes.length; at += chunk) client.sendBytes(bytes.subarray(at, at + chunk));
        client.socket.end();
        await client.closed;
      });
      await Promise.all(all);
      round++;
      witness.send(publishPacket(round, 'still here'));
      expect(await witness.next()).toMatchObject({ cmd: 'puback', messageId: round });
      if (round === 40) heapAfterWarmUp = process.memoryUsage().heapUsed;
    }),
    { numRuns: 200, endOnFailure: true },
  );
  await expect.poll(() => door.stats().connections).toBe(1);
  expect(door.stats()).toMatchObject({ paused: 0, inflight: 0 });
  expect(log.filter((line) => line.level === 'error')).toEqual([]);
  expect(process.memoryUsage().heapUsed - heapAfterWarmUp).toBeLessThan(150 * 1024 * 1024);
  witness.socket.destroy();
}, 120_000);

test('a flood on one connection leaves another its turn', async () => {
  fixture = await openDoor({}, { publish: () => ({ ok: true }) });
  const flooder = await connectedClient(fixture.port, 4, { clientId: 'flood' });
  const calm = await connectedClient(fixture.port, 4, { clientId: 'calm' });
  const burst = encoded(
    4,
    Array.from({ length: 200_000 }, () => publishPacket(0, 'x'.repeat(30), { qos: 0, messageId: undefined })),
  );
  flooder.sendBytes(burst);
  /** Of the flood, before each answer. */
  const turns: number[] = [];
  for (let before = 0; before < 200_000; ) {
    calm.send({ cmd: 'pingreq' });
    await calm.next();
    const { received } = fixture.door.stats();
    turns.push(received - before);
    before = received;
  }
  expect(turns.length).toBeGreaterThan(3);
  expect(Math.max(...turns)).toBeLessThan(50_000);
  flooder.socket.destroy();
  calm.socket.destroy();
});

test('stops reading from a sender whose messages are not settled, and takes all of them in the end', async () => {
  const pending: ((outcome: PublishOutcome) => void)[] = [];
  fixture = await openDoor(
    { receiveMaximum: 8 },
    {
      publish: () => new Promise<PublishOutcome>((resolve) => pending.push(resolve)),
    },
  );
  const { door } = fixture;
  const client = await connectedClient(fixture.port, 4);
  const total = 2000;
  client.sendBytes(
    encoded(
      4,
      Array.from({ length: total }, (_, index) => publishPacket(index + 1, 'x'.repeat(1000))),
    ),
  );
  await expect.poll(() => door.stats().paused).toBe(1);
  expect(door.stats()).toMatchObject({ inflight: 8, received: 8 });
  const settling = setInterval(() => {
    for (const settle of pending.splice(0)) settle({ ok: true });
  }, 0);
  await expect.poll(() => client.packets.length, { timeout: 20_000 }).toBe(total + 1);
  clearInterval(settling);
  expect(client.packets.slice(1).map((packet) => packet.messageId)).toEqual(
    Array.from({ length: total }, (_, i) => i + 1),
  );
  expect(door.stats()).toMatchObject({ inflight: 0, paused: 0 });
  client.socket.destroy();
}, 30_000);

test('bytes in flight over all connections stay near their maximum, and every connection gets through', async () => {
  const pending: (() => void)[] = [];
  let bytes = 0;
  let most = 0;
  fixture = await openDoor(
    { maxInflightBytes: 100_000 },
    {
      publish: (_peer, _topic, payload) => {
        bytes += payload.length;
        most = Math.max(most, bytes);
        return new Promise<PublishOutcome>((resolve) => {
          pending.push(() => {
            bytes -= payload.length;
            resolve({ ok: true });
          });
        });
      },
    },
  );
  const clients = await Promise.all([0, 1, 2, 3].map((n) => connectedClient(fixture!.port, 4, { clientId: `c${n}` })));
  for (const client of clients) {
    client.sendBytes(
      encoded(
        4,
        Array.from({ length: 50 }, (_, index) => publishPacket(index + 1, 'x'.repeat(10_000))),
      ),
    );
  }
  const settling = setInterval(() => {
    for (const settle of pending.splice(0)) settle();
  }, 1);
  await expect
    .poll(() => clients.map((client) => client.packets.length), { timeout: 20_000 })
    .toEqual([51, 51, 51, 51]);
  clearInterval(settling);
  expect(most).toBeLessThanOrEqual(110_000);
  for (const client of clients) client.socket.destroy();
}, 30_000);

test('a client that does not read is disconnected once too much waits for it, and the owner hears it', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 4, { clientId: 'stuck' });
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'luban/c', qos: 0 }] });
  await client.next();
  client.socket.pause();
  const [peer] = [...fixture.door.peers()];
  const results: Promise<boolean>[] = [];
  const payload = Buffer.alloc(200_000);
  for (let sent = 0; sent < 200 && [...fixture.door.peers()].length > 0; sent++) {
    results.push(peer!.publish('luban/c', payload, 0));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(fixture.door.stats().refused).toEqual({ 'write-timeout': 1 });
  expect((await Promise.all(results)).includes(false)).toBe(true);
  client.socket.destroy();
});

test('a client that reads gets one message larger than all that may wait: an edge’s whole configuration', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 5, { clientId: 'edge' });
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'luban/c', qos: 1 }] });
  await client.next();
  const [peer] = [...fixture.door.peers()];
  const delivered = peer!.publish('luban/c', Buffer.alloc(5_000_000, 'x'), 1);
  const packet = await client.next();
  if (packet === 'closed' || packet.cmd !== 'publish') throw new Error('the message did not come');
  expect(packet.payload.length).toBe(5_000_000);
  client.send({ cmd: 'puback', messageId: packet.messageId! });
  expect(await delivered).toBe(true);
  client.socket.destroy();
});

test('a client that pings without reading the answers does not fill the memory', async () => {
  fixture = await openDoor();
  const client = await connectedClient(fixture.port, 4);
  client.socket.pause();
  const pings = Buffer.alloc(2 * 1024 * 1024);
  for (let at = 0; at < pings.length; at += 2) pings.writeUInt16BE(0xc000, at);
  for (let times = 0; times < 10; times++) client.sendBytes(pings);
  await expect.poll(() => fixture?.door.stats().paused, { timeout: 20_000 }).toBe(1);
  client.socket.resume();
  await expect.poll(() => fixture?.door.stats().paused, { timeout: 20_000 }).toBe(0);
  client.socket.destroy();
}, 60_000);

test('large half-received packets are bounded over all connections', async () => {
  fixture = await openDoor({ maxInflightBytes: 1_000_000 });
  const { port, door } = fixture;
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, n) => connectedClient(port, 5, { clientId: `c${n}` })),
  );
  for (const client of clients) {
    client.sendBytes(Buffer.from([0x30, 0x80, 0x80, 0x20]));
    client.sendBytes(Buffer.alloc(300_000));
  }
  await expect.poll(() => door.stats().refused['server-busy'] ?? 0).toBeGreaterThan(10);
  expect([...door.peers()].length).toBeGreaterThan(0);
  for (const client of clients) client.socket.destroy();
});
