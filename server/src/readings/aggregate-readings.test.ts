import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Point,
  qualityCode,
  type SampleValue,
  standardConfiguration,
  toBatch,
  toId,
  toSeries,
} from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryLog, createMemoryOffset } from '../telemetry/memory-log.test-support.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { type AggregateQuestion, aggregateReadings } from './aggregate-readings.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
const second = 1_000_000;
const hour = 3600 * second;
const log = createMemoryLog();
let directory: string;
let telemetry: Telemetry;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-aggregates-'));
  telemetry = createTelemetry({
    directory,
    log,
    consumer: createMemoryOffset(),
    blockAgeMs: 60_000,
    onFault: (fault) => {
      throw fault;
    },
  });
  await telemetry.start();
});
afterAll(async () => {
  await telemetry.stop();
  await rm(directory, { recursive: true, force: true });
});

function put(series: number, rows: [time: number, value: SampleValue, bad?: boolean][]): void {
  const samples = rows.map(([time, value, bad]) => ({
    series: toSeries(series),
    time,
    value,
    quality: qualityCode(bad ? 'bad' : 'good'),
    simulated: false,
  }));
  log.append(1, toBatch(samples), t0 + 100 * hour + log.next * 1000);
}

const point = (series: number, change: Partial<Point> = {}): Point => ({
  series: toSeries(series),
  key: 'a',
  type: 'number',
  thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'),
  name: { zh: '甲', en: 'a' },
  unit: null,
  range: null,
  decimals: null,
  source: null,
  device: null,
  maxIntervalMs: null,
  ...change,
});

function ask(question: Partial<AggregateQuestion> & Pick<AggregateQuestion, 'points' | 'functions'>, nowUs = t0) {
  const whole = {
    tenantNumber: 1,
    fromUs: t0,
    toUs: t0 + hour,
    intervalUs: hour,
    configuration: standardConfiguration,
  };
  return aggregateReadings(telemetry, { ...whole, ...question }, nowUs, new AbortController().signal);
}
const values = async (question: Parameters<typeof ask>[0], nowUs?: number) =>
  (await ask(question, nowUs))[0]!.aggregates.map(({ results }) => results.map(({ value }) => value));

test('more samples than one page: stored and fresh ones together, values before and after the range found', async () => {
  put(1, [[t0 - 20 * 24 * hour, 5]]);
  put(
    1,
    Array.from({ length: 45_000 }, (_, i) => [t0 + hour + i * 10_000, i % 2]),
  );
  await telemetry.flush();
  put(1, [[t0 + 10 * hour, 9]]);
  await expect.poll(() => telemetry.latest(1, [1]).get(1)?.value).toBe(9);
  const stepped = { ...standardConfiguration, stepped: true };
  const asked = { points: [point(1)], configuration: stepped, toUs: t0 + 2 * hour };
  expect(await values({ ...asked, functions: ['count', 'timeAverage2', 'interpolative'] })).toEqual([
    [0, 45_000],
    [5, expect.closeTo((450 * 0.5 + 3150) / 3600, 6)],
    [5, 0],
  ]);
  // The value after the range is nine hours away.
  const sloped = { points: [point(1)], fromUs: t0 + 5 * hour, toUs: t0 + 6 * hour };
  const lastUs = t0 + hour + 44_999 * 10_000;
  const share = (t0 + 5 * hour - lastUs) / (t0 + 10 * hour - lastUs);
  expect(await values({ ...sloped, functions: ['interpolative'] })).toEqual([[expect.closeTo(1 + 8 * share, 9)]]);
});

test('the newest value holds as long as its point may be silent, and not into the future', async () => {
  put(2, [[t0 + 600 * second, 1]]);
  await expect.poll(() => telemetry.latest(1, [2]).size).toBe(1);
  const asked = { points: [point(2, { maxIntervalMs: 1_800_000 })], functions: ['durationGood' as const] };
  expect(await values(asked, t0 + 10 * hour)).toEqual([[1_800_000]]);
  expect(await values(asked, t0 + 900 * second)).toEqual([[300_000]]);
  expect(await values({ ...asked, points: [point(2)] }, t0 + 10 * hour)).toEqual([[1]]);
});

test('booleans are stepped whatever is asked, and count as 0 and 1', async () => {
  put(3, [
    [t0, true],
    [t0 + 900 * second, false],
    [t0 + hour, true],
  ]);
  await expect.poll(() => telemetry.latest(1, [3]).size).toBe(1);
  expect(
    await values({ points: [point(3, { type: 'boolean' })], functions: ['timeAverage2', 'durationInStateZero'] }),
  ).toEqual([[0.25], [2_700_000]]);
});

test('what has no meaning, and what is too much, is refused before anything is read', async () => {
  await expect(ask({ points: [point(4, { type: 'string' })], functions: ['count', 'average'] })).rejects.toMatchObject({
    code: 'readings.wrong-type',
  });
  await expect(ask({ points: [point(4)], functions: ['count'], intervalUs: 1000 })).rejects.toMatchObject({
    code: 'readings.too-much',
  });
});
