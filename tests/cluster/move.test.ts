import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askPostgres, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { allReadings } from '../fixtures/acknowledged-set.ts';
import { type ApiClient, createApiClient } from '../fixtures/api-client.ts';
import { askStore } from '../fixtures/cluster/chdb-over-http.ts';
import { runCommand } from '../fixtures/command.ts';
import { startNode } from '../fixtures/node-process.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const script = 'server/src/move/move-command.ts';
let folder: string;
let platform: Platform;
let thing: MadeThing;
let kinds: { id: string; series: number[]; key: string };
const samplesADay = 96;
const startMs = Date.UTC(2026, 8, 1);
let records: Awaited<ReturnType<typeof makeTestRecords>>;
let before: Map<string, string>;
let told: Record<string, unknown>;
let read: unknown[];
let telemetry: string;
let log: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-move-'));
  records = await makeTestRecords();
  log = `${process.env.LUBAN_TEST_LOG}move-${process.pid}`;
  telemetry = `${process.env.LUBAN_TEST_TELEMETRY}/move_${process.pid}`;
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
  kinds = await addKinds(api);
  await api.post('/api/v1/edges', { name: 'Edge' });
  await api.post('/api/v1/access-keys', { name: 'Key', publish: ['plant/#'] });
  for (let day = 0; day < 3; day++) await send(platform, day);
  // All of it is in the store.
  await until(async () => (await api.get('/api/v1/flow')).storage.samples >= 3 * samplesADay, 'it is stored');
  told = await everything(platform);
  read = await history(platform);
  await platform.stop();
  before = await contents();
}, 120_000);
afterAll(async () => {
  await platform.remove();
  await records.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const move = (...args: string[]) =>
  runCommand(script, ['--from', platform.dataDirectory, '--report', report(), ...args]);

const report = () => join(folder, 'report.json');

/** A day's samples of all kinds, one of each an hour. */
async function send(to: Platform, day: number): Promise<void> {
  const samples = Array.from({ length: samplesADay / 4 }, (_, i) => ({
    time: new Date(startMs + day * 86_400_000 + i * 3_600_000).toISOString(),
    values: { number: i / 10 + day, flag: i % 2 === 0, text: `批次 ${day}-${i} 'x'`, json: { day, i, of: [1, null] } },
  }));
  const headers = { authorization: `Bearer ${kinds.key}` };
  const answer = await createApiClient(to.url).request('POST', '/api/v1/samples', { body: { samples }, headers });
  expect(answer.text).toBe(JSON.stringify({ accepted: samplesADay }));
}

async function addKinds(api: ApiClient): Promise<{ id: string; series: number[]; key: string }> {
  const types = { number: 'number', flag: 'boolean', text: 'string', json: 'json' };
  const model = await api.post('/api/v1/thing-models', {
    key: 'kinds',
    name: { zh: '各类', en: 'Kinds' },
    properties: Object.entries(types).map(([key, type]) => ({
      ...{ key, name: { zh: key, en: key }, type, unit: null, range: null },
    })),
  });
  const made = await api.post('/api/v1/things', { key: 'KINDS-1', name: 'Kinds', model: model.id, site: null });
  const key = await api.post(`/api/v1/things/${made.id}/keys`, { name: 'key' });
  const { items } = await api.get(`/api/v1/points?thing=${made.id}`);
  return { id: made.id, series: items.map(({ series }: { series: number }) => series), key: key.secret };
}

/** All readings of all kinds. */
async function history({ api }: Platform): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const series of kinds.series) found.push(await allReadings(api, series));
  return found;
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

/** At the target. */
async function countSamples(): Promise<number> {
  const answer = await askStore(telemetry, 'SELECT toString(count()) FROM samples');
  return Number(JSON.parse(answer)[0]?.[0] ?? 0);
}

async function countPoints(location: string): Promise<number> {
  const [row] = await askPostgres(location, 'select count(*) as count from points');
  return Number(row?.count);
}

test('a platform that runs is not moved, nor one whose log holds what is not stored yet', async () => {
  await platform.start();
  const { code, said } = await move('--records', records.location);
  expect(code).toBe(78);
  expect(said).toContain('is in use by another platform');
  await platform.api.post('/api/v1/samples', { thing: thing.id, values: { p0: 1 } });
  await platform.kill();
  const early = await move('--telemetry', telemetry);
  expect(early.code).toBe(78);
  expect(early.said).toContain('not stored and counted yet');
  await platform.start();
  told = await everything(platform);
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
  expect(half, 'on a slow machine the table may be whole by now').toBeLessThanOrEqual(3205);

  const early = await createPlatform(undefined, { environment: { LUBAN_RECORDS: records.location } });
  await expect(early.start()).rejects.toThrow('is not finished');
  await early.remove();

  // And again when one, two and three of the telemetry's days are there.
  for (const days of [1, 2, 3]) {
    const again = startNode(script, {}, [...args, '--telemetry', telemetry, '--log', log, '--report', report()]);
    const there = async () => again.ended || (await countSamples()) >= days * samplesADay;
    await until(there, `${days} days are there`, 30_000, 1);
    await again.end('SIGKILL');
  }

  const { code, said } = await move('--records', records.location, '--telemetry', telemetry, '--log', log);
  expect(said).toContain('Both ends hold the same');
  expect(said).not.toContain('p%40ss');
  expect(code).toBe(0);
  const { records: sums, telemetry: parts } = JSON.parse(await readFile(report(), 'utf8'));
  expect(sums.find(({ name }: { name: string }) => name === 'points').rows).toBe(3205);
  expect(parts.find(({ name }: { name: string }) => name === 'samples 20260902').rows).toBe(samplesADay);
  expect(await askPostgres(records.location, 'select position from accounting_progress')).toEqual([{ position: '0' }]);
  expect(await contents()).toEqual(before);
}, 120_000);

test('once done it may be asked again, and `--check` compares only', async () => {
  const file = join(folder, 'records-address');
  await writeFile(file, `${records.location}\n`);
  const to = ['--records', `@${file}`, '--telemetry', telemetry, '--log', log];
  expect((await move(...to)).code).toBe(0);
  expect((await move(...to, '--check')).code).toBe(0);
  await askPostgres(records.location, `update things set name = 'changed' where id = '${thing.id}'`);
  const { code, said } = await move(...to, '--check');
  expect(code).toBe(78);
  expect(said).toContain('differ: things');
  expect((await move('--records', records.location)).said).toContain('holds other data');
  await askPostgres(records.location, `update things set name = 'MOVED-1 thing' where id = '${thing.id}'`);
}, 60_000);

test('the platform starts on what was moved, reads the same and goes on', async () => {
  const environment = { LUBAN_RECORDS: records.location, LUBAN_TELEMETRY: telemetry, LUBAN_LOG: log };
  const moved = await createPlatform(platform.dataDirectory, { environment, cookie: platform.api.cookie() });
  await moved.start();
  expect(await everything(moved)).toEqual(told);
  expect(await history(moved)).toEqual(read);
  await send(moved, 3);
  await until(
    async () => (await moved.api.get('/api/v1/flow')).storage.samples === 4 * samplesADay + 1,
    'it is stored',
  );
  const [numbers] = (await history(moved)) as unknown[][];
  expect(numbers).toHaveLength(samplesADay);
  // Numbers of series go on behind those that were given.
  const next = await addThing(moved.api, 'NEW-1');
  expect(next.series[0]).toBe(Math.max(...kinds.series) + 1);
  await moved.kill();
  await moved.start();
  await until(
    async () => (await moved.api.get('/api/v1/flow')).storage.samples === 4 * samplesADay + 1,
    'after a kill too',
  );
  expect((await history(moved))[0]).toEqual(numbers);
  await moved.stop();
  const [counted] = await askPostgres(records.location, 'select sum(received) as received from accounts');
  expect(Number(counted?.received)).toBe(4 * samplesADay + 1);
  const used = await move('--records', records.location, '--log', log);
  expect(used.said).toContain('has been used already');
}, 60_000);
