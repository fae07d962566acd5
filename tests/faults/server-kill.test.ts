import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { inShort } from '../fixtures/fault-run.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const random = seededRandom(20_261_122);
const kills = inShort(5, 50);
const set = new AcknowledgedSet();
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

test(`every acknowledged sample is stored once, with its value and in order, though the server is killed ${kills} times`, async () => {
  const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random });
  let storeKills = 0;
  const perLife = 250;
  for (let kill = 0; kill < kills; kill++) {
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + perLife, 'samples get through', 60_000);
    await setTimeout(random() * 1200);
    if ((kill === 2 || random() < 0.3) && platform.killStore()) {
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
  await senders.stop();

  const { sent, acknowledged } = set.count();
  expect(await set.compare(platform.api), 'read at once, part of it from the log').toEqual([]);
  await until(async () => (await platform.api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(platform.api), 'read from the store').toEqual([]);
  await platform.stop();
  await platform.start();
  expect(await set.compare(platform.api), 'after a clean restart').toEqual([]);
  const { storage } = await platform.api.get('/api/v1/flow');
  console.info({ kills, storeKills, sent, acknowledged, rowsStored: storage.samples });
  expect(storeKills).toBeGreaterThan(kills / 10);
  expect(acknowledged, 'samples got through between the kills').toBeGreaterThan(kills * perLife);
}, 600_000); // for hangs only: on a busy machine each start takes seconds
