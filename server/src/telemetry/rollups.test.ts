import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualityCode, type SampleValue, type Series, toBatch } from '@luban/contracts';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { close, model, type Point } from './bucket-model.test-support.ts';
import { createMemoryLog, createMemoryOffset, type MemoryLog } from './memory-log.test-support.ts';
import { addressIn, removeStore } from './telemetry.test-support.ts';
import { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';

const signal = new AbortController().signal;
const t0 = Date.UTC(2026, 8, 1) * 1000;
const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const patient = { timeout: 10_000, interval: 5 };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const heard = new Map<Telemetry, number>();
async function open(options: Partial<TelemetryOptions> = {}) {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'luban-rollups-')));
  if (!options.directory) ends.push(() => removeStore(directory));
  const log = (options.log as MemoryLog | undefined) ?? createMemoryLog();
  const telemetry = createTelemetry({
    address: addressIn(directory),
    consumer: createMemoryOffset(),
    blockAgeMs: 60_000,
    clock: () => t0 + 12 * hour,
    onFault: (fault) => {
      throw fault;
    },
    ...options,
    directory,
    log,
  });
  telemetry.onSamples(({ position }) => heard.set(telemetry, position + 1));
  await telemetry.start();
  ends.push(() => telemetry.stop());
  return { telemetry, log, directory };
}

function put(log: MemoryLog, series: number, points: Point[]): void {
  const samples = points.map(({ time, value, bad }) => ({
    series: series as Series,
    time,
    value,
    quality: qualityCode(bad ? 'bad' : 'good'),
    simulated: false,
  }));
  log.append(1, toBatch(samples), t0 + log.next * 1000);
}

async function seen(telemetry: Telemetry, log: MemoryLog): Promise<void> {
  const before = log.next;
  await expect.poll(() => heard.get(telemetry), patient).toBe(before);
}

const point = fc.record({
  time: fc.integer({ min: -30 * 3600, max: 11 * 3600 }).map((s) => t0 + s * second),
  value: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -9999, max: 9999 }).map((value): SampleValue => value / 100) },
    { weight: 1, arbitrary: fc.constantFrom<SampleValue>(true, false, 'text') },
  ),
  bad: fc.boolean(),
});

test.each([
  ['here', {}],
  ['by the database', { partRows: 0 }],
])(
  'buckets made %s from roll-ups are the same as from samples, whatever comes late',
  async (_, options) => {
    const { telemetry, log } = await open(options);
    let series = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(point, { minLength: 1, maxLength: 80 }),
        fc.array(point, { maxLength: 10 }),
        fc.array(point, { maxLength: 10 }),
        fc.boolean(),
        fc.constantFrom(1, 2, 60, 90, 1440),
        fc.integer({ min: -1800, max: 300 }),
        async (rolled, late, fresh, again, widthMinutes, fromMinutes) => {
          series++;
          const query = { fromUs: t0 + fromMinutes * minute, toUs: t0 + 12 * hour, widthUs: widthMinutes * minute };
          const check = async (points: Point[]) => {
            const answer = await telemetry.buckets({ tenant: 1, series: [series], ...query });
            const wanted = model(points, query.fromUs, query.toUs, query.widthUs);
            expect(answer.get(series)!.map(close)).toEqual(wanted.map(close));
          };
          put(log, series, rolled);
          await telemetry.flush();
          await telemetry.rollUp();
          await check(rolled);
          if (late.length > 0) put(log, series, late);
          await telemetry.flush();
          if (again) await telemetry.rollUp();
          await check([...rolled, ...late]);
          if (fresh.length > 0) put(log, series, fresh);
          await seen(telemetry, log);
          await check([...rolled, ...late, ...fresh]);
        },
      ),
      { numRuns: 20 },
    );
  },
  120_000,
);

test('hours that are over are rolled up by themselves, and answer when the samples are gone', async () => {
  let now = t0 + 10 * minute;
  let keptUs = 0;
  const keepFrom = () => ({ samplesUs: keptUs, minutesUs: 0, hoursUs: 0 });
  const { telemetry, log } = await open({ clock: () => now, keepFrom });
  const points = Array.from({ length: 200 }, (_, i) => ({ time: t0 + i * minute, value: i, bad: false }));
  put(log, 5, points);
  await telemetry.flush();
  now = t0 + 4 * hour;
  await telemetry.rollUp();
  expect(telemetry.stats()).toMatchObject({ rolledUpToUs: t0 + 3 * hour, lateDays: 0 });
  const query = { tenant: 1, series: [5], fromUs: t0, toUs: t0 + 3 * hour, widthUs: hour };
  const before = await telemetry.buckets(query);
  keptUs = t0 + 24 * hour;
  expect(await telemetry.expire(signal)).toEqual({ days: 0, samples: 0 }); // not all of the day is rolled up
  now = t0 + 30 * hour;
  await telemetry.rollUp();
  expect(await telemetry.expire(signal)).toEqual({ days: 1, samples: 200 });
  expect((await telemetry.range({ ...query, limit: 10 })).get(5)!.samples).toEqual([]);
  expect(await telemetry.buckets(query)).toEqual(before);
  expect(before.get(5)!.map(({ count }) => count)).toEqual([60, 60, 60]);
  // A straggler into the expired time does not replace the sums of all.
  put(log, 5, [{ time: t0 + 30 * second, value: 9999, bad: false }]);
  await telemetry.flush();
  await telemetry.rollUp();
  expect((await telemetry.buckets(query)).get(5)![1]).toEqual(before.get(5)![1]);
  expect((await telemetry.buckets(query)).get(5)![0]!.count).toBe(60);
});

test('what is late is still known after a restart, and a store from before roll-ups gets them day by day', async () => {
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const first = await open({ log, consumer });
  put(log, 6, [{ time: t0, value: 1, bad: false }]);
  await first.telemetry.flush();
  await first.telemetry.rollUp();
  put(log, 6, [{ time: t0 + second, value: 3, bad: false }]);
  await first.telemetry.flush();
  await first.telemetry.stop();
  const query = { tenant: 1, series: [6], fromUs: t0, toUs: t0 + hour, widthUs: hour };
  const second_ = await open({ log, consumer, directory: first.directory });
  expect((await second_.telemetry.buckets(query)).get(6)![0]).toMatchObject({ count: 2, last: 3 });
  await second_.telemetry.rollUp();
  expect((await second_.telemetry.buckets(query)).get(6)![0]).toMatchObject({ count: 2, last: 3 });
  expect(second_.telemetry.stats().lateDays).toBe(0);
});
