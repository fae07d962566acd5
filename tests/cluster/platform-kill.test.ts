import { setTimeout } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { type NatsCluster, startNatsCluster } from '../fixtures/cluster/nats-cluster.ts';
import { sendBatches } from '../fixtures/numbered-senders.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const random = seededRandom(20_261_127);
const set = new AcknowledgedSet();
const startUs = Date.now() * 1000;
let cluster: NatsCluster;
let records: Awaited<ReturnType<typeof makeTestRecords>>;
let platform: Platform;
let thing: MadeThing;

beforeAll(async () => {
  cluster = await startNatsCluster();
  records = await makeTestRecords();
  const environment = { LUBAN_RECORDS: records.location, LUBAN_LOG: cluster.address('platform') };
  platform = await createPlatform(undefined, { environment });
  await platform.start();
  await platform.api.setUp();
  thing = await addThing(platform.api, 'MQTT-1', 3);
}, 120_000);
afterAll(async () => {
  await platform.remove();
  await records.remove();
  await cluster.remove();
});

test('on NATS and PostgreSQL too, every acknowledged sample is stored once, though the platform and nodes of NATS are killed', async () => {
  const stop = new AbortController();
  const client = mqtt.connect(platform.mqttUrl, {
    protocolVersion: 5,
    username: thing.id,
    password: thing.key,
    clientId: 'device',
    clean: false,
    reconnectPeriod: 100,
  });
  client.on('error', () => undefined); // refused connections while the platform is down are what this test makes
  const sending = sendBatches(client, { thing, set, startUs, everyMs: 5 }, stop.signal);
  const progress = async () => {
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + 300, 'samples get through', 90_000);
  };
  for (let kill = 0; kill < 4; kill++) {
    await progress();
    await platform.kill();
    await platform.start();
    await progress();
    const node = Math.floor(random() * cluster.size);
    await cluster.kill(node);
    await progress();
    await cluster.start(node);
    await setTimeout(2000); // it catches up before the next node goes
  }
  stop.abort();
  await sending;
  await client.endAsync(true);
  // A question to a node that is killed is asked again after seconds: what is read from the log may come that late.
  await until(async () => (await set.compare(platform.api)).length === 0, 'all is visible, part of it from the log');
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api), 'read from the store').toEqual([]);
  await platform.stop();
  await platform.start();
  expect(await set.compare(platform.api), 'after a clean restart').toEqual([]);

  await Promise.all([cluster.kill(0), cluster.kill(1)]);
  const isReady = async () => (await platform.api.request('GET', '/health/ready')).status === 200;
  const path = async () => (await platform.api.get('/api/v1/flow')).log;
  await until(async () => !(await isReady()), 'without a majority of nodes it is not ready');
  expect(await path()).toMatchObject({ state: 'broken', cause: { code: 'log.unavailable' } });
  await Promise.all([cluster.start(0), cluster.start(1)]);
  await until(isReady, 'it is ready again');
  await until(async () => (await path()).state === 'ok', 'and says so');
  console.info(set.count());
}, 300_000);
