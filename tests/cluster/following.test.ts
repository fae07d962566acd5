import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { qualityCode, type Series, toBatch } from '@luban/contracts';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { SampleLog } from '../../server/src/log/log.ts';
import { close, model, type Point } from '../../server/src/telemetry/bucket-model.test-support.ts';
import { parseClickhouseAddress } from '../../server/src/telemetry/clickhouse-address.ts';
import { createClickhouseEngine } from '../../server/src/telemetry/clickhouse-engine.ts';
import type { FollowedStore } from '../../server/src/telemetry/following/followed-store.ts';
import { createTelemetryFollower } from '../../server/src/telemetry/following/telemetry-follower.ts';
import { createMemoryLog, createMemoryOffset } from '../../server/src/telemetry/memory-log.test-support.ts';
import { addressIn, removeStore } from '../../server/src/telemetry/telemetry.test-support.ts';
import { createTelemetry } from '../../server/src/telemetry/telemetry.ts';
import { until } from '../fixtures/until.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
const minute = 60_000_000;
const hour = 60 * minute;
const tenant = 1;
const signal = new AbortController().signal;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A store and a server that follows it, on one database. */
async function open() {
  const directory = await mkdtemp(join(tmpdir(), 'luban-following-'));
  ends.push(() => removeStore(directory));
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const onFault = (fault: Error) => {
    throw fault;
  };
  let passedUs = 12 * hour;
  const nowUs = () => t0 + passedUs;
  const address = addressIn(directory)!;
  const options = { directory, address, log, consumer, blockAgeMs: 60_000, clock: nowUs, onFault };
  const telemetry = createTelemetry(options);
  await telemetry.start();
  ends.push(() => telemetry.stop());
  /** As another server would hear it, or not. */
  const hears: { leader: boolean; slow?: number } = { leader: true };
  const leader: FollowedStore = {
    async state() {
      const said = hears.leader ? await telemetry.followed.state() : undefined;
      return said && { ...said, read: hears.slow ?? said.read };
    },
    rawSpans: async (...asked) => (hears.leader ? telemetry.followed.rawSpans(...asked) : undefined),
    drain: async () => (hears.leader ? telemetry.followed.drain() : undefined),
  };
  /** Like one on other machines: what was appended is not here in the same turn. */
  const farLog: SampleLog = {
    ...log,
    get next() {
      return log.next;
    },
    async read(...asked) {
      await setTimeout(20);
      return log.read(...asked);
    },
  };
  const follower = createTelemetryFollower({
    engine: createClickhouseEngine({ address: parseClickhouseAddress(address)!, onFault, onRestart: () => undefined }),
    keepFrom: () => ({ samplesUs: 0, minutesUs: 0, hoursUs: 0 }),
    ...{ log: farLog, consumer, leader, nowUs, onFault },
  });
  ends.push(() => follower.stop());
  const put = (series: number, points: readonly Point[]) => {
    const samples = points.map(({ time, value, bad }) => ({
      series: series as Series,
      time,
      value,
      quality: qualityCode(bad ? 'bad' : 'good'),
      simulated: false,
    }));
    passedUs += 1000;
    log.append(tenant, toBatch(samples), nowUs());
    passedUs += 1000;
  };
  const current = () => until(() => follower.isCurrent(), 'the follower answers', 20_000);
  return { telemetry, follower, log, put, current, hears };
}

const span = { tenant, fromUs: t0, toUs: t0 + 12 * hour };

async function checkReads({ follower }: Awaited<ReturnType<typeof open>>, series: number, points: Map<number, Point>) {
  const reads = follower.reads();
  const all = [...points.values()].sort((a, b) => a.time - b.time);
  const { samples, more } = (await reads.range({ ...span, series: [series], limit: 10_000 })).get(series)!;
  expect([samples.map(({ timeUs, value }) => [timeUs, value]), more]).toEqual([
    all.map(({ time, value }) => [time, value]),
    false,
  ]);
  const scanned = [];
  for await (const page of reads.scan({ ...span, series })) scanned.push(...page.map(({ timeUs }) => timeUs));
  expect(scanned).toEqual(all.map(({ time }) => time));
  expect(reads.latest(tenant, [series]).get(series)?.timeUs).toEqual(all.at(-1)?.time);
  for (const widthUs of [minute, 7 * minute, hour, 90_000_000]) {
    const buckets = (await reads.buckets({ ...span, series: [series], widthUs })).get(series)!;
    expect(buckets.map(close)).toEqual(model(all, span.fromUs, span.toUs, widthUs).map(close));
  }
}

