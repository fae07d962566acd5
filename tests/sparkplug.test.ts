import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { createPlatform } from './fixtures/platform-process.ts';
import { connectEdgeNode, type MetricFields, type SparkplugEdgeNode } from './fixtures/sparkplug-edge-node.ts';
import { until } from './fixtures/until.ts';

type Tenant = Awaited<ReturnType<InProcessPlatform['addTenant']>>;
interface Shown {
  value: unknown;
  quality: string;
  reason: string;
  time: number;
}
let platform: InProcessPlatform;
let tenant: Tenant;
let login: { username: string; password: string };
let edge: string;
const nodes: SparkplugEdgeNode[] = [];
let groups = 0;
let group: string;

beforeAll(async () => {
  platform = await startInProcess();
  tenant = await platform.addTenant('Sparkplug', 'owner@sparkplug.example');
  ({ id: edge, login } = await addEdge(true));
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.end()));
});
afterAll(() => platform.stop());

async function addEdge(createsThings: boolean) {
  const made = await tenant.api.post('/api/v1/edges', { name: 'Sparkplug node', createsThings });
  const { token } = await tenant.api.post(`/api/v1/edges/${made.id}/enrolment-token`, {});
  const { key } = await tenant.api.post('/api/v1/edges/enrol', { token, software: 'sparkplug' });
  return { id: made.id as string, login: { username: made.id as string, password: key as string } };
}
async function connect(options: { login?: object; bdSeq?: number; node?: string } = {}): Promise<SparkplugEdgeNode> {
  const node = await connectEdgeNode(
    platform.mqttUrl,
    group,
    options.node ?? 'Line 1',
    options.login ?? login,
    options.bdSeq,
  );
  nodes.push(node);
  return node;
}
/** A plant of its own for each test. */
function newGroup(): void {
  group = `Plant ${++groups}`;
}

const double = (name: string, value: number, more: MetricFields = {}) => ({
  name,
  datatype: 10,
  double_value: value,
  ...more,
});
async function thingOf(
  device: string | null,
): Promise<{ id: string; edge: string; source: string; key: string } | undefined> {
  const source = ['spBv1.0', group, 'Line 1', ...(device === null ? [] : [device])].join('/');
  const { items } = await tenant.api.get('/api/v1/things?limit=1000');
  return items.find((one: { source: string }) => one.source === source);
}
/** Metric name → its latest reading. */
async function latest(device: string | null): Promise<Record<string, Shown>> {
  const thing = (await thingOf(device))!;
  const { items: points } = await tenant.api.get(`/api/v1/points?thing=${thing.id}&limit=1000`);
  const { items } = await tenant.api.get(`/api/v1/readings/latest?thing=${thing.id}`);
  const names = new Map(
    points.map(({ series, source, key }: { series: number; source: string; key: string }) => [series, source ?? key]),
  );
  return Object.fromEntries(
    items
      .filter(({ reading }: { reading: unknown }) => reading !== null)
      .map(({ series, reading }: { series: number; reading: Shown }) => [names.get(series), reading]),
  );
}

test('a birth makes things with models, units and ranges, and data comes by alias or name', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth([{ name: 'Properties/Firmware', datatype: 12, string_value: '1.4' }]);
  const properties = {
    keys: ['engUnit', 'engLow', 'engHigh'],
    values: [
      { type: 12, string_value: 'degC' },
      { type: 10, double_value: -20 },
      { type: 10, double_value: 150 },
    ],
  };
  await node.birth('Press', [
    double('Temperature', 21.5, { alias: '1', properties }),
    { name: 'Counter', alias: '2', datatype: 3, int_value: 4_294_967_295 },
    { name: 'Running', alias: '3', datatype: 11, boolean_value: true },
    { name: 'Order', datatype: 12, string_value: '工单 7' },
    { name: 'Spectrum', datatype: 31, bytes_value: Buffer.from(new Float64Array([1, 2.5]).buffer).toString('base64') },
    { name: 'Gone', datatype: 10, is_null: true },
  ]);
  expect(await thingOf('Press')).toMatchObject({
    name: 'Press',
    edge,
    key: expect.stringMatching(/^Plant-\d+\.Line-1\.Press\.[0-9a-f]{6}$/),
  });
  expect(await latest(null)).toMatchObject({ 'Properties/Firmware': { value: '1.4', quality: 'good' } });
  expect(await latest('Press')).toMatchObject({
    Temperature: { value: 21.5, quality: 'good' },
    Counter: { value: -1 },
    Running: { value: true },
    Order: { value: '工单 7' },
    Spectrum: { value: [1, 2.5] },
    Gone: { value: null, quality: 'bad' },
  });
  const { items } = await tenant.api.get(`/api/v1/points?thing=${(await thingOf('Press'))!.id}`);
  expect(items[0]).toMatchObject({ key: 'Temperature', unit: 'Cel', range: [-20, 150], source: 'Temperature' });

  const timeMs = Date.now() - 3000;
  await node.data('Press', [
    { alias: '1', double_value: 22.25, timestamp: String(timeMs) },
    { alias: '2', int_value: 7 },
    { name: 'Order', string_value: 'next' },
  ]);
  expect(await latest('Press')).toMatchObject({ Counter: { value: 7 }, Order: { value: 'next' } });
  const { items: readings } = await tenant.api.get(
    `/api/v1/readings/range?series=${items[0].series}&from=${(timeMs - 1) * 1000}&to=${(timeMs + 1) * 1000}`,
  );
  expect(JSON.stringify(readings)).toContain('22.25');
  await node.compressedData('Press', [{ alias: '2', int_value: 8 }]);
  expect(await latest('Press')).toMatchObject({ Counter: { value: 8 } });
  expect(node.commands).toEqual([]);
  const shown = await tenant.api.get(`/api/v1/edges/${edge}`);
  expect(shown).toMatchObject({ connected: true, createsThings: true });
});

