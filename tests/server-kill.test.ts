import { setTimeout } from 'node:timers/promises';
import { encodeBatch, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from './fixtures/acknowledged-set.ts';
import { createApiClient } from './fixtures/api-client.ts';
import { addThing, type MadeThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { seededRandom } from './fixtures/seeded-random.ts';
import { until } from './fixtures/until.ts';

const random = seededRandom(20_261_122);
const kills = 20;
const set = new AcknowledgedSet();
const startUs = Date.now() * 1000;
let platform: Platform;
let byMqtt: MadeThing;
let byHttp: MadeThing;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  byMqtt = await addThing(platform.api, 'MQTT-1', 3);
  byHttp = await addThing(platform.api, 'HTTP-1', 1);
}, 60_000);
afterAll(() => platform.remove());

/** Sends batches of 30 numbered samples, up to eight under way; the client sends again what was not acknowledged. */
async function sendByMqtt(client: MqttClient, stop: AbortSignal): Promise<void> {
  let number = 0;
  const underWay = new Set<Promise<void>>();
  while (!stop.aborted) {
    const samples = Array.from({ length: 30 }, () => ({
      series: toSeries(byMqtt.series[number % 3]!),
      time: startUs + number * 100,
      value: number++ / 8,
      quality: 0,
      simulated: false,
    }));
    for (const { series, time, value } of samples) set.sent(series, time, value);
    const sending = client.publishAsync(topics.batch, Buffer.from(encodeBatch(toBatch(samples))), { qos: 1 }).then(
      () => {
        for (const { series, time, value } of samples) set.acknowledged(series, time, value);
      },
      () => undefined, // not acknowledged: nothing was promised
    );
    underWay.add(sending);
    void sending.then(() => underWay.delete(sending));
    if (underWay.size >= 8) await Promise.race([...underWay, setTimeout(100)]);
    await setTimeout(5);
  }
  await Promise.race([Promise.all(underWay), setTimeout(10_000)]);
}

/** Sends ten numbered samples a request; of those that were not acknowledged it sends every other again. */
async function sendByHttp(stop: AbortSignal): Promise<void> {
  const device = createApiClient(platform.url);
  let number = 0;
  for (let again = false; !stop.aborted; await setTimeout(again ? 50 : 5)) {
    if (!again) number += 10;
    const samples = Array.from({ length: 10 }, (_, i) => ({
      timeUs: startUs + (number + i) * 100,
      value: (number + i) / 4,
    }));
    for (const { timeUs, value } of samples) set.sent(byHttp.series[0]!, timeUs, value);
    const body = { samples: samples.map(({ timeUs, value }) => ({ time: iso(timeUs), values: { p0: value } })) };
    const status = await device
      .request('POST', '/api/v1/samples', { body, headers: { authorization: `Bearer ${byHttp.key}` } })
      .then((answer) => answer.status)
      .catch(() => 0);
    if (status === 200) for (const { timeUs, value } of samples) set.acknowledged(byHttp.series[0]!, timeUs, value);
    again = status !== 200 && random() < 0.5;
  }
}

function iso(timeUs: number): string {
  const micros = String(timeUs % 1000).padStart(3, '0');
  return new Date(Math.floor(timeUs / 1000)).toISOString().replace('Z', `${micros}Z`);
}

test('every acknowledged sample is stored once, with its value and in order, though the server is killed 20 times', async () => {
  const stop = new AbortController();
  const client = mqtt.connect(platform.mqttUrl, {
    protocolVersion: 5,
    username: byMqtt.id,
    password: byMqtt.key,
    clientId: 'device',
    clean: false,
    reconnectPeriod: 100,
  });
  client.on('error', () => undefined); // refused connections while the server is down are what this test makes
  const sending = Promise.all([sendByMqtt(client, stop.signal), sendByHttp(stop.signal)]);
  let storeKills = 0;
  for (let kill = 0; kill < kills; kill++) {
    await setTimeout(300 + random() * 1200);
    if (kill % 4 === 2 && platform.killStore()) {
      storeKills++;
      await setTimeout(300 + random() * 1200);
    }
    await platform.kill();
    const next = platform.launch();
    // A machine that loses power twice: the start itself is killed too.
    if (kill % 5 === 4) {
      await setTimeout(random() * 1000);
      await platform.kill();
      await platform.start();
    } else await next.ready;
  }
  await setTimeout(1000);
  stop.abort();
  await sending;
  await client.endAsync(true);

  const { sent, acknowledged } = set.count();
  expect(await set.compare(platform.api), 'read at once, part of it from the log').toEqual([]);
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api), 'read from the store').toEqual([]);
  await platform.stop();
  await platform.start();
  expect(await set.compare(platform.api), 'after a clean restart').toEqual([]);
  const { storage } = await platform.api.get('/api/v1/flow');
  console.info({ kills, storeKills, sent, acknowledged, rowsStored: storage.samples });
  expect(storeKills).toBeGreaterThan(2);
  expect(acknowledged, 'samples got through between the kills').toBeGreaterThan(5000);
}, 600_000); // for hangs only: on a busy machine each start takes seconds