const points = fc.array(
  fc.record({
    time: fc.integer({ min: 0, max: 11 * 3600 }).map((seconds) => t0 + seconds * 1_000_000),
    value: fc.integer({ min: -50, max: 50 }),
    bad: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), points }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('store' as const, 'roll up' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      fromUs: fc.integer({ min: 0, max: 10 }).map((hours) => t0 + hours * hour),
      minutes: fc.integer({ min: 1, max: 200 }),
    }),
  },
);

test('whatever is stored, summed up late and deleted elsewhere, who follows reads what was sent', async () => {
  const store = await open();
  let series = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      series++;
      const known = new Map<number, Point>();
      for (const one of [...steps, { kind: 'read' as const }]) {
        if (one.kind === 'put') {
          store.put(series, one.points);
          for (const point of one.points) known.set(point.time, point);
        } else if (one.kind === 'store') await store.telemetry.flush();
        else if (one.kind === 'roll up') {
          await store.telemetry.flush();
          await store.telemetry.rollUp();
        } else if (one.kind === 'delete') {
          const { fromUs, minutes } = one;
          const gone = { tenant, series: [series], fromUs, toUs: fromUs + minutes * minute };
          await store.telemetry.remove(gone, async () => undefined, signal);
          for (const time of known.keys()) if (time >= gone.fromUs && time < gone.toUs) known.delete(time);
        } else {
          await store.current();
          await checkReads(store, series, known);
        }
      }
    }),
    { numRuns: 10, endOnFailure: true },
  );
}, 120_000);

test('while nobody stores it goes on with what the doors append, and says so where only sums would tell', async () => {
  const store = await open();
  const at = (seconds: number): Point => ({ time: t0 + seconds * 1_000_000, value: seconds, bad: false });
  const known = new Map([1, 2, 3].map((one) => [at(one).time, at(one)]));
  store.put(1, [...known.values()]);
  await store.telemetry.flush();
  await store.current();
  store.hears.leader = false;
  store.put(1, [at(9)]);
  known.set(at(9).time, at(9));
  await store.current();
  await checkReads(store, 1, known);
  // Between two that are stored: only the one that stores could make one answer of both.
  store.put(1, [at(2.5)]);
  await store.current();
  const buckets = { ...span, series: [1], widthUs: hour };
  await expect(store.follower.reads().buckets(buckets)).rejects.toMatchObject({ code: 'telemetry.busy' });
  store.hears.leader = true;
  await store.current();
  expect((await store.follower.reads().buckets(buckets)).get(1)?.[0]?.count).toBe(5);
});

test('what a door of the same server has acknowledged is read, also before the server that stores has read it', async () => {
  const store = await open();
  const known = new Map<number, Point>();
  const put = (seconds: number) => {
    const point = { time: t0 + seconds * 1_000_000, value: seconds, bad: false };
    known.set(point.time, point);
    store.put(1, [point]);
  };
  put(1);
  await store.telemetry.flush();
  await store.current();
  store.hears.slow = store.log.next;
  for (let seconds = 2; seconds < 50; seconds++) {
    put(seconds);
    if (await store.follower.isCurrent())
      expect(store.follower.reads().latest(tenant, [1]).get(1)?.value).toBe(seconds);
  }
  await checkReads(store, 1, known);
});

test('who takes over itself still answers the questions under way from what it held, and takes no new ones', async () => {
  const store = await open();
  const points = [1, 2].map((seconds) => ({ time: t0 + seconds * 1_000_000, value: seconds, bad: false }));
  store.put(1, points);
  await store.current();
  await store.follower.end();
  await checkReads(store, 1, new Map(points.map((one) => [one.time, one])));
  expect(await store.follower.isCurrent()).toBe(false);
  expect(store.follower.stats().follows).toBe(false);
  await store.follower.stop();
  expect(() => store.follower.reads()).toThrow('not followed');
});

test('a deletion under way is not read past: who asks is sent to the server that deletes', async () => {
  const store = await open();
  store.put(1, [{ time: t0, value: 1, bad: false }]);
  await store.telemetry.flush();
  await store.current();
  let asked: Promise<boolean> | undefined;
  const gone = { tenant, series: [1], fromUs: t0, toUs: t0 + hour };
  await store.telemetry.remove(
    gone,
    async () => {
      asked ??= store.follower.isCurrent();
      await asked;
    },
    signal,
  );
  expect(await asked).toBe(false);
  await store.current();
  await checkReads(store, 1, new Map());
});