test('the same birth twice changes nothing, and one with more or other metrics extends the model', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth();
  const metrics = [double('a', 1), double('b', 2)];
  await node.birth('Press', metrics);
  const first = await thingOf('Press');
  const pointsOf = async () => (await tenant.api.get(`/api/v1/points?thing=${first!.id}`)).items;
  const before = await pointsOf();
  await node.nodeBirth();
  await node.birth('Press', metrics);
  expect(await pointsOf()).toEqual(before);
  await node.nodeBirth();
  await node.birth('Press', [...metrics, double('温度', 3), { name: 'a', datatype: 12, string_value: 'now a text' }]);
  const after = await pointsOf();
  expect(after.slice(0, 2)).toEqual(before);
  expect(after.slice(2).map(({ source, type }: { source: string; type: string }) => `${source} ${type}`)).toEqual([
    '温度 number',
    'a string',
  ]);
  expect(await latest('Press')).toMatchObject({ 温度: { value: 3 } });
  await node.data('Press', [double('温度', 4)]);
  expect(await latest('Press')).toMatchObject({ 温度: { value: 4 } });
});

test('a thing that a person removed comes again with the birth that is asked for, with the same properties', async () => {
  newGroup();
  const node = await connect({ login: { ...login, protocolVersion: 5 } });
  await node.nodeBirth();
  await node.birth('Press', [double('a', 1, { alias: '1' })]);
  const first = await thingOf('Press');
  await tenant.api.delete(`/api/v1/things/${first!.id}`);
  await expect(node.data('Press', [{ alias: '1', double_value: 2 }])).rejects.toMatchObject({ code: 0x87 });
  await node.rebirthAsked();
  await node.nodeBirth();
  await node.birth('Press', [double('a', 3), double('b', 4)]);
  expect((await thingOf('Press'))?.id).not.toBe(first!.id);
  expect(await latest('Press')).toMatchObject({ a: { value: 3 }, b: { value: 4 } });
});

test('deaths turn every point bad with the reason, and a new birth good again', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth([double('load', 5)]);
  await node.birth('Press', [double('a', 1)]);
  await node.birth('Saw', [double('a', 1)]);
  await node.death('Press');
  expect(await latest('Press')).toMatchObject({ a: { value: null, quality: 'bad', reason: 'deviceSilent' } });
  expect(await latest('Saw')).toMatchObject({ a: { quality: 'good' } });
  await node.nodeDeath(99);
  expect(await latest('Saw'), 'a death of another session is none').toMatchObject({ a: { quality: 'good' } });
  await node.nodeDeath();
  expect(await latest('Saw')).toMatchObject({ a: { value: null, quality: 'bad', reason: 'notConnected' } });
  expect(await latest(null)).toMatchObject({ load: { reason: 'notConnected' } });
  await node.nodeBirth([double('load', 6)]);
  await node.birth('Saw', [double('a', 2)]);
  expect(await latest('Saw')).toMatchObject({ a: { value: 2, quality: 'good' } });
});

test('a connection that ends without a word is a death', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth();
  await node.birth('Press', [double('a', 1, { timestamp: String(Date.now() + 60_000) })]);
  node.client.stream.destroy();
  await until(async () => (await latest('Press')).a?.reason === 'notConnected', 'the point turns bad', 5000);
});

