import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askPostgres, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { startNode } from '../fixtures/node-process.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = 'server/src/move/move-command.ts';
let folder: string;
let platform: Platform;
let thing: MadeThing;
let records: Awaited<ReturnType<typeof makeTestRecords>>;
let before: Map<string, string>;
let told: Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-move-'));
  records = await makeTestRecords();
  platform = await createPlatform(join(folder, 'data'));
  await platform.start();
  const { api } = platform;
  await api.setUp();
  // A child whose id sorts before its parent's must not come before it.
  let parent: string | null = null;
  for (const level of ['enterprise', 'site', 'area', 'line'])
    parent = (await api.post('/api/v1/sites', { name: `Hall 三号 ${level}`, level, parent })).id;
  for (let i = 0; i < 8; i++) await addThing(api, `WIDE-${i}`, 400);
  thing = await addThing(api, 'MOVED-1');
  await api.post('/api/v1/edges', { name: 'Edge' });
  await api.post('/api/v1/access-keys', { name: 'Key', publish: ['plant/#'] });
  await send(platform, 0);
  told = await everything(platform);
  await platform.stop();
  before = await contents();
}, 120_000);
afterAll(async () => {
  await platform.remove();
  await records.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs the command as `npm run move` does. Resolves with its exit code and all that it said. */
function move(...args: string[]): Promise<{ code: number; said: string }> {
  const whole = ['--import', 'tsx', script, '--from', platform.dataDirectory, '--report', report(), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, whole, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: `${stdout}${stderr}` });
    });
  });
}

const report = () => join(folder, 'report.json');

async function send(to: Platform, value: number): Promise<void> {
  const headers = { authorization: `Bearer ${thing.key}` };
  const answer = await createApiClient(to.url).request('POST', '/api/v1/samples', {
    body: { values: { p0: value } },
    headers,
  });
  expect(answer.status).toBe(200);
}

/** What the API says of the records. */
async function everything({ api }: Platform): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const path of ['sites', 'thing-models', 'things', 'edges', 'access-keys', 'users', `points?thing=${thing.id}`])
    found[path] = (await api.get(`/api/v1/${path}`)).items;
  return found;
}

/** SHA-256 of each file of the data directory, but for what SQLite makes anew at each opening. */
async function contents(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(platform.dataDirectory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !/-(wal|shm)$/.test(path))
      found.set(
        path,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
  }
  return found;
}

async function countPoints(location: string): Promise<number> {
  const [row] = await askPostgres(location, 'select count(*) as count from points');
  return Number(row?.count);
}

test('a platform that runs is not moved', async () => {
  await platform.start();
  const { code, said } = await move('--records', records.location);
  expect(code).toBe(78);
  expect(said).toContain('is in use by another platform');
  await platform.stop();
  before = await contents();
});

test('a database that holds other data is refused and left as it is', async () => {
  const other = await makeTestRecords();
  await askPostgres(other.location, 'create table orders (id integer primary key)');
  const { code, said } = await move('--records', other.location);
  expect(code).toBe(78);
  expect(said).toContain('holds other data');
  const tables = "select table_name from information_schema.tables where table_schema = 'public'";
  expect(await askPostgres(other.location, tables)).toEqual([{ table_name: 'orders' }]);
  await other.remove();
});

test('killed in the middle it goes on, no platform starts on half of the data, and both ends are the same afterwards', async () => {
  const args = ['--from', platform.dataDirectory, '--records', records.location];
  const moving = startNode(script, {}, args);
  await until(async () => (await countPoints(records.location)) > 0, 'some points are there', 30_000, 1);
  await moving.end('SIGKILL');
  const half = await countPoints(records.location);
  expect(half).toBeGreaterThan(0);
  expect(half).toBeLessThan(3201);

  const early = await createPlatform(undefined, { environment: { LUBAN_RECORDS: records.location } });
  await expect(early.start()).rejects.toThrow('is not finished');
  await early.remove();

  const { code, said } = await move('--records', records.location);
  expect(said).toContain('Both ends hold the same');
  expect(said).not.toContain('p%40ss');
  expect(code).toBe(0);
  const { records: sums } = JSON.parse(await readFile(report(), 'utf8'));
  expect(sums.find(({ name }: { name: string }) => name === 'points').rows).toBe(3201);
  expect(await contents()).toEqual(before);
}, 60_000);

test('once done it may be asked again, and `--check` compares only', async () => {
  expect((await move('--records', records.location)).code).toBe(0);
  expect((await move('--records', records.location, '--check')).code).toBe(0);
  await askPostgres(records.location, `update things set name = 'changed' where id = '${thing.id}'`);
  const { code, said } = await move('--records', records.location, '--check');
  expect(code).toBe(78);
  expect(said).toContain('differ: things');
  expect((await move('--records', records.location)).said).toContain('holds other data');
  await askPostgres(records.location, `update things set name = 'MOVED-1 thing' where id = '${thing.id}'`);
}, 60_000);

test('the platform starts on what was moved, reads the same and goes on', async () => {
  const environment = { LUBAN_RECORDS: records.location };
  const moved = await createPlatform(platform.dataDirectory, { environment, cookie: platform.api.cookie() });
  await moved.start();
  expect(await everything(moved)).toEqual(told);
  await send(moved, 1);
  const range = `/api/v1/readings/range?series=${thing.series[0]}&from=0&to=${Number.MAX_SAFE_INTEGER}`;
  await until(async () => (await moved.api.get(range)).items[0].readings.length === 2, 'old and new sample are there');
  // Numbers of series go on behind those that were given.
  const next = await addThing(moved.api, 'NEW-1');
  expect(next.series[0]).toBe(thing.series[0]! + 1);
  await moved.stop();
}, 60_000);
