import { encodeBatch, qualityCode, toBatch, toSeries } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTestLog } from './log.test-support.ts';
import type { Log, LogRecord } from './log.ts';

let made: Awaited<ReturnType<typeof makeTestLog>>;
beforeEach(async () => {
  made = await makeTestLog();
});
afterEach(() => made.remove());

const sample = (value: number | string) => ({
  series: toSeries(1),
  time: 5,
  value,
  quality: qualityCode('good'),
  simulated: false,
});
const bytes = (value: number) => encodeBatch(toBatch([sample(value)]));
/** About 32 kB. */
const large = (value: number) => encodeBatch(toBatch([sample(value), sample('x'.repeat(32_000))]));
const numberIn = ({ batch }: LogRecord) => batch.value[0];

/** All records from `from` on, in reads of this size. */
async function readAll(log: Log, from: number, limit: { records?: number; bytes?: number } = {}): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let at = from; ; at = found.at(-1)!.position + 1) {
    const records = await log.read(at, limit);
    if (records.length === 0) return found;
    found.push(...records);
  }
}

test('the log gives back each batch with its tenant and an arrival that only grows, also after opening again', async () => {
  // A clock that stands still and one that goes back: arrival must grow all the same, it decides which write is the later.
  const clock = [1000, 1000, 900];
  const nowUs = () => clock.shift() ?? 900;
  const log = await made.open({ nowUs });
  const positions: number[] = [];
  for (const [tenant, value] of [
    [1, 10],
    [2, 20],
    [1, 30],
  ] as const)
    positions.push(await log.append(tenant, bytes(value)));
  await log.consumer('test').commit(positions[1]!);
  await log.close();

  const again = await made.open({ nowUs });
  const records = await again.read(again.consumer('test').committed, { records: 10 });
  expect(records.map((record) => [record.position, record.tenant, numberIn(record)])).toEqual([
    [positions[1], 2, 20],
    [positions[2], 1, 30],
  ]);
  await again.append(1, bytes(40));
  const [, , later] = await again.read(positions[1]!, { records: 10 });
  expect(records[1]!.arrivalUs).toBeGreaterThan(records[0]!.arrivalUs);
  expect(later!.arrivalUs).toBeGreaterThan(records[1]!.arrivalUs);
  await again.close();
});

test('what is appended side by side is read in the order of its positions, each once, however much a read takes', async () => {
  const log = await made.open();
  const values = Array.from({ length: 3000 }, (_, i) => i);
  const positions = await Promise.all(values.map((value) => log.append(1, bytes(value))));
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
  for (const limit of [{}, { records: 1000 }, { records: 7, bytes: 200 }]) {
    const records = await readAll(log, log.first, limit);
    expect(records.map(numberIn)).toEqual(values);
    expect(records.map(({ position }) => position)).toEqual(positions);
  }
  await log.close();
  const again = await made.open();
  expect((await readAll(again, positions[2500]!)).map(numberIn)).toEqual(values.slice(2500));
  await again.close();
});

test('what joins others on the way is durable with them, in the order of the calls', async () => {
  const log = await made.open();
  const values = Array.from({ length: 300 }, (_, i) => i);
  const firsts = await Promise.all(
    values.map(async (value) => (value % 10 === 0 ? log.append(1, bytes(value)) : log.join(1, bytes(value)))),
  );
  const records = await readAll(log, log.first);
  expect(records.map(numberIn)).toEqual(values);
  for (const [i, { position }] of records.entries()) {
    if (i % 10 === 0) expect(firsts[i]).toBe(position);
    else expect(firsts[i]).toBeLessThanOrEqual(position);
  }
  await log.close();
  await expect(log.join(1, bytes(0))).rejects.toMatchObject({ code: expect.stringMatching(/\.closed$/) });
});

test('a read gives at least one record, whatever its limit', async () => {
  const log = await made.open();
  await log.append(1, large(1));
  await log.append(1, large(2));
  expect((await log.read(log.first, { bytes: 1 })).map(numberIn)).toEqual([1]);
  await log.close();
});

test('it says how much waits, and nothing waits behind the end', async () => {
  const log = await made.open();
  expect(log.behind(log.first)).toBe(0);
  for (let i = 0; i < 5; i++) await log.append(1, bytes(i));
  expect(log.behind(log.first)).toBe(5);
  expect(log.behind(log.next)).toBe(0);
  const last = (await readAll(log, log.first)).at(-1)!;
  expect(last.position + 1, 'behind the last record is the end').toBe(log.next);
  await log.close();
});

