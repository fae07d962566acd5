import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const count = 5000;
let platform: Platform;
let thing: MadeThing;
const clients = new Map<number, Socket>();
const accepted = new Set<number>();
let stopped = false;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  thing = await addThing(platform.api, 'MANY');
}, 60_000);
afterAll(async () => {
  stopped = true;
  for (const socket of clients.values()) socket.destroy();
  await platform.remove();
});

/** An MQTT 5 CONNECT; every client has a name of its own and the same key. */
function connectPacket(number: number): Buffer {
  const text = (words: string) => {
    const bytes = Buffer.from(words);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  const body = Buffer.concat([
    ...[text('MQTT'), Buffer.from([5, 0b1100_0010, 0, 120, 0])],
    ...[text(`client-${number}`), text(thing.id), text(thing.key)],
  ]);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

/** Comes again 100 ms after each end, as impatient clients do. */
function join(number: number): void {
  const socket = connect(platform.mqttPort, '127.0.0.1');
  clients.set(number, socket);
  socket.once('connect', () => socket.write(connectPacket(number)));
  socket.on('data', (bytes) => {
    // CONNACK with reason 0.
    if (bytes[0] === 0x20 && bytes[3] === 0) accepted.add(number);
  });
  socket.on('error', () => undefined); // refused while the platform is down
  socket.on('close', () => {
    accepted.delete(number);
    if (!stopped) void setTimeout(100).then(() => !stopped && join(number));
  });
}

test(`${count} clients that come back at once after a restart are all in within 30 seconds, and others are served meanwhile`, async () => {
  const set = new AcknowledgedSet();
  const [byMqtt, byHttp] = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random: seededRandom(2), everyMs: 50 });
  for (let number = 0; number < count; number++) join(number);
  await until(() => accepted.size === count, 'all are in for the first time', 60_000);
  await platform.kill();
  await until(() => accepted.size === 0, 'all are out');
  await platform.start();
  const beganMs = performance.now();
  const before = set.count().acknowledged;
  let meanwhile = 0;
  await until(
    () => {
      if (accepted.size < count) meanwhile = set.count().acknowledged - before;
      return accepted.size === count;
    },
    'all are in again',
    30_000,
    10,
  );
  console.info('reconnect storm', { clients: count, tookMs: Math.round(performance.now() - beganMs), meanwhile });
  await until(() => set.count().acknowledged > before + 500, 'the others are acknowledged');
  await setTimeout(1000);
  expect(accepted.size, 'and stay').toBe(count);
  await senders.stop();
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api)).toEqual([]);
}, 180_000);
