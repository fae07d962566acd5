import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { encodeBatch, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { type NumberedSenders, startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const set = new AcknowledgedSet();
let platform: Platform;
let senders: NumberedSenders;
let byMqtt: MadeThing;
let history: MadeThing;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  byMqtt = await addThing(platform.api, 'MQTT-1', 3);
  const byHttp = await addThing(platform.api, 'HTTP-1');
  history = await addThing(platform.api, 'HISTORY', 1);
  senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random: seededRandom(1), everyMs: 10 });
}, 60_000);
afterAll(async () => {
  await senders?.stop();
  await platform?.remove();
});

/** Resident bytes of the platform's own process. */
function memoryBytes(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${platform.pid()}/status`, 'utf8'))![1]) * 1024;
}
/** More than any of these is a queue that grows with what a sleeper does not read. */
const mostGrowthBytes = 200 << 20;

/** While somebody sleeps, for five seconds: samples are acknowledged and a quick question is answered all the time. */
async function othersGoOn(): Promise<void> {
  for (let second = 0; second < 5; second++) {
    const before = set.count().acknowledged;
    const flow = platform.api.get('/api/v1/flow');
    await setTimeout(1000);
    expect(await flow).toBeDefined();
    await until(() => set.count().acknowledged > before + 100, 'the others are acknowledged', 10_000, 10);
  }
}

const live = () =>
  new WebSocket(`${platform.url.replace('http', 'ws')}/api/v1/live`, { headers: { cookie: platform.api.cookie() } });

test('watchers that stop reading delay nobody and cost no memory that grows', async () => {
  const ask = JSON.stringify({ series: byMqtt.series, flow: true, edges: true });
  const sleepers = Array.from({ length: 50 }, live);
  for (const sleeper of sleepers) {
    await new Promise((resolve, reject) => sleeper.once('open', resolve).once('error', reject));
    sleeper.send(ask);
    sleeper.pause();
  }
  const awake = live();
  let heard = 0;
  awake.on('message', () => heard++);
  await new Promise((resolve, reject) => awake.once('open', resolve).once('error', reject));
  awake.send(ask);
  await until(() => heard > 0, 'the watcher that reads hears');
  const before = memoryBytes();
  const from = heard;
  await othersGoOn();
  expect(heard).toBeGreaterThan(from + 5);
  expect(memoryBytes() - before).toBeLessThan(mostGrowthBytes);
  for (const socket of [...sleepers, awake]) socket.terminate();
}, 60_000);

test('readers of a large export that stop reading delay nobody and cost no memory that grows', async () => {
  const startUs = Date.now() * 1000 - 3_600_000_000;
  const client = await mqtt.connectAsync(platform.mqttUrl, {
    protocolVersion: 5,
    username: history.id,
    password: history.key,
  });
  for (let batch = 0; batch < 80; batch++) {
    const samples = Array.from({ length: 2500 }, (_, i) => ({
      series: toSeries(history.series[0]!),
      time: startUs + (batch * 2500 + i) * 1000,
      value: i,
      quality: 0,
      simulated: false,
    }));
    await client.publishAsync(topics.batch, Buffer.from(encodeBatch(toBatch(samples))), { qos: 1 });
  }
  await client.endAsync();
  const url = `${platform.url}/api/v1/readings/export.csv?series=${history.series[0]}&from=${startUs}&to=${startUs + 600_000_000}`;
  const sleepers = Array.from({ length: 4 }, () =>
    get(url, { headers: { cookie: platform.api.cookie() } }, (response) => {
      expect(response.statusCode).toBe(200);
      response.once('data', () => response.pause());
    }),
  );
  for (const sleeper of sleepers) sleeper.on('error', () => undefined); // ended below
  // Answering them has its cost; that they stop reading must have none.
  await othersGoOn();
  const before = memoryBytes();
  await othersGoOn();
  expect(memoryBytes() - before).toBeLessThan(mostGrowthBytes);
  const reader = await fetch(url, { headers: { cookie: platform.api.cookie() } });
  expect((await reader.text()).trim().split('\n').length, 'who reads gets all').toBe(200_001);
  for (const sleeper of sleepers) sleeper.destroy();
}, 180_000);

test('a sender that floods and never reads its acknowledgements delays nobody and costs no memory that grows', async () => {
  const client = await mqtt.connectAsync(platform.mqttUrl, {
    protocolVersion: 5,
    username: history.id,
    password: history.key,
  });
  const nowUs = Date.now() * 1000;
  const before = memoryBytes();
  client.stream.pause();
  client.on('error', () => undefined); // the platform may end it
  const raw = connect(platform.mqttPort, '127.0.0.1'); // and one that never says who it is
  raw.on('error', () => undefined);
  const flooding = new AbortController();
  const flood = (async () => {
    for (let i = 0; !flooding.signal.aborted && client.connected; i++) {
      const samples = [
        { series: toSeries(history.series[0]!), time: nowUs + i, value: i, quality: 0, simulated: false },
      ];
      client.publish(topics.batch, Buffer.from(encodeBatch(toBatch(samples))), { qos: 0 });
      raw.write(Buffer.alloc(100));
      if (i % 100 === 0) await setTimeout(1);
    }
  })();
  await othersGoOn();
  flooding.abort();
  await flood;
  expect(memoryBytes() - before).toBeLessThan(mostGrowthBytes);
  client.end(true);
  raw.destroy();
}, 60_000);
