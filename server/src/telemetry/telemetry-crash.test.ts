import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { SampleLog, Tenure } from '../log/log.ts';
import { type ChdbEngine, createChdbEngine } from './chdb-engine.ts';
import { createFileOffset, createMadeLog, madeRows } from './crash-writer.test-support.ts';
import { createFreshSamples } from './fresh-samples.ts';
import { readInsertPlan, writeInsertPlan } from './insert-plan.ts';
import { createLatestTable } from './latest-table.ts';
import { appendRecord, openSampleBlock } from './sample-block.ts';
import { pickRows } from './sample-columns.ts';
import type { TelemetryFault } from './telemetry-fault.ts';
import { createTelemetryStore } from './telemetry-store.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The parts of the store, so that a test can reach chDB's process and the raw rows. */
async function openParts(
  records: number,
  directory?: string,
  log: SampleLog = createMadeLog(records),
  tenure?: Tenure,
) {
  const folder = directory ?? (await mkdtemp(join(tmpdir(), 'luban-crash-')));
  if (!directory) ends.push(() => rm(folder, { recursive: true, force: true }));
  const faults: TelemetryFault[] = [];
  const onFault = (fault: TelemetryFault) => faults.push(fault);
  const engine = createChdbEngine({ directory: join(folder, 'chdb'), memoryLimitBytes: 1 << 30, onFault });
  await engine.start();
  ends.push(() => engine.stop());
  const store = createTelemetryStore(engine);
  await store.prepare();
  const writer = createTelemetryWriter({
    directory: folder,
    log,
    consumer: createFileOffset(folder, tenure),
    store,
    fresh: createFreshSamples(5000),
    latest: createLatestTable(),
    blockRows: 5000,
    blockAgeMs: 100,
    filter: (record) => record,
    onTaken: () => undefined,
    beforeCommit: async () => undefined,
    onRecord: () => undefined,
    onInserted: () => undefined,
    onFault,
  });
  ends.push(() => writer.stop());
  const drain = () => writer.drain({ commit: true, signal: AbortSignal.timeout(30_000) });
  return { folder, engine, store, writer, log, faults, drain };
}

async function counts(engine: ChdbEngine) {
  const [raw, distinct] = (await engine.query(
    'SELECT count(), uniqExact(tenant, series, time) FROM samples',
    {},
  )) as number[][];
  return { raw: raw![0], distinct: distinct![0] };
}

test('a block of which one day was stored before the crash gets its other days, and no row twice', async () => {
  const { folder, engine, store, writer, log, drain } = await openParts(6);
  const records = await log.read(0, { records: 4 });
  const block = openSampleBlock(records[0]!, 10);
  for (const record of records) appendRecord(block, record);
  const days = Array.from({ length: block.rows }, (_, i) => Math.floor(block.time[i]! / 86_400_000_000));
  expect(new Set(days).size).toBeGreaterThan(1);
  await store.insert(
    pickRows(
      block,
      days.flatMap((day, i) => (day === days[0] ? [i] : [])),
    ),
    '0-4',
  );
  await writeInsertPlan(folder, { from: 0, to: 4 });
  await writer.start();
  await drain();
  expect(await counts(engine)).toEqual({ raw: madeRows(6), distinct: madeRows(6) });
});

test('a block that was stored, but whose offset was not, is not stored again', async () => {
  const first = await openParts(3);
  await first.writer.start();
  await first.drain();
  await first.writer.stop();
  await first.engine.stop();
  await createFileOffset(first.folder).commit(0);
  const second = await openParts(5, first.folder);
  await second.writer.start();
  await second.drain();
  expect(await counts(second.engine)).toEqual({ raw: madeRows(5), distinct: madeRows(5) });
});

test('a token whose rows never came into place does not stand in the way of them', async () => {
  const { folder, engine, store, writer, log, drain } = await openParts(1);
  const [record] = await log.read(0, { records: 1 });
  const block = openSampleBlock(record!, 10);
  appendRecord(block, record!);
  await store.insert(block, '0-1');
  await engine.run('ALTER TABLE samples DELETE WHERE 1 SETTINGS mutations_sync = 2');
  await writeInsertPlan(folder, { from: 0, to: 1 });
  await writer.start();
  await drain();
  expect(await counts(engine)).toEqual({ raw: madeRows(1), distinct: madeRows(1) });
});

test.each([
  ['and nothing behind it', 4],
  ['and more behind it', 6],
])('a planned block whose last record is damaged in the log is stored without it, %s', async (_, records) => {
  const whole = createMadeLog(records);
  const read: SampleLog['read'] = async (from, limit) =>
    (await whole.read(from, limit)).filter(({ position }) => position !== 3);
  const { folder, engine, writer, drain } = await openParts(records, undefined, { ...whole, read });
  await writeInsertPlan(folder, { from: 0, to: 4 });
  await writer.start();
  await drain();
  expect(writer.inserted).toBe(records);
  expect(await counts(engine)).toEqual({ raw: madeRows(records - 1), distinct: madeRows(records - 1) });
});

