import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch, qualityCode, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../server/src/platform/database/database.ts';
import { closeTenant } from '../../server/src/platform/database/moved-tenants.ts';
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
const startMs = Date.UTC(2026, 8, 1);
const hourMs = 3_600_000;
const days = 5;

let folder: string;
/** Embedded, with the tenant that is to move. */
let home: Platform;
/** On the engines of a cluster, with a tenant of its own. */
let cluster: Platform;
/** Takes samples all the while. */
let door: Platform;
let records: Awaited<ReturnType<typeof makeTestRecords>>;
let telemetry: string;
let tenant: string;
let thing: MadeThing;
let neighbour: MadeThing;
let edge: { id: string; key: string; thing: string; series: number };
let told: Record<string, unknown>;
let history: unknown;
let neighbours: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-move-tenant-'));
  records = await makeTestRecords();
  telemetry = `${process.env.LUBAN_TEST_TELEMETRY}/move_tenant_${process.pid}`;
  const environment = {
    LUBAN_RECORDS: records.location,
    LUBAN_TELEMETRY: telemetry,
    LUBAN_LOG: `${process.env.LUBAN_TEST_LOG}move-tenant-${process.pid}`,
  };
  cluster = await createPlatform(join(folder, 'cluster'), { environment });
  door = await createPlatform(join(folder, 'door'), { environment: { ...environment, LUBAN_ROLES: 'door' } });
  home = await createPlatform(join(folder, 'home'));
  await Promise.all([fillCluster(), fillHome()]);
}, 120_000);
afterAll(async () => {
  await door.remove();
  await cluster.remove();
  await home.remove();
  await records.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function fillCluster(): Promise<void> {
  await cluster.start();
  await cluster.api.post('/api/v1/setup', {
    language: 'en',
    owner: { name: 'Other', email: 'other@example.com', password: 'correct horse battery' },
    plant: { name: 'Neighbour', timeZone: 'Asia/Shanghai' },
    demoPlant: false,
  });
  neighbour = await addThing(cluster.api, 'NEIGHBOUR', 3);
  await send(cluster, neighbour);
  await stored(cluster.api, days * 24 * 3);
}

/** Numbers of series and of tenants are the same as the cluster's own: they must not meet there. */
async function fillHome(): Promise<void> {
  await home.start();
  const { api } = home;
  await api.setUp();
  tenant = (await api.get('/api/v1/me')).tenant.id;
  const hall = await api.post('/api/v1/sites', { name: 'Hall 三号', level: 'site', parent: null });
  await api.post('/api/v1/sites', { name: 'Line', level: 'line', parent: hall.id });
  thing = await addThing(api, 'MOVED-1', 3);
  for (let i = 0; i < 4; i++) await addThing(api, `WIDE-${i}`, 400);
  await api.put('/api/v1/retention', {
    ...{ scope: 'point', target: String(thing.series[1]) },
    policy: { sampleDays: 300, minuteDays: 500, hourDays: null },
  });
  await api.post('/api/v1/access-keys', { name: 'Key', publish: ['plant/#'] });
  edge = await addEdge(api);
  await send(home, thing);
  await sendAsEdge(home, edge.series, startMs);
  await stored(api, days * 24 * 3 + 1);
  told = await everything(api, thing.id);
  history = await historyOf(api, thing.series);
  await home.stop();
}

async function addEdge(api: ApiClient): Promise<typeof edge> {
  const collected = await addThing(api, 'COLLECTED');
  const { id } = await api.post('/api/v1/edges', { name: 'Edge' });
  const { token } = await api.post(`/api/v1/edges/${id}/enrolment-token`, {});
  const { key } = await api.post('/api/v1/edges/enrol', { token, software: 'test' });
  const device = await api.post('/api/v1/devices', {
    ...{ name: 'Device', edge: id, enabled: true, simulated: false, protocol: 'modbus-tcp' },
    settings: { host: '127.0.0.1', port: 1, unitId: 1, pollIntervalMs: 1000, timeoutMs: 500 },
  });
  const address = { protocol: 'modbus-tcp', area: 'holding', address: 0, encoding: 'uint32' };
  const how = { scale: 1, offset: 0, deadband: 0, minIntervalMs: 0 };
  await api.post(`/api/v1/devices/${device.id}/bindings`, {
    bindings: [{ thing: collected.id, property: 'p0', address, ...how }],
  });
  return { id, key, thing: collected.id, series: collected.series[0]! };
}

/** One sample an hour of each property. */
async function send(to: Platform, of: MadeThing, firstDay = 0, lastDay = days): Promise<void> {
  expect(await taken(to, of, firstDay, lastDay)).toBe(true);
}

async function taken(to: Platform, { key }: MadeThing, firstDay: number, lastDay = firstDay + 1): Promise<boolean> {
  const samples = Array.from({ length: (lastDay - firstDay) * 24 }, (_, i) => ({
    time: new Date(startMs + (firstDay * 24 + i) * hourMs).toISOString(),
    values: { p0: i / 10, p1: Math.sqrt(i), p2: -i },
  }));
  const headers = { authorization: `Bearer ${key}` };
  const answer = await createApiClient(to.url).request('POST', '/api/v1/samples', { body: { samples }, headers });
  return answer.status === 200;
}

async function sendAsEdge(to: Platform, series: number, timeMs: number): Promise<void> {
  const client = await mqtt.connectAsync(to.mqttUrl, {
    ...{ protocolVersion: 5, username: edge.id, password: edge.key, clientId: edge.id, reconnectPeriod: 0 },
  });
  const quality = qualityCode('good');
  const sample = { series: toSeries(series), time: timeMs * 1000, value: 7, quality, simulated: false };
  await client.publishAsync(topics.batch, Buffer.from(encodeBatch(toBatch([sample]))), { qos: 1 });
  await client.endAsync();
}

const stored = (api: ApiClient, samples: number) =>
  until(async () => (await api.get('/api/v1/flow')).storage.samples >= samples, `${samples} are stored`, 60_000);

/** What the API says of a tenant's records, but for numbers and secrets. */
async function everything(api: ApiClient, of: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const path of ['sites', 'thing-models', 'things', 'access-keys', 'users', `points?thing=${of}`])
    found[path] = (await api.get(`/api/v1/${path}`)).items;
  const { rules } = await api.get('/api/v1/retention');
  found.edges = (await api.get('/api/v1/edges')).items.map(({ id, name }: { id: string; name: string }) => [id, name]);
  found.retention = rules.map(({ scope, policy }: { scope: string; policy: unknown }) => [scope, policy]);
  return JSON.parse(JSON.stringify(found, (key, value) => (key === 'series' ? undefined : value)));
}

async function historyOf(api: ApiClient, series: readonly number[]): Promise<unknown> {
  const found: unknown[] = [];
  for (const one of series) {
    found.push(await allReadings(api, one));
    const span = `from=${startMs * 1000}&to=${(startMs + days * 24 * hourMs) * 1000}&count=20`;
    found.push((await api.get(`/api/v1/readings/buckets?series=${one}&${span}`)).items[0].buckets);
    found.push((await api.get(`/api/v1/readings/latest?series=${one}`)).items[0].reading);
  }
  return found;
}

const move = (...args: string[]) => runCommand(script, [...common(), ...args]);

const report = () => join(folder, 'report.json');
const common = () => ['--from', home.dataDirectory, '--tenant', tenant, '--report', report()];
const target = () => ['--records', records.location, '--telemetry', telemetry];

/** SHA-256 of what others than the moved tenant have at the cluster, of each table. */
async function ofOthers(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const columns = await askPostgres(
    records.location,
    "select table_name, string_agg(column_name, ',') as names from information_schema.columns where table_schema = 'public' group by table_name",
  );
  for (const { table_name: table, names } of columns) {
    const list = String(names).split(',');
    const own = list.includes('tenant')
      ? `tenant = '${tenant}'`
      : list.includes('tenant_number')
        ? 'tenant_number = 2'
        : table === 'tenants'
          ? `id = '${tenant}'`
          : 'false';
    if (
      /^(counters|duty_leases|servers|arrived_tenants|sessions|account_refusals|account_refusals_of|edge_books)$/.test(
        String(table),
      )
    )
      continue;
    const [row] = await askPostgres(
      records.location,
      `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash from ${table} t where not (${own})`,
    );
    found[String(table)] = String(row?.hash);
  }
  for (const table of ['samples', 'minutes', 'hours', 'latest', 'deletions'])
    found[`telemetry ${table}`] = await askStore(
      telemetry,
      `SELECT count(), toString(sum(cityHash64(*))) FROM ${table} FINAL WHERE tenant = 1`.replace(
        'deletions FINAL',
        'deletions',
      ),
    );
  return found;
}

async function changeStore(sql: string): Promise<void> {
  const { origin, pathname } = new URL(telemetry);
  const answer = await fetch(`${origin}/?database=${pathname.slice(1)}`, { method: 'POST', body: sql });
  expect(await answer.text()).toBe('ping\n');
}

async function tenantsAtCluster(): Promise<unknown[]> {
  return (await askPostgres(records.location, 'select id from tenants order by number')).map(({ id }) => id);
}

/** Nobody writes a point at the cluster until the answer is called. */
async function holdPoints(): Promise<() => Promise<void>> {
  const held = 'begin; lock table points in share mode; select pg_sleep(120)';
  const holding = askPostgres(records.location, held).catch(() => undefined);
  const holder = "from pg_stat_activity where query like 'begin; lock table points%'";
  const asleep = async () =>
    (await askPostgres(records.location, `select 1 ${holder} and wait_event = 'PgSleep'`)).length;
  await until(async () => (await asleep()) > 0, 'points are held');
  return async () => {
    await askPostgres(records.location, `select pg_terminate_backend(pid) ${holder} and pid <> pg_backend_pid()`);
    await holding;
  };
}

async function closeAtHome(): Promise<void> {
  const atHome = openDatabase(join(home.dataDirectory, 'records.sqlite'));
  await closeTenant(atHome, tenant, records.location.replace(/:[^:@/]*@/, ':…@'), Date.now());
  await atHome.destroy();
}

async function waiting(): Promise<number> {
  const who = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into "points"%'`;
  return (await askPostgres(records.location, who)).length;
}

test('a cluster that is at work is left alone, and so is one that has the tenant’s email addresses already', async () => {
  const early = await move(...target());
  expect(early.said).toContain('Stop every server with the roles api,writer');
  expect(early.code).toBe(78);
  const taken = { name: 'Same', email: 'owner@example.com', role: 'viewer', password: 'correct horse battery' };
  const user = await cluster.api.post('/api/v1/users', { ...taken, language: 'en' });
  await cluster.stop();
  const before = await ofOthers();
  const { code, said } = await move(...target());
  expect(said).toContain('users.email = owner@example.com');
  expect(said).toContain('nothing has been changed');
  expect(code).toBe(78);
  expect(await ofOthers()).toEqual(before);
  expect(await askPostgres(records.location, 'select * from arrived_tenants')).toEqual([]);
  await askPostgres(records.location, `delete from users where id = '${user.id}'`);
  neighbours = await ofOthers();
}, 120_000);

test('killed at any moment the tenant is at home still; then all of it is at the cluster, and nobody else’s is touched', async () => {
  const before = await tenantsAtCluster();
  await door.start();
  const release = await holdPoints();
  const isThere = {
    'it has numbers': async () => (await askPostgres(records.location, 'select 1 from arrived_tenants')).length > 0,
    'some samples are there': async () =>
      !(await askStore(telemetry, 'SELECT 1 FROM samples WHERE tenant = 2 LIMIT 1')).startsWith('[]'),
    'its records come': async () => (await waiting()) > 0,
  };
  for (const [what, there] of Object.entries(isThere)) {
    const moving = startNode(script, {}, [...common(), ...target()]);
    await until(there, what, 30_000, 1);
    await moving.end('SIGKILL');
    expect(await tenantsAtCluster()).toEqual(before);
  }
  await release();
  expect(await tenantsAtCluster()).toEqual(before);
  // And as if it had been killed when it was closed at home and not open at the cluster yet.
  await closeAtHome();
  const { code, said } = await move(...target());
  expect(said).toContain('Both ends hold the same');
  expect(said).not.toContain('p%40ss');
  expect(code).toBe(0);
  expect(await tenantsAtCluster()).toEqual([...before, tenant]);
  const sums = JSON.parse(await readFile(report(), 'utf8'));
  const rows = (of: { name: string; rows: number }[], wanted: string) => of.find(({ name }) => name === wanted)?.rows;
  expect(rows(sums.records, 'points')).toBe(3 + 4 * 400 + 1);
  expect(rows(sums.telemetry, 'samples 20260902')).toBe(24 * 3);
  expect(await ofOthers()).toEqual(neighbours);
  // What the door takes meanwhile waits in the log.
  await send(door, neighbour, days, days + 1);
}, 180_000);

test('`--check` finds one value that differs, in the records and in the telemetry', async () => {
  expect((await move(...target(), '--check')).code).toBe(0);
  await askPostgres(records.location, `update things set name = 'changed' where id = '${thing.id}'`);
  const differs = await move(...target(), '--check');
  expect(differs.said).toContain('differ: things');
  expect(differs.code).toBe(78);
  await askPostgres(records.location, `update things set name = 'MOVED-1 thing' where id = '${thing.id}'`);
  const [of, at] = ['tenant = 2', `fromUnixTimestamp64Micro(${(startMs + 30 * hourMs) * 1000})`];
  const columns = 'tenant, series, time + toIntervalMinute(1), decimal, scale, binary, text, status, arrival';
  await changeStore(`INSERT INTO samples SELECT ${columns} FROM samples WHERE ${of} AND time = ${at} LIMIT 1`);
  const more = await move(...target(), '--check');
  expect(more.said).toContain('differ: samples 20260902');
  expect(more.code).toBe(78);
  const added = `${of} AND time = ${at} + toIntervalMinute(1)`;
  await changeStore(`ALTER TABLE samples DELETE WHERE ${added} SETTINGS mutations_sync = 2`);
  expect((await move(...target(), '--check')).code).toBe(0);
}, 120_000);

test('at home it can be read, and nothing is taken for it any more, until it is opened there again', async () => {
  await home.start();
  expect(await everything(home.api, thing.id)).toEqual(told);
  const headers = { authorization: `Bearer ${thing.key}` };
  const body = { samples: [{ time: new Date(startMs).toISOString(), values: { p0: 1 } }] };
  const refused = await createApiClient(home.url).request('POST', '/api/v1/samples', { body, headers });
  expect([refused.status, refused.body.code]).toEqual([409, 'tenant.moved']);
  const changed = await home.api.request('POST', '/api/v1/sites', { body: { name: 'X', level: 'site', parent: null } });
  expect([changed.status, changed.body.code]).toEqual([409, 'tenant.moved']);
  await expect(sendAsEdge(home, edge.series, startMs)).rejects.toThrow('Connection refused');
  await home.stop();
}, 120_000);

test('the cluster serves it with its users, keys and edges, and takes what an edge kept under the old numbers', async () => {
  await cluster.start();
  const api = createApiClient(cluster.url, home.api.cookie());
  expect(await everything(api, thing.id)).toEqual(told);
  const numbers = (await api.get(`/api/v1/points?thing=${thing.id}`)).items.map(
    ({ series }: { series: number }) => series,
  );
  expect(await historyOf(api, numbers)).toEqual(history);
  expect((await cluster.api.get('/api/v1/things')).items).toHaveLength(1);
  // The door was at work all the while, and has heard of the newcomer.
  await send(door, thing, days, days + 1);
  await sendAsEdge(door, edge.series, startMs + hourMs);

  // Each sees what is stored of its own, so this compares what was counted too.
  await stored(cluster.api, (days + 1) * 24 * 3);
  await stored(api, (days + 1) * 24 * 3 + 2);
  const [moved] = (await api.get(`/api/v1/points?thing=${edge.thing}`)).items;
  expect(moved.series).toBeGreaterThan(edge.series);
  const kept = (await allReadings(api, moved.series)).map(({ time }) => time / 1000);
  expect(kept).toEqual([startMs, startMs + hourMs]);
  expect(await allReadings(cluster.api, neighbour.series[0]!)).toHaveLength((days + 1) * 24);
  expect(await allReadings(api, numbers[0])).toHaveLength((days + 1) * 24);
  // What comes next has numbers of its own too.
  const next = await addThing(cluster.api, 'NEXT');
  expect(next.series[0]).toBeGreaterThan(Math.max(moved.series, ...numbers));
}, 120_000);

test('once it is open there the same command has nothing to do; at home `--reopen` opens it again', async () => {
  const again = await move(...target());
  expect(again.said).toContain('was moved and compared before');
  expect(again.code).toBe(0);
  expect((await move('--reopen')).said).toContain('open at the source again');
  expect((await move(...target())).said).toContain('was opened here again by --reopen');
  await home.start();
  await send(home, thing, days, days + 1);
  await sendAsEdge(home, edge.series, startMs + hourMs);
  await home.stop();
  expect((await move('--forget')).said).toContain('has not moved to another platform');
  await closeAtHome();
  expect((await move('--forget')).said).toContain('keeps nothing of this tenant');
  await home.start();
  expect(await createApiClient(home.url).get('/api/v1/setup')).toMatchObject({ needed: true });
  await home.stop();
}, 120_000);