test('a gap in the sequence, an unknown alias and data before any birth ask for a rebirth, not more often than is good', async () => {
  newGroup();
  const first = await connect({ node: 'Line 1' });
  await first.nodeData([double('a', 1)]);
  await first.rebirthAsked();
  await first.nodeData([double('a', 1)]);
  await first.nodeData([double('a', 1)]);
  expect(first.commands).toHaveLength(1);

  const second = await connect({ node: 'Line 2' });
  await second.nodeBirth([double('a', 1, { alias: '5' })]);
  await second.nodeData([{ alias: '5', double_value: 2 }]);
  expect(second.commands).toEqual([]);
  second.lose();
  await second.nodeData([{ alias: '5', double_value: 3 }]);
  await second.rebirthAsked();

  const third = await connect({ node: 'Line 3' });
  await third.nodeBirth([double('a', 1, { alias: '5' })]);
  await third.nodeData([{ alias: '6', double_value: 2 }]);
  await third.rebirthAsked();
});

test('256 messages in a row are no gap', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth([double('a', 0, { alias: '1' })]);
  for (let i = 1; i <= 300; i++) await node.nodeData([{ alias: '1', double_value: i }]);
  expect(await latest(null)).toMatchObject({ a: { value: 300 } });
  expect(node.commands).toEqual([]);
});

test('what the node stored while it was away goes to its time, and leaves the newest value alone', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth([double('a', 5, { alias: '1' })]);
  const pastMs = Date.now() - 3_600_000;
  const stored = Array.from({ length: 10 }, (_, i) => ({
    alias: '1',
    is_historical: true,
    timestamp: String(pastMs + i * 1000),
    double_value: i,
  }));
  await node.nodeData(stored);
  expect(await latest(null)).toMatchObject({ a: { value: 5 } });
  const { items: points } = await tenant.api.get(`/api/v1/points?thing=${(await thingOf(null))!.id}`);
  const past = () =>
    tenant.api.get(
      `/api/v1/readings/range?series=${points[0].series}&from=${pastMs * 1000}&to=${(pastMs + 10_000) * 1000}`,
    );
  await until(async () => JSON.stringify(await past()).includes('"value":9'), 'the past is there', 10_000);
});

test('the quality that a metric has is kept', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth();
  const quality = (code: number) => ({ properties: { keys: ['Quality'], values: [{ type: 3, int_value: code }] } });
  await node.birth('Press', [
    double('good', 1, quality(192)),
    double('bad', 2, quality(0)),
    double('stale', 3, quality(500)),
    double('nan', Number.NaN),
  ]);
  expect(await latest('Press')).toMatchObject({
    good: { value: 1, quality: 'good' },
    bad: { value: 2, quality: 'bad' },
    stale: { value: 3, quality: 'uncertain', reason: 'lastUsable' },
    nan: { value: null, quality: 'bad', reason: 'notANumber' },
  });
});

test('an edge that may not create things writes those that send through it, by name, and no others', async () => {
  newGroup();
  const other = await addEdge(false);
  const model = await tenant.api.post('/api/v1/thing-models', {
    key: 'by-name',
    name: { zh: '按名称', en: 'By name' },
    properties: [
      { key: 'speed', name: { zh: '速度', en: 'Speed' }, type: 'number', unit: null, range: null },
      { key: 't', name: { zh: '温度', en: 'T' }, type: 'number', unit: null, range: null, source: 'Oven/温度' },
    ],
  });
  const thing = await tenant.api.post('/api/v1/things', { key: 'Mill', name: 'Mill', model: model.id, site: null });
  const node = await connect({ login: { ...other.login, protocolVersion: 5 } });
  await expect(node.nodeBirth()).rejects.toMatchObject({ code: 0x87 });
  await tenant.api.put(`/api/v1/edges/${other.id}/things/${thing.id}`, {});
  await expect(node.nodeBirth()).rejects.toMatchObject({ code: 0x87 });
  await node.birth('Mill', [double('speed', 7), double('Oven/温度', 8), double('x', 9)]);
  const { items } = await tenant.api.get(`/api/v1/readings/latest?thing=${thing.id}`);
  expect(items.map(({ reading }: { reading: Shown }) => reading.value)).toEqual([7, 8]);
  const { items: refused } = await tenant.api.get(`/api/v1/things/${thing.id}/refused-values`);
  expect(refused).toMatchObject([{ key: 'x', reason: { en: 'no such property' } }]);
  await node.data('Mill', [double('speed', 7), double('x', 10)]);
  await node.data('Nobody', [double('speed', 7), double('x', 10)]);
  const account = await tenant.api.get(`/api/v1/things/${thing.id}/account`);
  expect(account, 'x is refused each time that it comes').toMatchObject({ received: 3, refused: 2, arrived: 5 });
  await tenant.api.delete(`/api/v1/edges/${other.id}/things/${thing.id}`);
  await expect(node.data('Mill', [double('speed', 8)])).rejects.toMatchObject({ code: 0x87 });
  const { refusals } = await tenant.api.get(`/api/v1/edges/${other.id}/account`);
  const counted = refusals.map(({ reason, samples, batches }: Record<string, unknown>) => [reason, samples, batches]);
  expect(
    counted.sort(),
    'births before it was bound, a device that was not born, points that are its own no more',
  ).toEqual([
    ['malformed', 2, 1],
    ['no-property', 2, 0],
    ['not-authorized', 1, 3],
  ]);
});

