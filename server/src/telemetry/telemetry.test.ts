import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packStatus, qualityCode, type SampleValue, type Series, toBatch } from '@luban/contracts';
import { afterEach, expect, test } from 'vitest';
import { createMemoryLog, createMemoryOffset, type MemoryLog } from './memory-log.test-support.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import type { TelemetryFault } from './telemetry-fault.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
const second = 1_000_000;
const good = qualityCode('good');
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-telemetry-'));
  ends.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function open(
  options: {
    directory?: string;
    log?: MemoryLog;
    consumer?: ReturnType<typeof createMemoryOffset>;
    blockAgeMs?: number;
  } = {},
) {
  const log = options.log ?? createMemoryLog();
  const consumer = options.consumer ?? createMemoryOffset();
  const faults: TelemetryFault[] = [];
  const directory = options.directory ?? (await folder());
  const telemetry = createTelemetry({
    directory,
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
  await expect.poll(() => telemetry.latest(tenant, [series]).get(series)?.timeUs).toBe(timeUs);
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
