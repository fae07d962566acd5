import { join } from 'node:path';
import { type Device, type EdgeId, type Gap, modbusTcpSettings, newId, type TenantId } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counterMigrations } from '../platform/database/counters.ts';
import { type Database, migrate } from '../platform/database/database.ts';
import { movedTenantMigrations } from '../platform/database/moved-tenants.ts';
import { failPointWrites, openTestDatabase } from '../platform/database/records.test-support.ts';
import { openSealer } from '../platform/sealing.ts';
import { createThings, type Things } from '../things/things.ts';
import { thingMigrations } from '../things/things-migrations.ts';
import { createEdges, createPresences, type Edges, type NewBinding } from './edges.ts';
import { edgeMigrations } from './edges-migrations.ts';
import { createEdgesStore } from './edges-store.ts';

const now = () => 1_790_000_000_000;
const owner = { tenant: 'tenant:00000000000000000000000000' as TenantId, tenantNumber: 1 };
let records: Awaited<ReturnType<typeof openTestDatabase>>;
let database: Database;
let things: Things;
let edges: Edges;
let sent: EdgeId[];
let device: Device;
let thing: Awaited<ReturnType<Things['addThing']>>;

async function open() {
  things = await createThings({
    database,
    sealer: openSealer(join(records.directory, 'seal.key')),
    now,
    dismiss: () => undefined,
    gone: () => undefined,
    pointsGone: (devices) => edges.pointsGone(devices),
  });
  edges = await createEdges({
    database,
    things,
    presences: createPresences(now),
    now,
    sendConfiguration: (id) => void sent.push(id),
    dismiss: () => undefined,
    gone: () => undefined,
  });
}
const points = () => things.pointsOf(owner.tenant, thing.id);
const binding = (property: string): NewBinding => ({
  thing: thing.id,
  property,
  address: { protocol: 'modbus-tcp', area: 'holding', address: 1, encoding: 'uint16', wordOrder: 'big' },
  scale: 1,
  offset: 0,
  deadband: 0,
  minIntervalMs: 0,
  maxIntervalMs: 60_000,
});

beforeEach(async () => {
  sent = [];
  records = await openTestDatabase();
  ({ database } = records);
  await migrate(database, { ...counterMigrations, ...thingMigrations, ...edgeMigrations, ...movedTenantMigrations });
  await open();
  const property = (key: string) => ({ key, name: { zh: key, en: key }, type: 'number', unit: null, range: null });
  const model = { key: 'm', name: { zh: '型', en: 'M' }, description: null, properties: ['a', 'b'].map(property) };
  const { id } = await things.addModel(owner.tenant, model as never);
  thing = await things.addThing(owner, { key: 't', name: 'T', model: id, site: null });
  const edge = await edges.add(owner.tenant, owner.tenantNumber, 'E');
  const settings = modbusTcpSettings.parse({ host: '127.0.0.1' });
  device = await edges.addDevice(owner.tenant, {
    edge: edge.id,
    name: 'D',
    enabled: true,
    simulated: false,
    protocol: 'modbus-tcp',
    settings,
  });
});
afterEach(() => records.close());

test('a write that fails in the middle binds none of the points, in memory and on disk', async () => {
  await failPointWrites(database, points()[1]!.series);
  await expect(edges.addBindings(owner.tenant, device.id, [binding('a'), binding('b')])).rejects.toThrow('disk failed');
  for (const look of [async () => undefined, open]) {
    await look();
    expect(await edges.bindings(owner.tenant, device.id)).toEqual([]);
    expect(points().map((point) => point.device)).toEqual([null, null]);
    expect(
      things.directory.firstForeign(
        1,
        Uint32Array.from(points(), ({ series }) => series),
      ),
    ).toBeUndefined();
  }
});

test('a write that fails in the middle unbinds none of the points of a device that was to be removed', async () => {
  await edges.addBindings(owner.tenant, device.id, [binding('a'), binding('b')]);
  await failPointWrites(database, points()[1]!.series);
  await expect(edges.removeDevice(owner.tenant, device.id)).rejects.toThrow('disk failed');
  await expect(edges.remove(owner.tenant, device.edge)).rejects.toThrow('disk failed');
  for (const look of [async () => undefined, open]) {
    await look();
    expect(await edges.bindings(owner.tenant, device.id)).toHaveLength(2);
    expect(points().map((point) => point.device)).toEqual([device.id, device.id]);
  }
});

test('an edge that collects for a thing learns that the thing was removed', async () => {
  await edges.addBindings(owner.tenant, device.id, [binding('a')]);
  const before = await edges.configuration(device.edge);
  expect(before.devices[0]!.points).toHaveLength(1);
  sent = [];
  await things.removeThing(owner.tenant, thing.id);
  const after = await edges.configuration(device.edge);
  expect(after.devices[0]!.points).toEqual([]);
  expect(after.version).toBeGreaterThan(before.version);
  expect(sent).toEqual([device.edge]);
});

test('a point that is looked up by key follows its bindings, is its tenant’s alone and goes with its thing', async () => {
  const keyed = () => things.keyedPointsOf(owner.tenant, thing.id);
  expect(keyed().get('a')).toMatchObject({ key: 'a', device: null });
  expect(keyed().get('c')).toBeUndefined();
  await edges.addBindings(owner.tenant, device.id, [binding('a')]);
  expect(keyed().get('a')).toMatchObject({ key: 'a', device: device.id });
  const stranger = 'tenant:00000000000000000000000001' as TenantId;
  expect(things.keyedPointsOf(stranger, thing.id).get('a')).toBeUndefined();
  await things.removeThing(owner.tenant, thing.id);
  expect(keyed().get('a')).toBeUndefined();
});

test('of gaps that are over the newest stay, and none from long ago; open ones stay always', async () => {
  const store = createEdgesStore(database);
  const edge = (await edges.add(owner.tenant, owner.tenantNumber, 'E')).id;
  const other = (await edges.add(owner.tenant, owner.tenantNumber, 'F')).id;
  const gap = (fromMs: number, toMs: number | null): Gap => ({
    id: newId('gap', fromMs),
    device: null,
    series: null,
    fromMs,
    toMs,
    why: 'edge-stopped',
    samplesLost: null,
    cause: null,
  });
  await store.putGaps(owner.tenant, edge, [gap(1, null), ...[10, 20, 30, 40, 50].map((from) => gap(from, from + 1))]);
  await store.putGaps(owner.tenant, other, [gap(10, 11)]);
  const left = async (of: EdgeId) =>
    (await store.gaps(owner.tenant, of, undefined, null, 100)).map(({ fromMs }) => fromMs);
  await store.trimGaps(edge, 3, 0);
  expect(await left(edge)).toEqual([50, 40, 30, 1]);
  await store.trimGaps(edge, 3, 45);
  expect(await left(edge)).toEqual([50, 1]);
  expect(await left(other), 'another edge has its own').toEqual([10]);
});

test('of two bindings of the same point at once one is made', async () => {
  const settled = await Promise.allSettled([
    edges.addBindings(owner.tenant, device.id, [binding('a')]),
    edges.addBindings(owner.tenant, device.id, [binding('a')]),
  ]);
  expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'bindings.taken' } });
  expect(await edges.bindings(owner.tenant, device.id)).toHaveLength(1);
});
