import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EdgeAccount } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { leads, makePlatformOfServers, type PlatformOfServers } from '../fixtures/cluster/platform-of-servers.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { freezeAll } from '../fixtures/family.ts';
import { sendByHttp } from '../fixtures/http-sender.ts';
import { addCounterDevice, addThing, type MadeThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const set = new AcknowledgedSet();
const startUs = Date.now() * 1000;
let platform: PlatformOfServers;
let doors: Platform[];
let writers: Platform[];
let thing: MadeThing;

beforeAll(async () => {
  platform = await makePlatformOfServers('roles');
  writers = [await platform.server('api,writer'), await platform.server('api,writer')];
  doors = [await platform.server('door'), await platform.server('door')];
  await writers[0]!.start();
  await leads(writers[0]!);
  await writers[0]!.api.setUp();
  await Promise.all([writers[1]!, ...doors].map((one) => one.start()));
  thing = await addThing(writers[0]!.api, 'HTTP-1');
}, 180_000);
afterAll(() => platform.remove());

const ready = async ({ url }: Platform) => (await createApiClient(url).request('GET', '/health/ready')).body;

test('each role answers for its own part only, and says so', async () => {
  const door = createApiClient(doors[0]!.url);
  expect((await ready(doors[0]!)).parts.map(({ name }: { name: string }) => name)).toEqual([
    ...['http', 'mqtt', 'log', 'records'],
  ]);
  const elsewhere = await door.request('GET', '/api/v1/flow');
  expect([elsewhere.status, elsewhere.body.detail]).toEqual([404, expect.stringContaining('This server is door')]);
  const standBy = await createApiClient(writers[1]!.url, writers[0]!.api.cookie()).request('GET', '/api/v1/flow');
  expect([standBy.status, standBy.body.storage.state]).toEqual([200, 'ok']);
  expect((await ready(writers[1]!)).state).toBe('not-ready');
  // Kubernetes would never end an update that waits for a stand-by to lead.
  const watched = await createApiClient(writers[1]!.url).request('GET', '/health/ready?standBy=ready');
  expect([watched.status, watched.body.state]).toEqual([200, 'ready']);
  // Whoever keeps it running asks any server on its own machine.
  const socket = join(doors[0]!.dataDirectory, 'operator', 'door');
  const all = async () => {
    const { stdout } = await promisify(execFile)('curl', ['-s', '--unix-socket', socket, 'http://door/api/v1/servers']);
    return (JSON.parse(stdout).items as { roles: string[]; live: boolean; leads: boolean }[])
      .filter(({ live }) => live)
      .map(({ roles, leads }) => `${roles.join(',')}${leads ? ' leads' : ''}`)
      .sort();
  };
  await expect.poll(all).toEqual(['api,writer', 'api,writer leads', 'door', 'door']);
  // And so does the owner of the one tenant, of any server.
  const owner = createApiClient(writers[1]!.url, writers[0]!.api.cookie());
  const alive = async () =>
    (await owner.get('/api/v1/servers')).items.filter(({ live }: { live: boolean }) => live).length;
  await expect.poll(alive).toBe(4);
});

test('doors and leaders are killed, stopped and frozen in turn: all that was acknowledged is stored once, and the books add up', async () => {
  const [first, second] = [writers[0]!, writers[1]!];
  const edge = await createEdgeProcess(first.api, { platform: doors[0]!.url, mqttPort: doors[0]!.mqttPort });
  const device = await createCounterDevice();
  const counted = await addThing(first.api, 'COUNTER-1');
  const counter = { name: 'Counter', edge: edge.id, thing: counted.id, port: device.port, pollIntervalMs: 50 };
  await addCounterDevice(first.api, counter);
  await edge.start();
  const connected = (api: typeof first.api) => async () =>
    (await api.get('/api/v1/edges')).items.some((one: { connected: boolean; report: unknown }) => {
      return one.connected && one.report !== null;
    });
  await until(connected(first.api), 'the api sees an edge that is connected to a door', 30_000);

  const stop = new AbortController();
  const url = (turn: number) => doors[turn % 2]!.url;
  const sending = sendByHttp({ thing, set, startUs, url, stop: stop.signal });
  const progress = async (more: number) => {
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + more, `${more} more are acknowledged`, 60_000);
  };
  await progress(500);
  await doors[0]!.kill();
  await progress(200);
  await doors[0]!.start();
  await until(connected(first.api), 'the edge is back', 60_000);
  await first.kill();
  // Doors go on while nobody stores.
  await progress(300);
  await leads(second);
  const api = createApiClient(second.url, first.api.cookie());
  await first.start();
  await progress(300);
  // A writer that is stopped in good order hands over at once.
  await second.stop();
  await leads(first);
  await second.start();
  await progress(200);
  // One that is frozen is taken over from, and ends by itself when it wakes.
  await freezeAll([first.pid()]);
  await leads(second);
  process.kill(first.pid(), 'SIGCONT');
  await until(() => first.output().includes('"event":"ends"'), 'the leader that was frozen ends');
  await progress(300);
  stop.abort();
  await sending;
  await until(async () => (await set.compare(api)).length === 0, 'all is visible');
  await until(async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up');
  expect(await set.compare(api)).toEqual([]);
  await until(connected(api), 'the edge is seen by the new leader');

  await device.proxy.refuse();
  const account = (): Promise<EdgeAccount> => api.get(`/api/v1/edges/${edge.id}/account`);
  let stored = 0;
  await until(async () => {
    const { edge: told } = await account();
    stored = (await allReadings(api, counted.series[0]!)).length;
    return told?.backlog === 0 && told.acknowledged === stored && told.collected === stored;
  }, 'all that the edge collected is stored, and it knows');
  const { platform, check } = await account();
  expect([platform.received - platform.repeated, check]).toEqual([stored, { state: 'ok', difference: 0 }]);
  await edge.remove();
  await device.close();
}, 300_000);
