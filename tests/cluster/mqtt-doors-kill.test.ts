import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leads, makePlatformOfServers, type PlatformOfServers } from '../fixtures/cluster/platform-of-servers.ts';
import { createExactClient } from '../fixtures/exact-mqtt-client.ts';
import { expectAllNumbers, publishNumbers } from '../fixtures/numbered-messages.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const random = seededRandom(20_261_127);
let platform: PlatformOfServers;
let main: Platform;
let doors: Platform[];
let thing: MadeThing;

beforeAll(async () => {
  platform = await makePlatformOfServers('doors');
  main = await platform.server('api,writer');
  doors = [await platform.server('door'), await platform.server('door')];
  await main.start();
  await leads(main);
  await main.api.setUp();
  await Promise.all(doors.map((one) => one.start()));
  thing = await addThing(main.api, 'BROKER-1');
}, 180_000);
afterAll(() => platform.remove());

test('every acknowledged message reaches a persistent subscriber at another door, QoS 2 exactly once and all in order, though both doors are killed', async () => {
  const [its, other] = [doors[0]!, doors[1]!];
  const login = { username: thing.id, password: thing.key };
  const got = new Map<string, number[]>();
  const reader = createExactClient({
    ...{ ...login, port: its.mqttPort, clientId: 'reader' },
    onMessage: (topic, payload) => void got.set(topic, [...(got.get(topic) ?? []), Number(payload)]),
  });
  await until(() => reader.connections === 1, 'the reader is connected');
  reader.subscribe(`things/${thing.id}/#`);
  const acknowledged = new Map<string, number[]>();
  const stop = new AbortController();
  const writers = ([1, 2] as const).map((qos) => ({
    qos,
    client: createExactClient({ ...login, port: other.mqttPort, clientId: `writer-${qos}` }),
  }));
  // Slow enough that a door may be away for a minute: what waits for one client has a bound.
  const publishing = writers.map(({ qos, client }) =>
    publishNumbers({ client, thing: thing.id, qos, pauseMs: 10, acknowledged }, stop.signal),
  );
  for (let kill = 0; kill < 4; kill++) {
    await setTimeout(300 + random() * 600);
    if (kill % 2 === 0) {
      reader.break();
      await setTimeout(random() * 200);
    }
    await its.kill();
    const before = reader.connections;
    await its.start();
    await until(() => reader.connections > before, 'the reader is back');
  }
  for (let kill = 0; kill < 3; kill++) {
    await setTimeout(300 + random() * 600);
    await other.kill();
    const before = writers.map(({ client }) => client.connections);
    await other.start();
    await until(() => writers.every(({ client }, i) => client.connections > before[i]!), 'the writers are back');
  }
  await setTimeout(300);
  const clients = writers.map(({ client }) => client);
  await expectAllNumbers({ stop, publishing, reader, writers: clients, acknowledged, got });
  const total = [...acknowledged.values()].flat().length;
  console.info({
    acknowledged: total,
    connections: [reader, ...clients].map(({ connections }) => connections),
  });
  expect(total, 'messages got through between the kills').toBeGreaterThan(300);
}, 300_000); // for hangs only: on a busy machine each start takes seconds
