import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { makePlatformOfServers, type PlatformOfServers } from '../fixtures/cluster/platform-of-servers.ts';
import { sendByHttp } from '../fixtures/http-sender.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const set = new AcknowledgedSet();
const startUs = Date.now() * 1000;
let platform: PlatformOfServers;
let first: Platform;
let standBy: Platform;
let thing: MadeThing;

beforeAll(async () => {
  platform = await makePlatformOfServers('stand_by');
  first = await platform.server();
  standBy = await platform.server();
  await first.start();
  await first.api.setUp();
  thing = await addThing(first.api, 'HTTP-1');
}, 120_000);
afterAll(() => platform.remove());

const send = (to: Platform, from: number, stop: AbortSignal) =>
  sendByHttp({ thing, set, startUs, url: () => to.url, from, stop });

test('a server without the key of the others is refused, with what to do', async () => {
  const stranger = await platform.server(undefined, { LUBAN_SEAL_KEY_FILE: '/absent/seal.key' });
  await expect(stranger.start()).rejects.toThrow('There is no seal key /absent/seal.key');
});

test('a stand-by with nothing but the seal key in its data folder goes on where a killed platform stopped: all that was acknowledged, once', async () => {
  const stopFirst = new AbortController();
  const sending = send(first, 0, stopFirst.signal);
  // Enough for blocks that are stored, blocks under way, and records that only the log has.
  await until(async () => (await first.api.get('/api/v1/flow')).storage.samples > 500, 'some of it is stored', 60_000);
  await first.kill();
  stopFirst.abort();
  const next = await sending;
  await standBy.start();
  const api = createApiClient(standBy.url, first.api.cookie());
  const stopSecond = new AbortController();
  const more = send(standBy, next, stopSecond.signal);
  const before = set.count().acknowledged;
  await until(() => set.count().acknowledged > before + 300, 'the stand-by takes samples with the same key');
  stopSecond.abort();
  await more;
  await until(async () => (await set.compare(api)).length === 0, 'all is visible');
  await until(async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(api)).toEqual([]);
  console.info(set.count());
}, 180_000);
