import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualityCode, type SampleValue, type Series, toBatch } from '@luban/contracts';
import { afterEach, expect, test } from 'vitest';
import { createMemoryLog, createMemoryOffset, type MemoryLog } from './memory-log.test-support.ts';
import { addressIn, removeStore } from './telemetry.test-support.ts';
import { createTelemetry, type KeepFrom, type Telemetry } from './telemetry.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
const second = 1_000_000;
const hour = 3600 * second;
const day = 24 * hour;
const patient = { timeout: 10_000, interval: 5 };
const never = new AbortController().signal;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-removals-'));
  ends.push(() => removeStore(directory));
  return directory;
}

async function open(options: {
  directory: string;
  log: MemoryLog;
  consumer?: ReturnType<typeof createMemoryOffset>;
  clock?: () => number;
  keepFrom?: (tenant: number, series: number) => KeepFrom;
}): Promise<Telemetry> {
  const telemetry = createTelemetry({
    address: addressIn(options.directory),
    consumer: createMemoryOffset(),
    clock: () => t0 + 3 * day,
    blockAgeMs: 60_000,
    onFault: (fault) => {
      throw fault;
    },
    ...options,
  });
  await telemetry.start();
  ends.push(() => telemetry.stop());
  return telemetry;
}

function put(log: MemoryLog, rows: [series: number, time: number, value: SampleValue][], arrivalUs = t0 + 2 * day) {
  const samples = rows.map(([series, time, value]) => ({
    series: series as Series,
    time,
    value,
    quality: qualityCode('good'),
    simulated: false,
  }));
  log.append(1, toBatch(samples), arrivalUs + log.next);
}

const values = async (telemetry: Telemetry, series: number) =>
  (await telemetry.range({ tenant: 1, series: [series], fromUs: 0, toUs: 9e15, limit: 100 }))
    .get(series)!
    .samples.map(({ value }) => value);
const counts = async (telemetry: Telemetry, series: number) =>
  (await telemetry.buckets({ tenant: 1, series: [series], fromUs: t0, toUs: t0 + 4 * hour, widthUs: hour }))
    .get(series)!
    .map(({ start, count }) => [(start - t0) / hour, count]);

test('what is deleted is gone from samples, sums and latest values, stored or fresh, and stays gone', async () => {
  const directory = await folder();
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const telemetry = await open({ directory, log, consumer });
  put(log, [
    [1, t0, 'a'],
    [1, t0 + hour, 'b'],
    [2, t0 + 600 * second, 10],
    [2, t0 + hour + 600 * second, 11],
    [2, t0 + hour + 1200 * second, 12],
    [2, t0 + 2 * hour, 13],
    [3, t0 + hour, 7],
  ]);
  await telemetry.flush();
  await telemetry.rollUp();
  expect(await counts(telemetry, 2)).toEqual([
    [0, 1],
    [1, 2],
    [2, 1],
  ]);
  put(log, [[2, t0 + 3 * hour, 14]]); // still fresh
  await expect.poll(() => telemetry.latest(1, [2]).get(2)?.value, patient).toBe(14);
  const seen: [number, number][] = [];
  const gone = await telemetry.remove(
    { tenant: 1, series: [1, 2], fromUs: t0 + hour + 900 * second, toUs: t0 + 4 * hour },
    async (done, total) => void seen.push([done, total]),
    never,
  );
  expect(gone).toBe(3);
  expect(seen.at(-1)).toEqual([3, 3]);
  expect(await values(telemetry, 2)).toEqual([10, 11]);
  expect(telemetry.latest(1, [1, 2, 3])).toMatchObject(
    new Map([
      [1, expect.objectContaining({ value: 'b' })],
      [2, expect.objectContaining({ value: 11 })],
      [3, expect.objectContaining({ value: 7 })],
    ]),
  );
  const left = [
    [0, 1],
    [1, 1],
  ];
  expect(await counts(telemetry, 2)).toEqual(left);
  await telemetry.rollUp();
  expect(await counts(telemetry, 2)).toEqual(left);
  // What arrives afterwards is new, even for the same time.
  put(log, [[2, t0 + 2 * hour, 99]], t0 + 4 * day);
  await telemetry.flush();
  expect(await values(telemetry, 2)).toEqual([10, 11, 99]);
  await telemetry.stop();

  // A start that reads the whole log anew, its offset lost, does not bring it back.
  await rm(join(directory, 'plan.json'));
  const again = await open({ directory, log });
  await again.flush();
  expect(await values(again, 2)).toEqual([10, 11, 99]);
  expect(again.latest(1, [2]).get(2)!.value).toBe(99);
  expect(await values(again, 3)).toEqual([7]);
});

