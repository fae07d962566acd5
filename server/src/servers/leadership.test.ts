import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createSharedLeadership, createSoleLeadership, type Leadership } from './leadership.ts';
import { createLeasesStore } from './leases-store.ts';
import { serverMigrations } from './servers-migrations.ts';

const timing = { beatEveryMs: 40, stepDownAfterMs: 400, takeOverAfterMs: 1000 };
const patient = { timeout: 20_000, interval: 20 };
let records: Awaited<ReturnType<typeof openTestDatabase>>;
let running: { leadership: Leadership }[];

beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, serverMigrations);
  running = [];
});
afterEach(async () => {
  for (const { leadership } of running) await leadership.stop();
  await records.close();
});

/** A server whose lease may stop reaching the records, as if the network had gone. */
function server(id: string) {
  const store = createLeasesStore(records.database);
  const did: string[] = [];
  const one = {
    did,
    cut: false,
    cannotLead: false,
    leadership: undefined as unknown as Leadership,
  };
  const through = <A extends unknown[], R>(call: (...given: A) => Promise<R>) => {
    return (...given: A) => (one.cut ? Promise.reject(new Error('cut')) : call(...given));
  };
  one.leadership = createSharedLeadership({
    store: {
      lease: through(store.lease),
      take: through(store.take),
      renew: through(store.renew),
      giveBack: through(store.giveBack),
    },
    server: id,
    led: {
      async lead() {
        if (one.cannotLead) throw new Error('not now');
        did.push('lead');
      },
      follow: async () => void did.push('follow'),
    },
    clockMs: () => performance.now(),
    lines: () => undefined,
    timing,
  });
  running.push(one);
  return one;
}
const leaders = (...servers: { leadership: Leadership }[]) =>
  servers.flatMap(({ leadership }, i) => (leadership.leading ? [i] : []));
const lease = () => createLeasesStore(records.database).lease('writer');

test('alone, a server leads at once, and no lease is written', async () => {
  const did: string[] = [];
  const leadership = createSoleLeadership({
    lead: async () => void did.push('lead'),
    follow: async () => void did.push('follow'),
  });
  await leadership.start();
  expect(leadership.leading).toBe(true);
  expect(await lease()).toBeNull();
  await leadership.stop();
  expect(did).toEqual(['lead', 'follow']);
});

test('of several servers one leads', async () => {
  const servers = [server('server:a'), server('server:b'), server('server:c')];
  await Promise.all(servers.map(({ leadership }) => leadership.start()));
  await expect.poll(() => leaders(...servers), patient).toHaveLength(1);
});

test('a server that stops hands over at once, and lets go before another leads', async () => {
  const [a, b] = [server('server:a'), server('server:b')];
  await a.leadership.start();
  await expect.poll(() => leaders(a, b), patient).toEqual([0]);
  await b.leadership.start();
  const { term } = (await lease())!;
  await a.leadership.stop();
  expect(a.did).toEqual(['lead', 'follow']);
  await expect.poll(() => leaders(a, b), patient).toEqual([1]);
  expect(await lease()).toMatchObject({ server: 'server:b', term: term + 1 });
});

test('a server that reaches the records no more steps down by itself, and another takes over', async () => {
  const [a, b] = [server('server:a'), server('server:b')];
  await a.leadership.start();
  await expect.poll(() => leaders(a, b), patient).toEqual([0]);
  await b.leadership.start();
  a.cut = true;
  await expect.poll(() => a.did, patient).toEqual(['lead', 'follow']);
  await expect.poll(() => leaders(a, b), patient).toEqual([1]);
  a.cut = false;
  await a.leadership.stop();
  expect(leaders(a, b)).toEqual([1]);
});

test('a server that cannot take over lets another try, and tries again itself', async () => {
  const a = server('server:a');
  a.cannotLead = true;
  await a.leadership.start();
  const b = server('server:b');
  await b.leadership.start();
  await expect.poll(() => leaders(a, b), patient).toEqual([1]);
  await b.leadership.stop();
  a.cannotLead = false;
  await expect.poll(() => leaders(a, b), patient).toEqual([0]);
});

test('a server whose features find another leader lets go without taking the lease back from it', async () => {
  const a = server('server:a');
  await a.leadership.start();
  await expect.poll(() => leaders(a), patient).toEqual([0]);
  expect(await createLeasesStore(records.database).take('writer', 'server:b', await lease())).not.toBeNull();
  a.leadership.lost();
  await expect.poll(() => a.did, patient).toContain('follow');
  expect(await lease()).toMatchObject({ server: 'server:b' });
});
