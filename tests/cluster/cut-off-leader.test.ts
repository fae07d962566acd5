import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFaultProxy, type FaultProxy } from '../../edge/src/drivers/fault-proxy.ts';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { leads, makePlatformOfServers, type PlatformOfServers } from '../fixtures/cluster/platform-of-servers.ts';
import { sendByHttp } from '../fixtures/http-sender.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const set = new AcknowledgedSet();
const startUs = Date.now() * 1000;
let platform: PlatformOfServers;
/** Between the first writer and PostgreSQL, and nobody else. */
let proxy: FaultProxy;
let first: Platform;
let second: Platform;
let doors: Platform[];
let thing: MadeThing;

beforeAll(async () => {
  platform = await makePlatformOfServers('cut_off');
  const through = new URL(platform.records);
  proxy = await createFaultProxy(Number(through.port));
  through.port = String(proxy.port);
  first = await platform.server('api,writer', { LUBAN_RECORDS: through.href });
  second = await platform.server('api,writer');
  doors = [await platform.server('door'), await platform.server('door')];
  await first.start();
  await leads(first);
  await first.api.setUp();
  await Promise.all([second, ...doors].map((one) => one.start()));
  thing = await addThing(first.api, 'HTTP-1');
}, 180_000);
afterAll(async () => {
  await platform.remove();
  await proxy.close();
});

function isGone({ pid }: Platform): boolean {
  try {
    return !process.kill(pid(), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
    throw error;
  }
}

test('a leader that alone cannot reach the records ends, another takes over, and all that was acknowledged is stored once', async () => {
  const stop = new AbortController();
  const sending = sendByHttp({ thing, set, startUs, url: (turn) => doors[turn % 2]!.url, stop: stop.signal });
  const progress = async (more: number) => {
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + more, `${more} more are acknowledged`, 60_000);
  };
  await until(async () => (await first.api.get('/api/v1/flow')).storage.samples > 300, 'it stores', 60_000);

  // Not a connection is closed: what it asks just never arrives. Log and store it reaches still.
  proxy.mode('stall');
  await progress(200);
  await until(() => isGone(first), 'the leader that is cut off has ended', 60_000);
  expect(first.output()).toContain('its lease could not be renewed');
  await leads(second);
  await progress(200);

  // What keeps it running starts it again: cut off still it does not come up, and does no harm.
  const cut = first.launch();
  await expect(cut.ready).rejects.toThrow('ended (1)');
  await proxy.refuse();
  proxy.mode('pass');
  await proxy.accept();
  await first.start();
  const health = await first.api.request('GET', '/health/ready');
  expect([health.status, JSON.stringify(health.body)]).toEqual([503, expect.stringContaining('server.stands-by')]);
  await progress(200);
  stop.abort();
  await sending;
  const api = createApiClient(second.url, first.api.cookie());
  await until(async () => (await set.compare(api)).length === 0, 'all is visible');
  await until(async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(api)).toEqual([]);
  console.info(set.count());
}, 300_000);