test('a node of one edge does not speak for what belongs to another, nor for another tenant', async () => {
  newGroup();
  const node = await connect();
  await node.nodeBirth([double('a', 1)]);
  const other = await addEdge(true);
  const rival = await connect({ login: { ...other.login, protocolVersion: 5 } });
  await expect(rival.nodeBirth([double('a', 2)])).rejects.toMatchObject({ code: 0x87 });
  expect(await latest(null)).toMatchObject({ a: { value: 1, quality: 'good' } });
  await node.end();
  await until(async () => (await latest(null)).a?.reason === 'notConnected', 'the first is dead', 5000);
  await expect(rival.nodeBirth([double('a', 2)])).rejects.toMatchObject({ code: 0x87 });
  await tenant.api.delete(`/api/v1/edges/${other.id}`);
});

test('what is no payload, or no topic of a node, is refused', async () => {
  newGroup();
  const node = await connect({ login: { ...login, protocolVersion: 5 } });
  await expect(node.raw(`spBv1.0/${group}/NDATA/Line 1`, Buffer.from([0x12, 200]))).rejects.toMatchObject({
    code: 0x99,
  });
  for (const topic of [
    `spBv1.0/${group}/NCMD/Line 1`,
    `spBv1.0/${group}/NDATA`,
    'spBv1.0/STATE/luban',
    'spBv1.0/x/NDATA/y/z',
  ])
    await expect(node.raw(topic, Buffer.alloc(0)), topic).rejects.toMatchObject({ code: 0x87 });
});

test('the primary host says that it is there, and that it goes', async () => {
  newGroup();
  const own = await startInProcess();
  const theirs = await own.addTenant('State', 'owner@state.example');
  const made = await theirs.api.post('/api/v1/edges', { name: 'node', createsThings: true });
  const { token } = await theirs.api.post(`/api/v1/edges/${made.id}/enrolment-token`, {});
  const { key } = await theirs.api.post('/api/v1/edges/enrol', { token, software: 'sparkplug' });
  const login = { username: made.id, password: key };
  const node = await connectEdgeNode(own.mqttUrl, group, 'Line 1', login);
  await until(async () => node.states.length === 1, 'the state comes', 5000);
  expect(JSON.parse(node.states[0]!.text)).toEqual({ online: true, timestamp: expect.any(Number) });
  const later = await connectEdgeNode(own.mqttUrl, group, 'Line 2', login);
  await until(async () => later.states.length === 1, 'the state was retained', 5000);
  expect(later.states[0]).toEqual({ ...node.states[0], retained: true });
  await later.end();
  await own.stop();
  expect(JSON.parse(node.states[1]!.text)).toMatchObject({ online: false });
  await node.end();
});

test('a node that goes while the platform is down is dead when it is back', async () => {
  newGroup();
  const own = await createPlatform();
  try {
    await own.start();
    await own.api.setUp();
    const made = await own.api.post('/api/v1/edges', { name: 'node', createsThings: true });
    const { token } = await own.api.post(`/api/v1/edges/${made.id}/enrolment-token`, {});
    const { key } = await own.api.post('/api/v1/edges/enrol', { token, software: 'sparkplug' });
    const node = await connectEdgeNode(own.mqttUrl, group, 'Line 1', { username: made.id, password: key });
    await node.nodeBirth();
    await node.birth('Press', [double('a', 1)]);
    const [thing] = (await own.api.get('/api/v1/things?limit=10')).items.filter(
      ({ name }: { name: string }) => name === 'Press',
    );
    const now = async () => (await own.api.get(`/api/v1/readings/latest?thing=${thing.id}`)).items[0].reading;
    expect(await now()).toMatchObject({ value: 1, quality: 'good' });
    await own.kill();
    await node.end();
    await own.start();
    await until(async () => (await now())?.reason === 'notConnected', 'nobody has come back', 30_000);
  } finally {
    await own.remove();
  }
});
