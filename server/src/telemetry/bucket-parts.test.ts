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

const t0 = Date.UTC(2026, 8, 1) * 1000;
const hourUs = 3_600_000_000;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(options: Partial<TelemetryOptions> = {}): Promise<{ telemetry: Telemetry; log: MemoryLog }> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-buckets-'));
  ends.push(() => removeStore(directory));
  const log = createMemoryLog();
  const telemetry = createTelemetry({
    directory,
    address: addressIn(directory),
    log,
    consumer: createMemoryOffset(),
    blockAgeMs: 60_000,
    onFault: (fault) => {
      throw fault;
    },
    ...options,
  });
  await telemetry.start();
  ends.push(() => telemetry.stop());
  return { telemetry, log };
}

let series = 0;
function put(log: MemoryLog, points: Point[]): void {
  const samples = points.map(({ time, value, bad }) => ({
    series: series as Series,
    time,
    value,
    quality: qualityCode(bad ? 'bad' : 'good'),
    simulated: false,
  }));
  log.append(1, toBatch(samples), t0 + log.next * 1000);
}

const point = fc.record({
  time: fc.integer({ min: -2 * 3600, max: 3600 }).map((s) => t0 + s * 1_000_000),
  value: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -9999, max: 9999 }).map((value): SampleValue => value / 100) },
    { weight: 1, arbitrary: fc.constantFrom<SampleValue>(true, false, 'text') },
  ),
  bad: fc.boolean().map((value) => value),
});
const inTime = fc.array(point, { minLength: 1, maxLength: 60 });

test.each([
  ['here', {}],
  ['by the database', { partRows: 0 }],
])(
  'buckets made %s are as the definition says, whatever part is stored and whatever is fresh',
  async (_, options) => {
    const { telemetry, log } = await open(options);
    await fc.assert(
      fc.asyncProperty(
        inTime,
        fc.array(point, { maxLength: 20 }),
        fc.boolean(),
        fc.constantFrom(1, 7, 60, 600, 7200),
        fc.integer({ min: -1800, max: 900 }),
        async (stored, fresh, ordered, widthS, fromS) => {
          series++;
          const late = ordered ? fresh.map((one) => ({ ...one, time: one.time + 3 * hourUs })) : fresh;
          put(log, stored);
          await telemetry.flush();
          if (late.length > 0) put(log, late);
          const newest = Math.max(...[...stored, ...late].map((one) => one.time));
          await expect
            .poll(() => telemetry.latest(1, [series]).get(series)?.timeUs, { interval: 5, timeout: 10_000 })
            .toBe(newest);
          const fromUs = t0 + fromS * 1_000_000;
          const toUs = t0 + 4 * hourUs;
          const width = widthS * 1_000_000;
          const answer = await telemetry.buckets({ tenant: 1, series: [series], fromUs, toUs, widthUs: width });
          expect(answer.get(series)!.map(close)).toEqual(model([...stored, ...late], fromUs, toUs, width).map(close));
        },
      ),
      { numRuns: 40 },
    );
  },
  60_000,
);

test.each([
  ['here', {}],
  ['by the database', { partRows: 0 }],
])('buckets made %s of several series in one answer are those of each', async (_, options) => {
  const { telemetry, log } = await open(options);
  const minute = 60_000_000;
  const points = [7, 3, 5].map((seed) =>
    Array.from({ length: 50 }, (_, i) => ({
      time: t0 + ((i * seed) % 53) * 20_000_000,
      value: i * seed,
      bad: i % seed === 0,
    })),
  );
  const asked = points.map((one) => {
    series++;
    put(log, one);
    return series;
  });
  await telemetry.flush();
  const span = { fromUs: t0 + 2 * minute, toUs: t0 + 20 * minute };
  const answer = await telemetry.buckets({ tenant: 1, series: asked, ...span, widthUs: minute });
  for (const [i, one] of asked.entries())
    expect(answer.get(one)!.map(close)).toEqual(model(points[i]!, span.fromUs, span.toUs, minute).map(close));
});

test('a constant that reports seldom has its own value as time-weighted mean, and a bad sample ends the holding', async () => {
  const { telemetry, log } = await open();
  series++;
  const minute = 60_000_000;
  put(log, [
    { time: t0 - 30 * minute, value: 4, bad: false },
    { time: t0 + 30_000_000, value: 8, bad: false },
    { time: t0 + minute + 15_000_000, value: 0, bad: true },
    { time: t0 + minute + 45_000_000, value: 2, bad: false },
  ]);
  await telemetry.flush();
  const answer = await telemetry.buckets({
    tenant: 1,
    series: [series],
    fromUs: t0,
    toUs: t0 + 5 * minute,
    widthUs: minute,
  });
  expect(answer.get(series)).toEqual([
    { start: t0, count: 1, bad: 0, min: 8, max: 8, mean: 8, first: 8, last: 8, timeMean: 6 },
    { start: t0 + minute, count: 1, bad: 1, min: 2, max: 2, mean: 2, first: 2, last: 2, timeMean: 5 },
  ]);
});
