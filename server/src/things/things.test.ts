import { join } from 'node:path';
import type { TenantId } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counterMigrations } from '../platform/database/counters.ts';
import { migrate } from '../platform/database/database.ts';
import { movedTenantMigrations } from '../platform/database/moved-tenants.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { openSealer } from '../platform/sealing.ts';
import { createThings, type Things } from './things.ts';
import { thingMigrations } from './things-migrations.ts';

const owner = { tenant: 'tenant:00000000000000000000' as TenantId, tenantNumber: 1 };
let records: Awaited<ReturnType<typeof openTestDatabase>>;
let things: Things;
let model: Awaited<ReturnType<Things['addModel']>>;

beforeAll(async () => {
  records = await openTestDatabase();
  await migrate(records.database, { ...counterMigrations, ...thingMigrations, ...movedTenantMigrations });
  things = await openThings();
  model = await addModel('press');
});
afterAll(() => records.close());

/** As each server of a platform has them in memory. */
const openThings = () =>
  createThings({
    database: records.database,
    sealer: openSealer(join(records.directory, 'seal.key')),
    now: () => 1_790_000_000_000,
    dismiss: () => undefined,
    gone: () => undefined,
    pointsGone: async () => undefined,
  });

function addModel(key: string) {
  const property = { key: 'p', name: { zh: '点', en: 'Point' }, type: 'number', unit: null, range: null };
  return things.addModel(owner.tenant, {
    ...{ key, name: { zh: '型', en: 'Model' }, description: null, properties: [property] },
  } as never);
}
const addThing = (key: string) => things.addThing(owner, { key, name: key, model: model.id, site: null });

/** Of two at once one is done, and the other is told why not. */
async function onlyOne(code: string, ...tries: Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(tries);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toMatchObject([{ code }]);
}

test('of two things with the same key at once one is made, and nothing is held of the other', async () => {
  await onlyOne('things.key-taken', addThing('T-1'), addThing('T-1'));
  const made = await things.things(owner.tenant);
  expect(made).toMatchObject([{ key: 'T-1' }]);
  const held = Array.from({ length: 10 }, (_, series) => things.point(owner.tenant, series));
  expect(held.filter((point) => point !== undefined)).toEqual(things.pointsOf(owner.tenant, made[0]!.id));
});

test('of two thing models with the same key at once one is made', async () => {
  await onlyOne('models.key-taken', addModel('twin'), addModel('twin'));
});

test('of two things that take the same key at once one gets it', async () => {
  const [a, b] = [await addThing('A'), await addThing('B')];
  await onlyOne(
    'things.key-taken',
    things.changeThing(owner.tenant, a.id, { key: 'C' }),
    things.changeThing(owner.tenant, b.id, { key: 'C' }),
  );
});

test('of two keys with the same login at once one is issued', async () => {
  const thing = await addThing('D');
  const issue = () => things.issueKey(owner.tenant, thing.id, 'k', { login: 'd&p' });
  await onlyOne('things.login-taken', issue(), issue());
});

test('of births at once each thing is made once, with one model, at both servers that hear them', async () => {
  const other = await openThings();
  const edge = { id: 'edge:00000000000000000000', number: 77 } as never;
  const property = (key: string) => ({
    ...{ key, source: key, name: { zh: key, en: key }, type: 'number', unit: null, range: null },
  });
  const birth = (at: Things, source: string, ...keys: string[]) =>
    at.putDiscovered(owner, edge, {
      ...{ source, key: source, name: source, modelKey: 'born' },
      properties: keys.map(property) as never,
    });
  const [a, again, b] = await Promise.all([
    birth(things, 'S-1', 'p', 'q'),
    birth(other, 'S-1', 'p', 'q'),
    birth(other, 'S-2', 'p', 'q'),
  ]);
  expect(again).toBe(a);
  expect(b).not.toBe(a);
  // What one server adds the other takes from the records before it adds more.
  await birth(things, 'S-1', 'p', 'q', 'r');
  await birth(other, 'S-1', 'p', 'q', 'r', 's');
  await things.reread(a);
  expect(things.pointsOf(owner.tenant, a).map(({ key }) => key)).toEqual(['p', 'q', 'r', 's']);
  expect((await things.models(owner.tenant, '', 100)).filter(({ key }) => key === 'born')).toHaveLength(1);
});

test('what another server has written is found in the records, however many things there are', async () => {
  const other = await openThings();
  const before = await things.things(owner.tenant);
  const made: Awaited<ReturnType<typeof addThing>>[] = [];
  for (let i = 0; i < 230; i++) made.push(await addThing(`many-${i}`));
  await things.removeThing(owner.tenant, before[0]!.id);
  for (const server of [things, other]) await server.reread(null);
  for (const server of [other, await openThings()]) {
    for (const { id } of [...before, ...made])
      expect(server.pointsOf(owner.tenant, id)).toEqual(things.pointsOf(owner.tenant, id));
    expect(server.pointsOf(owner.tenant, made[229]!.id)).toHaveLength(1);
    expect(server.pointsOf(owner.tenant, before[0]!.id)).toEqual([]);
  }
});
