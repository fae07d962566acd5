import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchSample, decodeBatch, newId, type Sample, toSeries } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBroker, createListener, type HeardBatch, until } from '../broker-fixture.ts';
import { type Outbox, openOutbox } from '../outbox/outbox.ts';
import type { OutboxRecord } from '../outbox/outbox-record.ts';
import { createDrain } from './drain.ts';
import type { Outcome, Refusal } from './outcome.ts';
import { type Connection, createUplink } from './uplink.ts';

const start = 1_790_000_000_000_000;
const device = newId('device');
let directory: string;
let outbox: Outbox;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-drain-'));
  outbox = await openOutbox({
    directory,
    limitBytes: 100_000_000,
    onLoss: async (lost) => {
      throw new Error(`lost ${JSON.stringify(lost)}`);
    },
    onFault: () => undefined,
    onDrained: () => undefined,
    now: Date.now,
  });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function counted(from: number, count: number, series: number): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    series: toSeries(series),
    time: start + (from + i) * 1000,
    value: from + i,
    quality: 0,
    simulated: false,
  }));
}

async function stored(records: number, samplesEach = 500): Promise<void> {
  for (let i = 0; i < records; i++) {
    const before = outbox.next;
    outbox.put(device, counted(i * samplesEach, samplesEach, 1));
    await until(() => outbox.next > before, 'a record is stored');
  }
}

/** A platform that answers after a while, as `answer` says; `heard` holds what came, in order. */
function slowPlatform(delayMs: number, answer: (heard: HeardBatch, nth: number) => Outcome) {
  const heard: HeardBatch[] = [];
  const ended = new AbortController();
  const connection: Connection = {
    async send(_topic, payload) {
      const batch = decodeBatch(payload);
      const samples = Array.from({ length: batch.count }, (_, i) => batchSample(batch, i));
      const one = { sequence: batch.sequence, backlog: batch.backlog, atMs: Date.now(), samples };
      heard.push(one);
      const nth = heard.length;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return answer(one, nth);
    },
    ended: ended.signal,
    window: 16,
  };
  return { heard, connection: async (signal: AbortSignal) => (signal.aborted ? null : connection) };
}

function startDrain(connection: (signal: AbortSignal) => Promise<Connection | null>) {
  const aside: [OutboxRecord, Refusal][] = [];
  const drain = createDrain({
    outbox,
    connection,
    setAside: async (record, refusal) => {
      aside.push([record, refusal]);
    },
    onFault: () => undefined,
    now: Date.now,
  });
  drain.start();
  return { ...drain, aside };
}

test('what is put now goes out at once, while a long backlog drains beside it', async () => {
  await stored(120, 500);
  const platform = slowPlatform(100, () => ({ kind: 'acknowledged' }));
  const drain = startDrain(platform.connection);
  await until(() => platform.heard.length > 0, 'the backlog begins to drain');
  outbox.put(device, counted(1_000_000, 500, 2));
  await until(() => outbox.state().samples === 0, 'everything is acknowledged');
  const live = platform.heard.findIndex(({ backlog }) => !backlog);
  expect(live).toBeGreaterThan(0);
  expect(live).toBeLessThan(60);
  const backlog = platform.heard.filter((batch) => batch.backlog).map(({ sequence }) => sequence);
  expect(backlog).toEqual(Array.from({ length: 120 }, (_, i) => i));
  expect(drain.lagMs()).toBeGreaterThanOrEqual(90);
  await drain.stop();
  await outbox.stop();
});

test('a busy platform gets the same batches again, later, in order', async () => {
  await stored(30, 500);
  const platform = slowPlatform(5, (_, nth) =>
    nth === 10 ? { kind: 'later', reason: 'quota' } : { kind: 'acknowledged' },
  );
  const drain = startDrain(platform.connection);
  await until(() => outbox.state().samples === 0, 'everything is acknowledged');
  const first = [...new Set(platform.heard.map(({ sequence }) => sequence))];
  expect(first).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(platform.heard.filter(({ sequence }) => sequence === 9)).toHaveLength(2);
  expect(drain.aside).toEqual([]);
  await drain.stop();
  await outbox.stop();
});

test('what the platform will never take is set aside, and only that: every other point goes on', async () => {
  const other = newId('device');
  for (let i = 0; i < 10; i++) {
    for (let series = 1; series <= 40; series++) outbox.put(device, counted(i * 10, 10, series));
    outbox.put(other, counted(i * 200, 200, 99));
    const before = outbox.next;
    await until(() => outbox.next > before, 'a record is stored');
  }
  const refused: Refusal = { kind: 'refused', reasonCode: 0x87, reason: 'Not authorized' };
  const taken = new Map<number, unknown[]>();
  const platform = slowPlatform(1, ({ samples }) => {
    if (samples.some(({ series }) => series === 7)) return refused;
    for (const { series, value } of samples) taken.set(series, [...(taken.get(series) ?? []), value]);
    return { kind: 'acknowledged' };
  });
  const drain = startDrain(platform.connection);
  await until(() => outbox.state().samples === 0, 'everything is settled');
  const aside = drain.aside.flatMap(([{ devices }]) => devices);
  expect(aside.every(([whose]) => whose === device)).toBe(true);
  expect(aside.reduce((sum, [, count]) => sum + count, 0)).toBe(100);
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
  const numbers = (series: number) =>
    taken
      .get(series)!
      .map(Number)
      .sort((a, b) => a - b);
  for (let series = 1; series <= 40; series++) if (series !== 7) expect(numbers(series)).toEqual(upTo(100));
  expect(numbers(99)).toEqual(upTo(2000));
  await drain.stop();
  await outbox.stop();
});

test('over a broker that is killed and restarted everything arrives, each lane in order, and the outbox empties', async () => {
  const broker = await createBroker();
  await broker.start();
  const listener = await createListener(broker.url);
  const uplink = createUplink({
    url: broker.url,
    edge: newId('edge'),
    key: 'secret',
    onConfiguration: () => undefined,
    event: () => undefined,
  });
  let drain = startDrain(uplink.connection);
  uplink.start();
  let count = 0;
  const counting = setInterval(() => {
    outbox.put(device, counted(count, 20, 1));
    count += 20;
  }, 5);
  const heardSamples = () => listener.batches.flatMap(({ samples }) => samples);
  for (let round = 0; round < 3; round++) {
    const before = heardSamples().length;
    await until(() => heardSamples().length > before + 1000, 'samples flow');
    const subscriptions = listener.subscriptions();
    await broker.kill();
    await new Promise((resolve) => setTimeout(resolve, 700));
    // This broker forgets its subscribers: it would acknowledge the first batches and give them to nobody. The real
    // platform is the broker itself; here its stand-in gets a head start.
    await drain.stop();
    await broker.start();
    await until(() => listener.subscriptions() > subscriptions, 'the platform listens again');
    drain = startDrain(uplink.connection);
  }
  clearInterval(counting);
  await until(() => outbox.state().samples === 0, 'everything is acknowledged');
  const seen = new Set(heardSamples().map(({ value }) => Number(value)));
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  for (const backlog of [true, false]) {
    const firsts = new Set(listener.batches.filter((b) => b.backlog === backlog).map(({ sequence }) => sequence));
    const order = [...firsts];
    expect(order.length).toBeGreaterThan(0);
    if (!backlog) expect(order).toEqual([...order].sort((a, b) => a - b));
  }
  await Promise.all([drain.stop(), uplink.stop()]);
  await outbox.stop();
  await listener.close();
  await broker.remove();
}, 60_000);
