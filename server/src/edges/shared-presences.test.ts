import type { EdgeId } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { edgeMigrations } from './edges-migrations.ts';
import { createPresencesStore } from './presences-store.ts';
import { createSharedPresences } from './shared-presences.ts';

const patient = { timeout: 20_000, interval: 50 };
const edge = (number: number) => `edge:${String(number).padStart(20, '0')}` as EdgeId;
const report = (backlog: number) => ({
  ...{ timeMs: 1, software: 'x', startedMs: 0, configurationVersion: 1, configurationCause: null },
  ...{ samplesPerSecond: 1, lagMs: 0, outboxCause: null, book: null, devices: [] },
  backlog: { samples: backlog, bytes: 0, oldestMs: null, limitBytes: 1 },
});
let records: Awaited<ReturnType<typeof openTestDatabase>>;
const dead = new Set<string>();

beforeAll(async () => {
  records = await openTestDatabase();
  const own = Object.entries(edgeMigrations).filter(([name]) => name === '0024-edge-presences');
  await migrate(records.database, Object.fromEntries(own));
});
afterAll(() => records.close());

function server(id: string) {
  const dismissed: EdgeId[] = [];
  const heard: number[] = [];
  const presences = createSharedPresences({
    store: createPresencesStore(records.database),
    servers: { id, isLive: (other) => !dead.has(other) },
    elsewhere: (one) => void dismissed.push(one),
    heard: (_, { backlog }) => void heard.push(backlog.samples),
    nowMs: () => Date.now(),
    lines: () => undefined,
  });
  return { ...presences, dismissed, heard };
}

test('an edge that is connected to one server is so at the others, with what it says, until its server is gone', async () => {
  const [a, b] = [server('a'), server('b')];
  await Promise.all([a.start(), b.start()]);
  a.connected(edge(1), true);
  a.reported(edge(1), report(7));
  await expect.poll(() => b.of(edge(1))?.report?.backlog.samples, patient).toBe(7);
  expect(b.of(edge(1))).toMatchObject({ connected: true, sinceMs: a.of(edge(1))!.sinceMs });
  a.reported(edge(1), report(8));
  await expect.poll(() => b.of(edge(1))?.report?.backlog.samples, patient).toBe(8);
  expect(b.heard).toEqual([7, 8]);
  expect(a.heard).toEqual([]);
  dead.add('a');
  expect(b.of(edge(1))).toMatchObject({ connected: false });
  dead.delete('a');
  a.connected(edge(1), false);
  await expect.poll(() => b.of(edge(1))?.connected, patient).toBe(false);
  b.forget(edge(1));
  await expect.poll(async () => (await createPresencesStore(records.database).all()).length, patient).toBe(0);
  await Promise.all([a.stop(), b.stop()]);
});

test('an edge that comes in at another server is sent away from the one before, whose last word changes nothing', async () => {
  const [a, b] = [server('a'), server('b')];
  await Promise.all([a.start(), b.start()]);
  a.connected(edge(2), true);
  await expect.poll(() => b.of(edge(2))?.connected, patient).toBe(true);
  b.connected(edge(2), true);
  await expect.poll(() => a.dismissed, patient).toContain(edge(2));
  expect(b.dismissed).toEqual([]);
  a.connected(edge(2), false);
  a.reported(edge(2), report(1));
  await Promise.all([a.stop(), b.stop()]);
  expect(await createPresencesStore(records.database).all()).toMatchObject([{ server: 'b', connected: true }]);
});
