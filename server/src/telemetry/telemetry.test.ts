import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packStatus, qualityCode, type SampleValue, type Series, toBatch } from '@luban/contracts';
import { afterEach, expect, test } from 'vitest';
import { createMemoryLog, createMemoryOffset, type MemoryLog } from './memory-log.test-support.ts';
import { addressIn, removeStore } from './telemetry.test-support.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import type { TelemetryFault } from './telemetry-fault.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
const second = 1_000_000;
const patient = { timeout: 10_000 };
const good = qualityCode('good');
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-telemetry-'));
  ends.push(() => removeStore(directory));
  return directory;
}

async function open(
  options: {
    directory?: string;
    log?: MemoryLog;
    consumer?: ReturnType<typeof createMemoryOffset>;
    blockAgeMs?: number;
    /** chDB, in the cluster tests too. */
    embedded?: true;
  } = {},
) {
  const log = options.log ?? createMemoryLog();
  const consumer = options.consumer ?? createMemoryOffset();
  const faults: TelemetryFault[] = [];
  const directory = options.directory ?? (await folder());
  const telemetry = createTelemetry({
    directory,
    address: options.embedded ? undefined : addressIn(directory),
    log,
    consumer,
    onFault: (fault) => faults.push(fault),
    blockAgeMs: options.blockAgeMs ?? 60_000,
  });
  await telemetry.start();
  ends.push(() => telemetry.stop());
  return { telemetry, log, consumer, faults, directory };
}

let arrival = t0 + 1000 * second;
function put(
  log: MemoryLog,
  rows: { series?: number; time: number; value: SampleValue; quality?: number }[],
  tenant = 1,
) {
  arrival += 1000;
  const samples = rows.map(({ series = 7, time, value, quality = good }) => ({
    series: series as Series,
    time,
    value,
    quality,
    simulated: false,
  }));
  return log.append(tenant, toBatch(samples), arrival);
}

async function visible(telemetry: Telemetry, tenant: number, series: number, timeUs: number) {
  await expect.poll(() => telemetry.latest(tenant, [series]).get(series)?.timeUs, patient).toBe(timeUs);
}

const all = { tenant: 1, series: [7], fromUs: 0, toUs: 9e15, limit: 1000 };

test('every kind of value comes back as it was, before and after it is stored', async () => {
  const { telemetry, log } = await open();
  const values: SampleValue[] = [1.5, -0.1, 1e300, true, false, 'Grüße, 鲁班\n\0\'"', '', { a: [1, null, 'x'] }, []];
  put(
    log,
    values.map((value, i) => ({ time: t0 + i, value })),
  );
  put(log, [{ time: t0 + 99, value: null, quality: qualityCode('deviceSilent') }]);
  await visible(telemetry, 1, 7, t0 + 99);
  const before = (await telemetry.range(all)).get(7)!;
  expect(before.samples.map((sample) => sample.value)).toEqual([...values, null]);
  await telemetry.flush();
  expect((await telemetry.range(all)).get(7)).toEqual(before);
  expect(before.samples.at(-1)!.status).toBe(packStatus(qualityCode('deviceSilent'), false, 'none'));
  expect(before.more).toBe(false);
});

test('long texts are stored before they fill the memory, however few rows they are', async () => {
  const { telemetry, log } = await open();
  for (let i = 0; i < 80; i++) put(log, [{ time: t0 + i, value: `${i}`.padEnd(256 * 1024, 'x') }]);
  await visible(telemetry, 1, 7, t0 + 79);
  await expect.poll(() => telemetry.stats().backlogRecords, patient).toBeLessThan(20);
});

test('the same series and time twice keeps what arrived last, fresh, stored and merged', async () => {
  const { telemetry, log } = await open();
  const read = async () => (await telemetry.range(all)).get(7)!.samples.map((sample) => sample.value);
  put(log, [
    { time: t0, value: 1 },
    { time: t0 + second, value: 10 },
  ]);
  put(log, [{ time: t0, value: 2 }]);
  await expect.poll(read, patient).toEqual([2, 10]);
  await telemetry.flush();
  expect(await read()).toEqual([2, 10]);
  put(log, [{ time: t0, value: 3 }]);
  await expect.poll(read, patient).toEqual([3, 10]);
  await telemetry.flush();
  expect(await read()).toEqual([3, 10]);
  await telemetry.compact();
  expect(await read()).toEqual([3, 10]);
});