test('it finds the record so many before a position, however records came together', async () => {
  const log = await made.open();
  expect(await log.positionBefore(log.next, 5), 'nothing is kept').toBe(log.first);
  const positions: number[] = [];
  for (const together of [1, 40, 1, 300, 1, 1, 20]) {
    const appended = Array.from({ length: together }, (_, i) => log.append(1, bytes(i)));
    positions.push(...(await Promise.all(appended)));
  }
  for (const at of [1, 2, 41, 42, 200, 342, 343, positions.length - 1])
    for (const records of [1, 2, 40, 41, 299, 300, 301, 362, 1000])
      expect(await log.positionBefore(positions[at]!, records), `${records} before record ${at}`).toBe(
        at < records ? log.first : positions[at - records],
      );
  expect(await log.positionBefore(log.next, 1)).toBe(positions.at(-1));
  expect(await log.positionBefore(log.next, positions.length)).toBe(positions[0]);
  await log.close();
});

test('who waits for a record is woken by it, by their own signal, or by the end of the log', async () => {
  const log = await made.open();
  const never = new AbortController().signal;
  const next = log.waitFor(log.next, never);
  await log.append(1, bytes(1));
  expect(await next).toBe(true);
  expect(await log.waitFor(log.first, never)).toBe(true);
  const impatient = new AbortController();
  const aborted = log.waitFor(log.next, impatient.signal);
  impatient.abort();
  expect(await aborted).toBe(false);
  const closed = log.waitFor(log.next, never);
  await log.close();
  expect(await closed).toBe(false);
});

test('a consumer keeps its place, a new one begins at the first record, and none stands behind the end', async () => {
  const log = await made.open();
  for (let i = 0; i < 3; i++) await log.append(1, bytes(i));
  const { next } = log;
  const keeper = log.consumer('keeper');
  expect(keeper.committed).toBe(log.first);
  await keeper.commit(next);
  await keeper.commit(log.first);
  await keeper.commit(next);
  await expect(keeper.commit(next + 1)).rejects.toMatchObject({ code: expect.stringMatching(/\.position$/) });
  await log.close();
  const again = await made.open();
  expect(again.consumer('keeper').committed).toBe(next);
  expect(again.consumer('newcomer').committed).toBe(again.first);
  await again.close();
});

test('a consumer that looks for what others have committed finds its own place, and commits from there, side by side too', async () => {
  const log = await made.open();
  const positions: number[] = [];
  for (let i = 0; i < 5; i++) positions.push(await log.append(1, bytes(i)));
  const keeper = log.consumer('keeper');
  await keeper.reload();
  expect(keeper.committed).toBe(log.first);
  await Promise.all(positions.map((position) => keeper.commit(position)));
  await keeper.reload();
  expect(keeper.committed).toBe(positions.at(-1));
  await log.consumer('keeper').commit(log.next);
  await log.close();
  const again = await made.open();
  await again.consumer('keeper').reload();
  expect(again.consumer('keeper').committed).toBe(again.next);
  await again.close();
});

test('full of what no consumer has taken it refuses, and when all is taken it has room again', async () => {
  const log = await made.open({ maxBytes: 2 << 20 });
  const consumer = log.consumer('store');
  const appended: number[] = [];
  let refused: unknown;
  for (let i = 0; refused === undefined && i < 100; i++) {
    await log.append(1, large(i)).then(
      () => appended.push(i),
      (error: unknown) => {
        refused = error;
      },
    );
  }
  expect(refused).toMatchObject({ code: expect.stringMatching(/\.full$/) });
  expect(log.stats()).toMatchObject({ healthy: false, fault: { code: expect.stringMatching(/\.full$/) } });
  expect((await readAll(log, log.first)).map(numberIn)).toEqual(appended);
  await consumer.commit(log.next);
  const { first } = log;
  await log.append(1, large(100));
  expect(log.first).toBeGreaterThan(first);
  expect((await readAll(log, consumer.committed)).map(numberIn)).toEqual([100]);
  expect(log.stats()).toMatchObject({ healthy: true, fault: null });
  await log.close();
});

test('a closed log refuses, and what was appended before is there', async () => {
  const log = await made.open();
  const appending = Array.from({ length: 10 }, (_, i) => log.append(1, bytes(i)));
  await log.close();
  await Promise.all(appending);
  await expect(log.append(1, bytes(11))).rejects.toMatchObject({ code: expect.stringMatching(/\.closed$/) });
  const again = await made.open();
  expect((await readAll(again, again.first)).map(numberIn)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  await again.close();
});
