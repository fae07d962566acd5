import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askPostgres, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { allReadings } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { runCommand } from '../fixtures/command.ts';
import { startNode } from '../fixtures/node-process.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

const script = 'server/src/move/move-command.ts';
const startMs = Date.UTC(2026, 8, 1);
const hours = 72;

let folder: string;
let cluster: Platform;
let records: Awaited<ReturnType<typeof makeTestRecords>>;
let telemetry: string;
let log: string;
let thing: MadeThing;
let told: Record<string, unknown>;
let history: unknown[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-move-back-'));
  records = await makeTestRecords();
  telemetry = `${process.env.LUBAN_TEST_TELEMETRY}/move_back_${process.pid}`;
  log = `${process.env.LUBAN_TEST_LOG}move-back-${process.pid}`;
  const environment = { LUBAN_RECORDS: records.location, LUBAN_TELEMETRY: telemetry, LUBAN_LOG: log };
  cluster = await createPlatform(join(folder, 'cluster'), { environment });
  await cluster.start();
  const { api } = cluster;
  await api.setUp();
  const hall = await api.post('/api/v1/sites', { name: 'Hall 三号', level: 'site', parent: null });
  await api.post('/api/v1/sites', { name: 'Line', level: 'line', parent: hall.id });
  for (let i = 0; i < 4; i++) await addThing(api, `WIDE-${i}`, 400);
  thing = await addThing(api, 'BACK-1', 3);
  await api.post('/api/v1/edges', { name: 'Edge' });
  await api.post('/api/v1/access-keys', { name: 'Key', publish: ['plant/#'] });
  await send(cluster, 0, hours);
  await stored(cluster, hours * 3);
  told = await everything(cluster);
  history = await historyOf(cluster);
}, 120_000);
afterAll(async () => {
  await cluster.remove();
  await records.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** One sample an hour of each property. */
async function send(to: Platform, first: number, end: number): Promise<void> {
  const samples = Array.from({ length: end - first }, (_, i) => ({
    time: new Date(startMs + (first + i) * 3_600_000).toISOString(),
    values: { p0: (first + i) / 10, p1: Math.sqrt(i), p2: -i },
  }));
  const headers = { authorization: `Bearer ${thing.key}` };
  const answer = await createApiClient(to.url).request('POST', '/api/v1/samples', { body: { samples }, headers });
  expect(answer.text).toBe(JSON.stringify({ accepted: samples.length * 3 }));
}

const stored = ({ api }: Platform, samples: number) =>
  until(async () => (await api.get('/api/v1/flow')).storage.samples === samples, `${samples} are stored`, 60_000);

async function everything({ api }: Platform): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const path of ['sites', 'thing-models', 'things', 'access-keys', 'users', `points?thing=${thing.id}`])
    found[path] = (await api.get(`/api/v1/${path}`)).items;
  return found;
}

async function historyOf({ api }: Platform): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const series of thing.series) {
    const span = `from=${startMs * 1000}&to=${(startMs + hours * 3_600_000) * 1000}&count=20`;
    found.push(await allReadings(api, series));
    found.push((await api.get(`/api/v1/readings/buckets?series=${series}&${span}`)).items);
    found.push((await api.get(`/api/v1/readings/latest?series=${series}`)).items);
  }
  return found;
}

const home = () => join(folder, 'home');
const report = () => join(folder, 'report.json');
const source = () => ['--records', records.location, '--telemetry', telemetry, '--log', log, '--report', report()];

const move = (...args: string[]) => runCommand(script, [...source(), ...args]);

/** MD5 of each table of the cluster, but for what servers say of themselves. */
async function atCluster(): Promise<Record<string, unknown>> {
  const names = await askPostgres(
    records.location,
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_name not in ('servers', 'duty_leases')",
  );
  const found: Record<string, unknown> = {};
  for (const { name } of names)
    [found[String(name)]] = await askPostgres(
      records.location,
      `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash from ${name} t`,
    );
  return found;
}

test('a platform that is at work is not moved, nor into a folder that holds anything, nor without the key of its secrets or with the log of another', async () => {
  const early = await move('--to', home());
  expect(early.said).toContain('are at work');
  expect(early.code).toBe(78);
  await rm(home(), { recursive: true, force: true });
  await cluster.stop();
  const full = join(folder, 'full');
  await mkdir(full);
  await writeFile(join(full, 'letter.txt'), 'x');
  expect((await move('--to', full)).said).toContain('is not empty');
  const keyless = await move('--to', home());
  expect(keyless.said).toContain(`There is no seal key ${join(home(), 'seal.key')}`);
  await copyFile(join(cluster.dataDirectory, 'seal.key'), join(home(), 'seal.key'));
  const other = await move('--to', home(), '--log', `${log}-other`);
  expect(other.said).toContain('it is not the platform’s log');
  expect(other.code).toBe(78);
}, 120_000);

test('killed in the middle it goes on, no platform starts on half of it, and both ends are the same afterwards', async () => {
  const before = await atCluster();
  const moving = startNode(script, {}, [...source(), '--to', home()]);
  // Looked at, copied, compared: a third each.
  await until(async () => / [45]\d %/.test(moving.output()), 'some points are there', 60_000, 1);
  await moving.end('SIGKILL');
  const early = await createPlatform(home());
  await expect(early.start()).rejects.toThrow('is not finished');
  await early.remove();
  // And again later, the telemetry's parts are among the last.
  for (const tenth of [6, 9]) {
    const again = startNode(script, {}, [...source(), '--to', home()]);
    const there = new RegExp(`(100|[${tenth}-9]\\d) %`);
    await until(() => again.ended || there.test(again.output()), `${tenth} tenths are done`, 60_000, 1);
    await again.end('SIGKILL');
  }
  const { code, said } = await move('--to', home());
  expect(said).toContain('Both ends hold the same');
  expect(code).toBe(0);
  const sums = JSON.parse(await readFile(report(), 'utf8'));
  const rows = (of: { name: string; rows: number }[], wanted: string) => of.find(({ name }) => name === wanted)?.rows;
  expect(rows(sums.records, 'points')).toBe(1603);
  expect(rows(sums.telemetry, 'samples 20260902')).toBe(24 * 3);
  expect(await atCluster()).toEqual(before);
}, 240_000);

test('`--check` finds one value that differs', async () => {
  expect((await move('--to', home(), '--check')).code).toBe(0);
  await askPostgres(records.location, `update things set name = 'changed' where id = '${thing.id}'`);
  const differs = await move('--to', home(), '--check');
  expect(differs.said).toContain('differ: things');
  expect(differs.code).toBe(78);
}, 120_000);

test('the platform starts in the folder, reads the same and goes on', async () => {
  const back = await createPlatform(home(), { cookie: cluster.api.cookie() });
  await back.start();
  expect(await everything(back)).toEqual(told);
  expect(await historyOf(back)).toEqual(history);
  await send(back, hours, hours + 24);
  await stored(back, (hours + 24) * 3);
  await back.kill();
  await back.start();
  await stored(back, (hours + 24) * 3);
  expect(await allReadings(back.api, thing.series[0]!)).toHaveLength(hours + 24);
  const next = await addThing(back.api, 'NEXT');
  expect(next.series[0]).toBe(Math.max(...thing.series) + 1);
  await back.remove();
}, 120_000);