test('late samples take their place in the range and do not replace a newer latest value', async () => {
  const { telemetry, log } = await open();
  put(log, [
    { time: t0 + 5 * second, value: 5 },
    { time: t0 + 3 * second, value: 3 },
  ]);
  await telemetry.flush();
  put(log, [
    { time: t0 + 4 * second, value: 4 },
    { time: t0 - 400 * 86_400 * second, value: -1 },
  ]);
  await expect
    .poll(async () => (await telemetry.range(all)).get(7)!.samples.map((sample) => sample.value), patient)
    .toEqual([-1, 3, 4, 5]);
  expect(telemetry.latest(1, [7]).get(7)!.value).toBe(5);
  const page = (await telemetry.range({ ...all, limit: 2 })).get(7)!;
  expect(page).toMatchObject({ more: true, samples: [{ value: -1 }, { value: 3 }] });
  const rest = (await telemetry.range({ ...all, fromUs: page.samples[1]!.timeUs + 1, limit: 2 })).get(7)!;
  expect(rest).toMatchObject({ more: false, samples: [{ value: 4 }, { value: 5 }] });
});

test('a sample whose clock was an hour ahead does not hide what comes after it', async () => {
  const { telemetry, log } = await open();
  const ahead = arrival + 3600 * second;
  put(log, [
    { time: ahead, value: 1 },
    { time: ahead + second, value: 2 },
  ]);
  await visible(telemetry, 1, 7, ahead + second);
  const late = arrival - 10 * second;
  put(log, [{ time: late, value: 0 }]);
  const now = arrival;
  put(log, [{ time: now, value: 3 }]);
  await visible(telemetry, 1, 7, now);
  expect(telemetry.latest(1, [7]).get(7)!.value).toBe(3);
  put(log, [{ time: late + 1, value: 0 }]);
  await telemetry.flush();
  expect(telemetry.latest(1, [7]).get(7)!.value).toBe(3);
});

test('tenants do not see each other, and what nobody sent is empty', async () => {
  const { telemetry, log } = await open();
  put(log, [{ time: t0, value: 1 }], 1);
  put(log, [{ time: t0, value: 2 }], 4_000_000_000);
  await telemetry.flush();
  put(log, [{ time: t0 + 1, value: 3 }], 4_000_000_000);
  await visible(telemetry, 4_000_000_000, 7, t0 + 1);
  const of = async (tenant: number) =>
    (await telemetry.range({ ...all, tenant })).get(7)!.samples.map((one) => one.value);
  expect(await of(1)).toEqual([1]);
  expect(await of(4_000_000_000)).toEqual([2, 3]);
  expect(await of(2)).toEqual([]);
  expect(telemetry.latest(2, [7]).size).toBe(0);
});

test('times from 1970 to 2255 in one block are stored and found', async () => {
  const { telemetry, log } = await open();
  const times = [0, 1, ...Array.from({ length: 300 }, (_, i) => i * 29_000_000 * second), 9_007_199_254_740_991];
  put(
    log,
    times.map((time, i) => ({ time, value: i })),
  );
  await telemetry.flush();
  const found = (await telemetry.range({ ...all, toUs: Number.MAX_SAFE_INTEGER })).get(7)!.samples;
  expect(found.map((sample) => sample.timeUs)).toEqual([...new Set(times)].slice(0, -1));
  expect(telemetry.latest(1, [7]).get(7)!.timeUs).toBe(9_007_199_254_740_991);
});

test('after a restart the latest values and the history are there, whether it was stopped or not', async () => {
  const directory = await folder();
  const log = createMemoryLog();
  const consumer = createMemoryOffset();
  const first = await open({ directory, log, consumer });
  put(log, [
    { time: t0, value: 'läuft' },
    { series: 8, time: t0, value: true },
  ]);
  await first.telemetry.stop();
  put(log, [{ series: 9, time: t0, value: 9 }]);
  const second = await open({ directory, log, consumer });
  expect(second.telemetry.latest(1, [7, 8]).get(7)).toMatchObject({ value: 'läuft', timeUs: t0 });
  expect(second.telemetry.latest(1, [8]).get(8)!.value).toBe(true);
  await visible(second.telemetry, 1, 9, t0);
  expect((await second.telemetry.range(all)).get(7)!.samples).toHaveLength(1);
  expect(second.faults).toEqual([]);
});