test('a series of which nothing is left has no latest value, also after a restart', async () => {
  const directory = await folder();
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const telemetry = await open({ directory, log, consumer });
  put(log, [[1, t0, 1]]);
  await telemetry.flush();
  await telemetry.remove({ tenant: 1, series: [1], fromUs: 0, toUs: 9e15 }, async () => undefined, never);
  expect(telemetry.latest(1, [1]).size).toBe(0);
  await telemetry.stop();
  const again = await open({ directory, log, consumer });
  expect(again.latest(1, [1]).size).toBe(0);
});

test('a deletion that was cut off is completed by asking again', async () => {
  const log = createMemoryLog();
  const telemetry = await open({ directory: await folder(), log });
  put(log, [
    [1, t0, 1],
    [1, t0 + day, 2],
  ]);
  await telemetry.flush();
  await telemetry.rollUp();
  const what = { tenant: 1, series: [1], fromUs: 0, toUs: 9e15 };
  const cut = new AbortController();
  await expect(
    telemetry.remove(
      what,
      async (done) => {
        if (done > 0) cut.abort();
      },
      cut.signal,
    ),
  ).rejects.toThrow();
  expect(await values(telemetry, 1)).toEqual([2]);
  const daily = { tenant: 1, series: [1], fromUs: t0, toUs: t0 + 2 * day, widthUs: day };
  const sums = async () =>
    (await telemetry.buckets(daily)).get(1)!.map(({ start, count }) => [(start - t0) / day, count]);
  expect(await sums()).toEqual([[1, 1]]);
  await telemetry.rollUp();
  expect(await sums()).toEqual([[1, 1]]);
  expect(await telemetry.remove(what, async () => undefined, never)).toBe(1);
  expect(await values(telemetry, 1)).toEqual([]);
  expect(telemetry.latest(1, [1]).size).toBe(0);
});

test('days expire whole where nothing is kept, and by rows where something is; sums stay as long as they are to', async () => {
  const log = createMemoryLog();
  let minutesUs = 0;
  const keepFrom = (_: number, series: number) => ({
    samplesUs: series === 1 ? t0 + day : t0 + 2 * day,
    minutesUs,
    hoursUs: 0,
  });
  const telemetry = await open({ directory: await folder(), log, keepFrom });
  put(log, [
    [1, t0, 1],
    [2, t0, 1],
    [1, t0 + day, 2],
    [2, t0 + day, 2],
    [1, t0 + 2 * day, 3],
    [2, t0 + 2 * day, 3],
  ]);
  await telemetry.flush();
  await telemetry.rollUp();
  expect(await telemetry.expire(never)).toEqual({ days: 2, samples: 3 });
  expect(await values(telemetry, 1)).toEqual([2, 3]);
  expect(await values(telemetry, 2)).toEqual([3]);
  expect(await telemetry.expire(never)).toEqual({ days: 0, samples: 0 });
  const sums = async (widthUs: number) =>
    (await telemetry.buckets({ tenant: 1, series: [2], fromUs: t0, toUs: t0 + 2 * day, widthUs }))
      .get(2)!
      .map(({ count }) => count);
  expect(await sums(60 * second)).toEqual([1, 1]);
  minutesUs = t0 + 2 * day;
  await telemetry.expire(never);
  expect(await sums(60 * second)).toEqual([]);
  expect(await sums(hour)).toEqual([1, 1]);
});

test('what is the newest after a deletion is the newest after a restart too', async () => {
  const directory = await folder();
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const telemetry = await open({ directory, log, consumer });
  put(log, [
    [1, t0, 1],
    [1, t0 + hour, 2],
  ]);
  await telemetry.flush();
  await telemetry.remove({ tenant: 1, series: [1], fromUs: t0 + hour, toUs: t0 + day }, async () => undefined, never);
  await telemetry.stop();
  const again = await open({ directory, log, consumer });
  expect(again.latest(1, [1]).get(1)?.value).toBe(1);
});
