import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChdbEngine } from './chdb-engine.ts';
import { dayUs } from './rollup-store.ts';
import { emptyColumns } from './sample-columns.ts';
import { createTelemetryCopy } from './telemetry-copy.ts';
import { cutOffAfter, noProgress, openEngine, prepareTables, removeEngine } from './telemetry-copy-fixture.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { refuseUnfinishedCopy } from './unfinished-copy.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
let source: ChdbEngine;
let target: ChdbEngine;

beforeEach(async () => {
  [source, target] = await Promise.all([openEngine(), openEngine()]);
  const { store, rollups, removals } = await prepareTables(source);
  // Two tenants, three days and two wrong clocks; each sample twice, the later with another value; all kinds of values.
  const times = [t0, t0 + dayUs, t0 + 2 * dayUs, 0, Date.UTC(2061, 5) * 1000];
  for (const arrivalUs of [t0 + 3 * dayUs, t0 + 3 * dayUs + 5000]) {
    const rows = emptyColumns(2000 * times.length);
    for (const start of times)
      for (let i = 0; i < 2000; i++) {
        const row = rows.rows++;
        rows.tenant[row] = 1 + (i % 2);
        rows.series[row] = i % 7;
        rows.time[row] = start + i * 1_000_001;
        rows.value[row] = i % 3 === 0 ? i / 10 : i % 3 === 1 ? Math.sqrt(i) * 1e200 : Number.NaN;
        rows.status[row] = i % 30 === 0 ? 0x80 : 0;
        rows.arrival[row] = arrivalUs;
        if (i % 11 === 0) rows.texts.set(row, `第 ${i} 行\n\u0000'"\\ ${arrivalUs}`);
      }
    await store.insert(rows, `at-${arrivalUs}`);
    await store.saveLatest(rows, `latest-${arrivalUs}`);
  }
  await rollups.rollUp(1, [0, 2, 4, 6], { fromUs: t0, toUs: t0 + dayUs }, false);
  await rollups.saveProgress(1, 100);
  await rollups.saveLate([{ tenant: 1, day: 20_000, series: 3, hours: 5 }]);
  await removals.saveDeletion({ tenant: 1, series: [3, 5], fromUs: 5, toUs: 6, arrivalUs: t0 });
}, 60_000);
afterEach(async () => {
  await Promise.all([source, target].map(removeEngine));
});

/** Small pieces, so that partitions are cut in the middle of series and of times. */
const copyTo = (to: TelemetryEngine, platform = 'tenant:a') =>
  createTelemetryCopy({ source, target: to, platform, progress: noProgress, pieceRows: 333 });

test('every table arrives bit by bit: texts, numbers that are none, wrong clocks, sums, deletions', async () => {
  const copy = copyTo(target);
  const sums = await copy.move();
  const rows = Object.fromEntries(sums.map((sum) => [sum.name, sum.rows]));
  expect(rows).toMatchObject({ 'samples 20260901': 2000, 'samples 1970': 2000, 'samples 2061': 2000, latest: 14 });
  expect(rows).toMatchObject({ late_days: 1, rollup_progress: 1, deletions: 2 });
  expect(rows['minutes 202609']).toBeGreaterThan(0);
  expect(rows['hours 2026']).toBeGreaterThan(0);
  const all = `SELECT tenant, series, toInt64(toUnixTimestamp64Micro(time)), toString(reinterpretAsUInt64(value)), hex(text), status, arrival
    FROM samples FINAL ORDER BY tenant, series, time`;
  expect(await target.query(all, {})).toEqual(await source.query(all, {}));
  await expect(refuseUnfinishedCopy(target)).rejects.toThrow('is not finished');
  await copy.end();
  await refuseUnfinishedCopy(target);
  expect(await copyTo(target).move()).toEqual(sums);
  expect(await copyTo(target).check()).toEqual(sums);
});

test('cut off at any insert, it goes on, and passes over what is the same already', async () => {
  for (const blocks of [2, 9, 13]) await expect(copyTo(cutOffAfter(blocks, target)).move()).rejects.toThrow('cut off');
  const uncut = () => cutOffAfter(Number.POSITIVE_INFINITY, target);
  const whole = uncut();
  await copyTo(whole).move();
  expect(whole.inserts).toBeGreaterThan(10);
  const again = uncut();
  await copyTo(again).move();
  expect(again.inserts).toBe(0);
  // One partition that is not as it should be is made anew, and nothing else.
  await target.run(
    'ALTER TABLE samples DELETE WHERE series = 3 AND time < toDateTime64(86400, 6) SETTINGS mutations_sync = 2',
  );
  const mended = uncut();
  await copyTo(mended).move();
  expect(mended.inserts).toBeGreaterThan(0);
  expect(mended.inserts).toBeLessThan(whole.inserts / 2);
});

test('a target that holds another platform’s history, finished or not, is refused and left as it is', async () => {
  await expect(copyTo(target).check()).rejects.toThrow();
  await copyTo(target).move();
  await expect(copyTo(target, 'tenant:b').move()).resolves.toBeDefined(); // the same, to the bit
  await source.run('SYSTEM START MERGES');
  await source.run('ALTER TABLE samples DELETE WHERE series = 3 SETTINGS mutations_sync = 2');
  const count = 'SELECT count() FROM samples FINAL';
  const before = await target.query(count, {});
  await expect(copyTo(target, 'tenant:b').move()).rejects.toThrow('holds other telemetry');
  expect(await target.query(count, {})).toEqual(before);
  await expect(copyTo(target).check()).rejects.toThrow('differ: samples');
});