test('whoever has waited for it reads what the log held before, after a start too', async () => {
  const log = createMemoryLog();
  const rows = (from: number) => Array.from({ length: 50 }, (_, i) => ({ time: t0 + (from + i) * second, value: i }));
  for (let i = 0; i < 2000; i++) put(log, rows(i * 50));
  const { telemetry } = await open({ log });
  expect(telemetry.latest(1, [7]).get(7)?.timeUs, 'so much takes a while').not.toBe(t0 + 99_999 * second);
  expect(await telemetry.caughtUp()).toBe(true);
  expect(telemetry.latest(1, [7]).get(7)?.timeUs).toBe(t0 + 99_999 * second);
  put(log, rows(100_000));
  expect(await telemetry.caughtUp()).toBe(true);
  expect((await telemetry.range({ ...all, fromUs: t0 + 100_000 * second })).get(7)!.samples).toHaveLength(50);
});

test('more than it can answer is refused with a code', async () => {
  const { telemetry } = await open();
  await expect(telemetry.range({ ...all, series: Array.from({ length: 20_000 }, (_, i) => i) })).rejects.toMatchObject({
    code: 'telemetry.too-much',
  });
  await expect(telemetry.range({ ...all, limit: 1e9 })).rejects.toMatchObject({ code: 'telemetry.too-much' });
  await expect(telemetry.buckets({ ...all, widthUs: 1 })).rejects.toMatchObject({ code: 'telemetry.too-much' });
});

test('as many series as it allows are answered at once', async () => {
  const { telemetry, log } = await open();
  put(log, [{ series: 4_294_967_295, time: t0, value: 1 }]);
  await telemetry.flush();
  const series = Array.from({ length: 10_000 }, (_, i) => 4_294_967_295 - i);
  const answer = await telemetry.range({ ...all, series, limit: 50 });
  expect(answer.size).toBe(10_000);
  expect(answer.get(4_294_967_295)!.samples).toHaveLength(1);
  expect((await telemetry.buckets({ ...all, series, fromUs: t0, toUs: t0 + second, widthUs: second })).size).toBe(
    10_000,
  );
  expect((await telemetry.range({ ...all, series: [] })).size).toBe(0);
});

test('it tells how it is', async () => {
  const { telemetry, log } = await open();
  expect(telemetry.stats()).toMatchObject({ state: 'ok', backlogRecords: 0, lagMs: null });
  const heard: number[] = [];
  const end = telemetry.onSamples((record) => heard.push(record.position));
  put(log, [{ time: t0, value: 1 }]);
  await expect.poll(() => heard, patient).toEqual([0]);
  expect(telemetry.stats().backlogRecords).toBe(1);
  expect(telemetry.stats().lagMs).toBeGreaterThanOrEqual(0);
  await telemetry.flush();
  end();
  put(log, [{ time: t0 + 1, value: 1 }]);
  await visible(telemetry, 1, 7, t0 + 1);
  expect(heard).toEqual([0]);
  expect(telemetry.stats()).toMatchObject({ rowsPerSecond: 0.1, backlogRecords: 1 });
});

test('a frozen store opens elsewhere with exactly what its log had stored, and goes on from there', async () => {
  const log = createMemoryLog();
  const { telemetry, consumer } = await open({ embedded: true, log, blockAgeMs: 50 });
  for (let i = 0; i < 40; i++) put(log, [{ time: t0 + i * second, value: i }]);
  await telemetry.flush();
  for (let i = 40; i < 60; i++) put(log, [{ time: t0 + i * second, value: i }]);
  const elsewhere = await folder();
  const committed = await telemetry.freeze(join(elsewhere, 'chdb'), async () => consumer.committed);
  for (let i = 60; i < 90; i++) put(log, [{ time: t0 + i * second, value: i }]);
  await telemetry.flush();

  const offset = createMemoryOffset();
  await offset.commit(committed);
  // A log that ends there: what is read comes from the frozen store alone.
  const short = { ...log, first: 0, next: committed, read: async () => [], waitFor: async () => false } as MemoryLog;
  const alone = await open({ embedded: true, directory: elsewhere, log: short, consumer: offset });
  const stored = (await alone.telemetry.range(all)).get(7)!.samples;
  expect(stored.map(({ value }) => value)).toEqual(Array.from({ length: committed }, (_, i) => i));
  expect(committed).toBeGreaterThanOrEqual(40);
  expect(alone.telemetry.latest(1, [7]).get(7)?.value).toBeGreaterThanOrEqual(committed - 1);
  await alone.telemetry.stop();

  const again = await open({ embedded: true, directory: elsewhere, log, consumer: offset, blockAgeMs: 50 });
  await again.telemetry.flush();
  expect((await again.telemetry.range(all)).get(7)!.samples.map(({ value }) => value)).toEqual(
    Array.from({ length: 90 }, (_, i) => i),
  );
  await expect.poll(() => again.telemetry.stats().rows, { timeout: 15_000 }).toBe(90);
});
