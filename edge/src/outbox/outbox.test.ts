import { spawn } from 'node:child_process';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { batchSample, type DeviceId, decodeBatch, newId, type Sample, toSeries } from '@luban/contracts';
import { openJournal } from '@luban/journal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../broker-fixture.ts';
import type { OutboxLoss } from './losses.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import type { OutboxRecord } from './outbox-record.ts';

const start = 1_790_000_000_000_000;
const device = newId('device');
let directory: string;
let losses: OutboxLoss[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-outbox-'));
  losses = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const openHere = (limitBytes = 100_000_000) =>
  openOutbox({
    directory,
    limitBytes,
    onLoss: async (lost) => {
      losses.push(...lost);
    },
    onFault: () => undefined,
    onDrained: () => undefined,
    now: Date.now,
  });

function counted(from: number, count: number, series = 1): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    series: toSeries(series),
    time: start + (from + i) * 1000,
    value: from + i,
    quality: 0,
    simulated: false,
  }));
}

async function all(outbox: Outbox): Promise<OutboxRecord[]> {
  const found: OutboxRecord[] = [];
  for (const { from, to } of outbox.missing(outbox.next))
    for (let at = from; at < to; ) {
      const records = await outbox.read(at);
      if (records.length === 0) break;
      for (const record of records) {
        if (record.position < to) found.push(record);
        at = record.position + 1;
      }
    }
  return found;
}

function valuesOf(records: readonly OutboxRecord[], series = 1): unknown[] {
  return records
    .flatMap((record) => {
      const batch = decodeBatch(record.batch);
      return Array.from({ length: batch.count }, (_, i) => batchSample(batch, i));
    })
    .filter((sample) => sample.series === series)
    .map(({ value }) => value);
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Puts as a driver does: waits when asked, and until each thousand is on disk, so that records are of like size. */
async function putAll(outbox: Outbox, samples: readonly Sample[], of: DeviceId = device): Promise<void> {
  for (let i = 0; i < samples.length; i += 1000) {
    const before = outbox.next;
    await outbox.put(of, samples.slice(i, i + 1000));
    await until(() => outbox.next > before, 'a record is stored');
  }
}

test('what was put is there after a new start, in order and counted', async () => {
  let outbox = await openHere();
  for (let i = 0; i < 2345; i++) outbox.put(device, counted(i, 1));
  expect(outbox.state().samples).toBe(2345);
  await outbox.stop();
  outbox = await openHere();
  expect(outbox.state().samples).toBe(2345);
  expect(valuesOf(await all(outbox))).toEqual(upTo(2345));
  expect(await outbox.oldestMs()).toBe(start / 1000);
  await outbox.stop();
});

test('an acknowledged record does not come again, in whatever order acknowledgements came', async () => {
  let outbox = await openHere();
  await putAll(outbox, counted(0, 10_000));
  const records = await all(outbox);
  expect(records).toHaveLength(10);
  outbox.settle([records[7]!, records[0]!, records[3]!]);
  await outbox.stop();
  outbox = await openHere();
  expect((await all(outbox)).map(({ position }) => position)).toEqual([1, 2, 4, 5, 6, 8, 9]);
  expect(outbox.state().samples).toBe(7000);
  await outbox.stop();
});

test('at its limit the oldest go and every one of them is in the ledger, for each device', async () => {
  const other = newId('device');
  const limitBytes = 1_048_576;
  const outbox = await openHere(limitBytes);
  for (let i = 0; i < 60; i++) {
    await putAll(outbox, counted(i * 1000, 1000), device);
    await putAll(outbox, counted(i * 1000, 1000, 2), other);
  }
  const left = await all(outbox);
  const mine = valuesOf(left, 1);
  const lostOf = (id: DeviceId) => losses.filter((l) => l.device === id).reduce((sum, l) => sum + l.samplesLost!, 0);
  expect(lostOf(device)).toBeGreaterThan(0);
  expect(lostOf(device) + mine.length).toBe(60_000);
  expect(lostOf(other) + valuesOf(left, 2).length).toBe(60_000);
  expect(mine).toEqual(upTo(60_000).slice(-mine.length));
  expect(losses.every(({ why }) => why === 'outbox-full')).toBe(true);
  expect(outbox.state()).toMatchObject({
    samples: mine.length + valuesOf(left, 2).length,
    cause: { code: 'outbox.full' },
  });
  await outbox.stop();
  const journal = join(directory, 'journal');
  const files = (await readdir(journal)).filter((name) => name.endsWith('.seg'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(journal, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThanOrEqual(limitBytes);
});

test('damage on the disk costs the damaged records only, and they are counted in the ledger', async () => {
  let outbox = await openHere();
  await putAll(outbox, counted(0, 10_000));
  await outbox.stop();
  const journal = join(directory, 'journal');
  const name = (await readdir(journal)).find((file) => file.endsWith('.seg'))!;
  const file = await open(join(journal, name), 'r+');
  await file.write(Buffer.from([1, 2, 3]), 0, 3, 45_000); // in the third record of about 16 kB
  await file.close();
  outbox = await openHere();
  const left = valuesOf(await all(outbox));
  await until(() => losses.length > 0, 'the loss is told');
  expect(left).toHaveLength(9000);
  expect(losses).toMatchObject([{ why: 'outbox-damaged', device: null, samplesLost: 1000 }]);
  expect(outbox.state().samples).toBe(9000);
  await outbox.stop();
});

test('a record that this program does not understand is passed over and told, whatever follows it is kept', async () => {
  const journal = await openJournal({ directory: join(directory, 'journal') });
  for (let i = 0; i < 70; i++) await journal.append(Buffer.from('of another version'));
  await journal.close();
  const outbox = await openHere();
  await putAll(outbox, counted(0, 1000));
  expect(valuesOf(await all(outbox))).toEqual(upTo(1000));
  expect(losses).toHaveLength(70);
  await outbox.stop();
});

test('a text too large for one record is stored in several', async () => {
  const outbox = await openHere();
  const samples = counted(0, 100).map((sample) => ({ ...sample, value: 'x'.repeat(60_000) }));
  await outbox.put(device, samples);
  await until(() => outbox.next > 1, 'several records are stored');
  await until(() => outbox.state().bytes > 6_000_000, 'all of it is stored');
  const records = await all(outbox);
  expect(valuesOf(records)).toHaveLength(100);
  expect(Math.max(...records.map(({ bytes }) => bytes))).toBeLessThan(1_100_000);
  await outbox.stop();
});

test('killed at any moment, five times, it keeps every record that it had stored', async () => {
  let known = 0;
  for (let round = 0; round < 5; round++) {
    const script = join(import.meta.dirname, 'outbox-kill-child.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    const lines = createInterface({ input: child.stdout });
    const beyond = known + 3 + Math.floor(Math.random() * 40);
    await new Promise<void>((resolve, reject) => {
      child.once('close', () => reject(new Error('the child ended by itself')));
      lines.on('line', (line) => {
        known = Math.max(known, Number(line));
        if (known >= beyond) resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
    child.kill('SIGKILL');
    await closed;
    const outbox = await openHere();
    const values = valuesOf(await all(outbox));
    expect(outbox.next).toBeGreaterThanOrEqual(known);
    expect(values).toEqual(upTo(values.length));
    await outbox.stop();
  }
  expect(losses).toEqual([]);
}, 60_000);
