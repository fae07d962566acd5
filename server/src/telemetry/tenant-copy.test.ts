import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChdbEngine } from './chdb-engine.ts';
import { createRollupStore, dayUs, hourUs } from './rollup-store.ts';
import { emptyColumns } from './sample-columns.ts';
import { cutOffAfter, noProgress, openEngine, prepareTables, removeEngine } from './telemetry-copy-fixture.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTenantCopy } from './tenant-copy.ts';
import { removeTenant } from './tenant-removal.ts';

const t0 = Date.UTC(2026, 8, 1) * 1000;
let source: ChdbEngine;
let target: ChdbEngine;

/** Both have a tenant 1 with series 1 to 4; the source’s tenant 2 is to move. */
async function openFilled(tenants: readonly number[]): Promise<ChdbEngine> {
  const engine = await openEngine();
  const { store, rollups, removals } = await prepareTables(engine);
  const rows = emptyColumns(6000);
  for (const start of [t0, t0 + dayUs, 0])
    for (let i = 0; i < 2000; i++) {
      const row = rows.rows++;
      rows.tenant[row] = tenants[i % tenants.length]!;
      rows.series[row] = 1 + (i % 4);
      rows.time[row] = start + i * 1_000_001;
      rows.value[row] = i % 3 === 0 ? i / 10 : Math.sqrt(i) * 1e200;
      rows.arrival[row] = t0 + 3 * dayUs;
      if (i % 11 === 0) rows.texts.set(row, `第 ${i} 行\n'"`);
    }
  await store.insert(rows, 'rows');
  await store.saveLatest(rows, 'latest');
  for (const tenant of tenants) await rollups.rollUp(tenant, [1, 2, 3, 4], { fromUs: t0, toUs: t0 + dayUs }, false);
  await removals.saveDeletion({ tenant: tenants.at(-1)!, series: [3], fromUs: 5, toUs: 6, arrivalUs: t0 });
  return engine;
}

beforeEach(async () => {
  [source, target] = await Promise.all([openFilled([1, 2]), openFilled([1])]);
}, 120_000);
afterEach(async () => {
  await Promise.all([source, target].map(removeEngine));
});

const renumbering = { tenant: 2, toTenant: 9, addToSeries: 500 };
/** Small pieces, so that partitions are cut in the middle of series and of times. */
const copyTo = (to: TelemetryEngine) =>
  createTenantCopy({ source, target: to, renumbering, progress: noProgress, pieceRows: 333 });

const ofTenant = (engine: TelemetryEngine, tenant: number, subtract = 0) =>
  engine.query(
    `SELECT toUInt32(series - ${subtract}), toInt64(toUnixTimestamp64Micro(time)), toString(reinterpretAsUInt64(value)), hex(text), status, arrival
     FROM samples FINAL WHERE tenant = ${tenant} ORDER BY series, time`,
    {},
  );

test('one tenant’s history arrives bit by bit under its new numbers; the others’ at both ends stay as they are', async () => {
  const before = await ofTenant(target, 1);
  const sums = await copyTo(target).move();
  expect(Object.fromEntries(sums.map(({ name, rows }) => [name, rows]))).toMatchObject({
    ...{ 'samples 20260901': 1000, 'samples 1970': 1000, latest: 2, deletions: 1 },
  });
  expect(await ofTenant(target, 9, 500)).toEqual(await ofTenant(source, 2));
  expect(await ofTenant(target, 1)).toEqual(before);
  const numbers = `SELECT DISTINCT series FROM minutes WHERE tenant = 9 ORDER BY series`;
  expect(await target.query(numbers, {})).toEqual([[502, 504]]);
  expect(await copyTo(target).check()).toEqual(sums);
}, 120_000);

test('cut off at any insert it goes on; what the source has no more is taken away again', async () => {
  for (const blocks of [1, 4, 8]) await expect(copyTo(cutOffAfter(blocks, target)).move()).rejects.toThrow('cut off');
  await copyTo(target).move();
  await source.run('SYSTEM START MERGES');
  await source.run("ALTER TABLE samples DROP PARTITION ID '1970'");
  const before = await ofTenant(target, 1);
  await copyTo(target).move();
  expect(await ofTenant(target, 9, 500)).toEqual(await ofTenant(source, 2));
  expect(await ofTenant(target, 1)).toEqual(before);
  await target.run('ALTER TABLE samples DELETE WHERE tenant = 9 AND series = 504 SETTINGS mutations_sync = 2');
  await expect(copyTo(target).check()).rejects.toThrow('differ: samples 20260901, samples 20260902');
}, 120_000);

test('hours that the target takes as summed up and the source had not summed are marked as late', async () => {
  const rollups = createRollupStore(source);
  await rollups.saveProgress(0, (t0 + dayUs) / hourUs + 6);
  await rollups.saveLate([
    { tenant: 2, day: t0 / dayUs, series: 3, hours: 5 },
    { tenant: 1, day: t0 / dayUs, series: 3, hours: 9 },
  ]);
  await copyTo(target).move();
  const late = (await createRollupStore(target).loadLate()).sort((a, b) => a.day - b.day);
  expect(late).toEqual([
    { tenant: 9, day: t0 / dayUs, series: 503, hours: 5 },
    { tenant: 9, day: t0 / dayUs + 1, series: 0, hours: 0xff_ffc0 },
  ]);
}, 120_000);

test('one tenant’s rows are removed, and nobody else’s', async () => {
  const [before, sums] = [
    await ofTenant(source, 1),
    'SELECT count(), sum(cityHash64(*)) FROM minutes FINAL WHERE tenant = 1',
  ];
  const minutes = await source.query(sums, {});
  await removeTenant(source, 2);
  expect(await ofTenant(source, 1)).toEqual(before);
  expect(await source.query(sums, {})).toEqual(minutes);
  for (const table of ['samples', 'minutes', 'hours', 'latest', 'deletions'])
    expect(await source.query(`SELECT count() FROM ${table} WHERE tenant = 2`, {})).toEqual([[0]]);
}, 120_000);
