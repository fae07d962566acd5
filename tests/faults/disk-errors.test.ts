import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { type FailingCalls, failCalls } from '../fixtures/failing-calls.ts';
import { atLength, inShort, testNeeding } from '../fixtures/fault-run.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { createRefusableSamples } from '../fixtures/refusable-samples.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const test = testNeeding('root', 'strace');
const set = new AcknowledgedSet();
let platform: Platform;
let others: [MadeThing, MadeThing];
let failing: FailingCalls | undefined;
let samples: ReturnType<typeof createRefusableSamples>;

beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  const thing = await addThing(platform.api, 'SENDER-1');
  samples = createRefusableSamples(platform, thing, set);
  others = [await addThing(platform.api, 'MQTT-1', 3), await addThing(platform.api, 'HTTP-1')];
}, 60_000);
afterEach(async () => {
  await failing?.end();
  failing = undefined;
});
afterAll(() => platform.remove());

const flow = () => platform.api.get('/api/v1/flow');
const isReady = async () => (await platform.api.request('GET', '/health/ready')).status === 200;

async function storedAll(why: string): Promise<void> {
  await until(async () => (await flow()).log.backlogRecords === 0, 'the store has caught up', 60_000);
  expect(await set.compare(platform.api), why).toEqual([]);
}

const cases = [
  ['sync', 'EIO'],
  ['write', 'ENOSPC'],
  ['sync', 'ENOSPC'],
  ['write', 'EIO'],
] as const;

for (const [call, error] of cases.slice(0, inShort(1, cases.length))) {
  test(`while each ${call} fails with ${error} nothing is acknowledged and the platform says so; then it goes on with all that it acknowledged`, async () => {
    for (let i = 0; i < 5; i++) expect(await samples.send(10)).toBe(true);
    failing = await failCalls(platform.pid(), call, error);
    for (let i = 0; i < 5; i++) expect(await samples.send(10), 'as long as the disk fails').toBe(false);
    await expect(samples.publish(), 'by MQTT neither').rejects.toMatchObject({ code: 0x83 });
    const { ingest, log } = await flow();
    expect(ingest.state).toBe('broken');
    expect(log).toMatchObject({
      state: 'broken',
      cause: { code: error === 'EIO' ? 'journal.io' : 'journal.full', text: { zh: expect.stringMatching(/磁盘/) } },
    });
    expect(log.cause.detail).toContain(error);
    if (call === 'sync') {
      const notReady = await platform.api.request('GET', '/health/ready');
      expect(notReady.status).toBe(503);
      expect(notReady.body.parts.find((part: { name: string }) => part.name === 'log')).toMatchObject({ ready: false });
    }
    expect(await set.compare(platform.api), 'what was acknowledged can be read while the disk fails').toEqual([]);
    expect(await failing.failed()).toBeGreaterThan(5);
    // Whoever is killed now has a tail in its log that was written, perhaps, and never synced.
    if (call === 'sync') await platform.kill();
    await failing.end();
    failing = undefined;
    if (call === 'sync') await platform.start();

    await until(isReady, 'it is ready again before anybody has sent');
    expect(await samples.send(10), 'the first attempt after the fault').toBe(true);
    await samples.publish();
    await until(async () => (await flow()).log.state === 'ok', 'the log says that it is well');
    await storedAll('after the fault');
    await platform.kill();
    await platform.start();
    expect(await set.compare(platform.api), 'after a kill and a restart').toEqual([]);
    expect(platform.output()).not.toMatch(/"kind":"(corrupt|missing)"|quarantine/);
  }, 120_000);
}

const testAtLength = atLength ? test : () => undefined;

testAtLength(
  'of a disk on which every third call fails only what is on it is acknowledged',
  async () => {
    const random = seededRandom(9);
    const [byMqtt, byHttp] = others;
    const senders = startNumberedSenders({ platform, byMqtt, byHttp, set, random });
    for (let round = 0; round < 4; round++) {
      await setTimeout(500);
      failing = await failCalls(
        platform.pid(),
        round % 2 === 0 ? 'sync' : 'write',
        round < 2 ? 'EIO' : 'ENOSPC',
        '2+3',
      );
      await setTimeout(4000);
      expect(await failing.failed()).toBeGreaterThan(3);
      if (round % 2 === 0) await platform.kill();
      await failing.end();
      failing = undefined;
      if (round % 2 === 0) await platform.start();
    }
    await until(isReady, 'it is ready again');
    await setTimeout(500 + random() * 500);
    await senders.stop();
    await storedAll('of two senders');
    await platform.kill();
    await platform.start();
    expect(await set.compare(platform.api), 'after a kill and a restart').toEqual([]);
    console.info('disk errors', set.count());
    expect(platform.output()).not.toMatch(/"kind":"(corrupt|missing)"|quarantine/);
  },
  180_000,
);