test('a new log that begins at 0 again does not lose a block for having the positions of an old one', async () => {
  const first = await openParts(3);
  await first.writer.start();
  await first.drain();
  await first.writer.stop();
  await first.engine.stop();
  const other = createMadeLog(3);
  const read: SampleLog['read'] = async (from, limit) =>
    (await other.read(from, limit)).map((record) => ({
      ...record,
      arrivalUs: record.arrivalUs + 1_000_000,
      batch: { ...record.batch, series: record.batch.series.map((one) => one + 1000) },
    }));
  await createFileOffset(first.folder).commit(0);
  await rm(join(first.folder, 'plan.json'));
  const second = await openParts(3, first.folder, { ...other, read });
  await second.writer.start();
  await second.drain();
  expect(await counts(second.engine)).toEqual({ raw: madeRows(6), distinct: madeRows(6) });
});

test('a plan of a log that is gone hides nothing of the new one, which grows past it before the next start', async () => {
  const { folder, writer, engine } = await openParts(0);
  await writeInsertPlan(folder, { from: 2, to: 4 });
  await writer.start();
  await writer.stop();
  await engine.stop();
  const second = await openParts(6, folder);
  await second.writer.start();
  await second.drain();
  expect(await counts(second.engine)).toEqual({ raw: madeRows(6), distinct: madeRows(6) });
});

/** What is written in the place of who goes on from it, and how often that was. */
function createTenure(own: string, written: string[]) {
  return {
    own,
    isLast: (tenure: string) => written.includes(tenure),
    async begin(after?: string) {
      written.splice(0, written.length, own, ...(after === undefined ? [] : [after]));
    },
  };
}

test('a plan of before the store and the log were brought back from copies hides nothing: it is set aside and told', async () => {
  // The copy is of when the process `a` had stopped; `b` went on from there and planned its second block.
  const written = ['a'];
  const { folder, engine, writer, drain, faults } = await openParts(
    6,
    undefined,
    undefined,
    createTenure('c', written),
  );
  await writeInsertPlan(folder, { from: 3, to: 5, tenure: 'b' });
  await writer.start();
  await drain();
  expect(await counts(engine)).toEqual({ raw: madeRows(6), distinct: madeRows(6) });
  expect(faults.map(({ code }) => code)).toEqual(['telemetry.foreign-plan']);
  expect(JSON.parse(await readFile(join(folder, 'plan-set-aside.json'), 'utf8'))).toEqual({
    from: 3,
    to: 5,
    tenure: 'b',
  });
  expect(await readInsertPlan(folder)).toMatchObject({ tenure: 'c' });
  expect(written).toEqual(['c']);
});

test('one that does not say whose it is, as an earlier version wrote it, is not followed on a shared log', async () => {
  const { folder, engine, writer, drain } = await openParts(6, undefined, undefined, createTenure('c', ['a']));
  await writeInsertPlan(folder, { from: 3, to: 5 });
  await writer.start();
  await drain();
  expect(await counts(engine)).toEqual({ raw: madeRows(6), distinct: madeRows(6) });
});

test('the plan of the last who went on from the place is followed, also when its successor was cut off at its start', async () => {
  const written = ['a'];
  const first = await openParts(6, undefined, undefined, createTenure('a', written));
  await first.writer.start();
  await first.drain();
  await first.writer.stop();
  await first.engine.stop();
  const plan = (await readInsertPlan(first.folder))!;
  expect(plan).toMatchObject({ to: 6, tenure: 'a' });
  // Stored, and the place not committed; the next one began and wrote no plan of its own.
  await createFileOffset(first.folder).commit(0);
  await createTenure('b', written).begin('a');
  const second = await openParts(8, first.folder, undefined, createTenure('c', written));
  await second.writer.start();
  expect(written).toEqual(['c', 'a']);
  await second.drain();
  expect(await counts(second.engine)).toEqual({ raw: madeRows(8), distinct: madeRows(8) });
  expect(second.faults).toEqual([]);
  expect((await readInsertPlan(first.folder))?.tenure).toBe('c');
});

test('chDB killed again and again while it writes: it comes back, and every row is there once', async () => {
  const records = 2000;
  const { engine, writer, drain, faults } = await openParts(records);
  await writer.start();
  for (let kill = 0; kill < 4; kill++) {
    await expect.poll(() => engine.state, { timeout: 45_000, interval: 10 }).toBe('ready');
    const before = writer.inserted;
    await expect.poll(() => writer.inserted, { timeout: 45_000, interval: 1 }).toBeGreaterThan(before);
    process.kill(engine.pid!, 'SIGKILL');
    await expect.poll(() => engine.state, { timeout: 45_000, interval: 1 }).toBe('recovering');
  }
  await drain();
  expect(faults.every((fault) => fault.code === 'telemetry.unavailable')).toBe(true);
  expect(await counts(engine)).toEqual({ raw: madeRows(records), distinct: madeRows(records) });
}, 240_000);

test('the platform killed while it writes: its database goes with it, and the next start loses and doubles nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'luban-crash-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const records = 2000;
  const script = fileURLToPath(new URL('./crash-writer.test-support.ts', import.meta.url));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  for (const afterMs of [30, 170, 400]) {
    const child = spawn(process.execPath, ['--import', tsx, script, folder, String(records)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  const { engine, writer, drain } = await openParts(records, folder);
  await writer.start();
  await drain();
  expect(await counts(engine)).toEqual({ raw: madeRows(records), distinct: madeRows(records) });
}, 90_000);
