import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createSharedLeadership, createSoleLeadership, type Leadership } from './leadership.ts';
import { createLeasesStore } from './leases-store.ts';
import { serverMigrations } from './servers-migrations.ts';

const timing = { beatEveryMs: 100, stepDownAfterMs: 2000, takeOverAfterMs: 4000 };
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
function server(id: string, { clockMs = () => performance.now() } = {}) {
  const store = createLeasesStore(records.database);
  const did: string[] = [];
  const one = {
    did,
    cut: false,
    /** What it asked while it was cut off. */
    refused: 0,
    cannotLead: false,
    until: Promise.resolve(),
    leadership: undefined as unknown as Leadership,
  };
  const through = <A extends unknown[], R>(call: (...given: A) => Promise<R>) => {
    return (...given: A) => {
      if (!one.cut) return call(...given);
      one.refused++;
      return Promise.reject(new Error('cut'));
    };
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
        await one.until;
        did.push('lead');
      },
      letGo: async () => void did.push('let go'),
      end: () => void did.push('end'),
    },
    clockMs,
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
    letGo: async () => void did.push('let go'),
    end: () => void did.push('end'),
  });
  await leadership.start();
  expect(leadership.leading).toBe(true);
  expect(await lease()).toBeNull();
  await leadership.stop();
  expect(did).toEqual(['lead', 'let go']);
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
  expect(a.did).toEqual(['lead', 'let go']);
  await expect.poll(() => leaders(a, b), patient).toEqual([1]);
  expect(await lease()).toMatchObject({ server: 'server:b', term: term + 1 });
});

test('a server that reaches the records no more ends by itself, and writes nothing more, before another leads', async () => {
  const [a, b] = [server('server:a'), server('server:b')];
  await a.leadership.start();
  await expect.poll(() => leaders(a, b), patient).toEqual([0]);
  await b.leadership.start();
  a.cut = true;
  await expect.poll(() => a.did, patient).toEqual(['lead', 'end']);
  await expect.poll(() => leaders(a, b), patient).toEqual([1]);
  a.cut = false;
  await a.leadership.stop();
  expect(a.did).toEqual(['lead', 'end']);
  expect(leaders(a, b)).toEqual([1]);
});

test('a leader whose question the records did not take asks again before its next beat is due', async () => {
  let nowMs = 1000;
  const a = server('server:a', { clockMs: () => nowMs });
  await a.leadership.start();
  const before = (await lease())!.beat;
  a.cut = true;
  nowMs += timing.beatEveryMs;
  await expect.poll(() => a.refused, patient).toBeGreaterThan(0);
  a.cut = false;
  // The clock stands still: no further beat is due.
  await expect.poll(async () => (await lease())!.beat, patient).toBe(before + 1);
  expect(a.did).toEqual(['lead']);
});

test('a server that was frozen while another took over ends when it looks again', async () => {
  const a = server('server:a');
  await a.leadership.start();
  expect(await createLeasesStore(records.database).take('writer', 'server:b', await lease())).not.toBeNull();
  await expect.poll(() => a.did, patient).toEqual(['lead', 'end']);
  expect(await lease()).toMatchObject({ server: 'server:b' });
});

test('a server that cannot take over lets go and ends, and another leads at once', async () => {
  const a = server('server:a');
  a.cannotLead = true;
  await a.leadership.start();
  expect(a.did).toEqual(['let go', 'end']);
  const b = server('server:b');
  await b.leadership.start();
  expect(leaders(a, b)).toEqual([1]);
});

test('a long take-over keeps its lease', async () => {
  const [a, b] = [server('server:a'), server('server:b')];
  let done: () => void = () => undefined;
  a.until = new Promise((resolve) => (done = resolve));
  const starting = a.leadership.start();
  await expect.poll(async () => (await lease())?.server, patient).toBe('server:a');
  await b.leadership.start();
  // Longer than anybody waits for a leader that is silent.
  await setTimeout(2 * timing.takeOverAfterMs);
  expect(a.did).toEqual([]);
  expect(leaders(a, b)).toEqual([]);
  done();
  await starting;
  await expect.poll(() => leaders(a, b), patient).toEqual([0]);
});

test('a server that is started again leads on what it led, without waiting', async () => {
  const first = server('server:a');
  await first.leadership.start();
  first.cut = true; // as if it were killed
  const again = server('server:a');
  await again.leadership.start();
  expect(leaders(again)).toEqual([0]);
});

test('a server whose write was refused ends without taking the lease back', async () => {
  const a = server('server:a');
  await a.leadership.start();
  expect(await createLeasesStore(records.database).take('writer', 'server:b', await lease())).not.toBeNull();
  a.leadership.lost();
  expect(a.did).toEqual(['lead', 'end']);
  expect(await lease()).toMatchObject({ server: 'server:b' });
});
