import { setTimeout } from 'node:timers/promises';
import { encodeBatch, toBatch, toSeries } from '@luban/contracts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { firstNode } from '../../server/src/log/log.test-support.ts';
import { type Log, type LogRecord, openLog } from '../../server/src/log/log.ts';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { type NatsCluster, startNatsCluster } from '../fixtures/cluster/nats-cluster.ts';
import { freezeAll, signalAll } from '../fixtures/family.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const random = seededRandom(20_261_126);
let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
});
// What fails half-way takes no other test with it.
afterEach(() => cluster.heal());
afterAll(() => cluster.remove());

const open = (name: string, nodes?: number[]) =>
  openLog({
    address: cluster.address(name, nodes),
    directory: '',
    maxBytes: 1 << 30,
    nowUs: () => Date.now() * 1000,
    lines: () => undefined,
  });

/** Follows the log as the store does, until `stop`; what it meets, in its order. */
async function follow(log: Log, from: number, found: LogRecord[], stop: AbortSignal): Promise<void> {
  let at = from;
  while (!stop.aborted) {
    try {
      const records = await log.read(at, {});
      found.push(...records);
      if (records.length > 0) at = records.at(-1)!.position + 1;
      else await log.waitFor(at, stop);
    } catch (error) {
      if ((error as { code?: string }).code !== 'log.unavailable') throw error;
      await setTimeout(100);
    }
  }
}

async function readAll(log: Log): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let at = log.first; ; at = found.at(-1)!.position + 1) {
    const records = await log.read(at, {});
    if (records.length === 0) return found;
    found.push(...records);
  }
}

/** Every record holds one sample: series and time say which, once. */
const readings = (records: readonly LogRecord[], series: number) =>
  records
    .filter(({ batch }) => batch.series[0] === series)
    .map(({ batch }) => ({ time: batch.time[0]!, value: batch.value[0]! }) as never);

test('nodes of NATS are killed in the middle of appends of two servers: nothing is lost, nothing doubled, order holds', async () => {
  const [first, second] = [await open('kill'), await open('kill')];
  const set = new AcknowledgedSet();
  const stop = new AbortController();
  const stopAppending = new AbortController();
  const followed: LogRecord[] = [];
  const following = follow(second, second.next, followed, stop.signal);
  const failures: string[] = [];

  const append = async (log: Log, series: number) => {
    for (let time = 1; !stopAppending.signal.aborted; time++) {
      const value = time / 4;
      set.sent(series, time, value);
      const batch = encodeBatch(toBatch([{ series: toSeries(series), time, value, quality: 0, simulated: false }]));
      await log.append(1, batch).then(
        () => set.acknowledged(series, time, value),
        (error: unknown) => failures.push(String(error)),
      );
    }
  };
  const appending = Promise.all(Array.from({ length: 16 }, (_, i) => append(i % 2 === 0 ? first : second, i + 1)));
  for (let kill = 0; kill < 4; kill++) {
    const before = set.count().acknowledged;
    await until(() => set.count().acknowledged > before + 500, 'appends get through', 60_000);
    const node = Math.floor(random() * cluster.size);
    await cluster.kill(node);
    const meanwhile = set.count().acknowledged;
    await until(() => set.count().acknowledged > meanwhile + 100, 'they do with two nodes of three', 60_000);
    await cluster.start(node);
    // Two of three must agree: the one that came back catches up before the next is killed.
    await setTimeout(2000);
  }
  stopAppending.abort();
  await appending;

  const { acknowledged } = set.count();
  expect(failures, 'a node of three is no reason to refuse').toEqual([]);
  await until(() => followed.length >= acknowledged, 'the follower has seen all');
  stop.abort();
  await following;
  // A server that only appends hears of the others' messages a few seconds later.
  await until(() => first.next >= second.next, 'the first server knows the end');
  const whole = await readAll(first);
  for (const series of set.series) {
    expect(set.faults(series, readings(whole, series)), 'read from the beginning').toEqual([]);
    expect(set.faults(series, readings(followed, series)), 'followed').toEqual([]);
  }
  console.info({ kills: 4, acknowledged });
  await first.close();
  await second.close();
}, 180_000);

test('while two of three nodes are away nothing is acknowledged, and it goes on by itself when one is back', async () => {
  const log = await open('majority');
  const idle = await open('majority');
  const append = (value: number) =>
    log.append(1, encodeBatch(toBatch([{ series: toSeries(1), time: value, value, quality: 0, simulated: false }])));
  await append(1);
  await cluster.kill(0);
  await cluster.kill(1);
  let acknowledged = false;
  // Of a machine that is slow enough it hears after half a minute that it is not taken.
  const appended = append(2).then(
    () => {
      acknowledged = true;
    },
    (error: { code?: string }) => error.code,
  );
  await until(() => !log.stats().healthy, 'it says that it is not healthy');
  expect(log.stats().fault).toMatchObject({ code: 'log.unavailable' });
  // The node that is left believes in the others until it has missed their heartbeats.
  await until(
    () =>
      log.probe!().then(
        () => false,
        (error: { code?: string }) => error.code === 'log.unavailable',
      ),
    'a question finds out',
  );
  await until(() => !idle.stats().healthy, 'who appends nothing knows it too');
  expect(acknowledged).toBe(false);
  await cluster.start(1);
  const refused = await appended;
  expect([undefined, 'log.unavailable']).toContain(refused);
  if (refused !== undefined) await until(() => append(2).then(() => true), 'appends get through', 90_000);
  // The node that came back is counted when it has caught up.
  const agrees = () =>
    log.probe!().then(
      () => true,
      () => false,
    );
  await until(agrees, 'two of three agree');
  await until(() => idle.stats().healthy, 'and that it is over');
  await idle.close();
  expect(log.stats().healthy).toBe(true);
  const found = (await readAll(log)).map(({ batch }) => batch.value[0]);
  // What was refused may come to be there all the same.
  expect(refused === undefined ? found : [...new Set(found)]).toEqual([1, 2]);
  await log.close();
  await cluster.start(0);
}, 240_000);

test('what the first of the nodes cannot bring to another is not acknowledged, however often it is tried', async () => {
  const other = await open('alone');
  const leader = Number((await firstNode(cluster.address('alone'))).slice(1));
  const log = await open('alone', [leader]);
  const frozen = [0, 1, 2].filter((node) => node !== leader).map((node) => cluster.pid(node));
  await freezeAll(frozen);
  let settled: unknown;
  const appended = log
    .append(1, encodeBatch(toBatch([{ series: toSeries(1), time: 1, value: 1, quality: 0, simulated: false }])))
    .then((position) => {
      settled = { position };
      return position;
    });
  // Until it steps down for want of the others it knows the message, and that it was tried again.
  await setTimeout(9000);
  const tooEarly = settled;
  signalAll(frozen, 'SIGCONT');
  expect(tooEarly).toBeUndefined();
  const position = await appended;
  await until(
    async () => (await readAll(log)).map((record) => record.position).join() === String(position),
    'it is there, once',
  );
  await log.close();
  await other.close();
}, 120_000);

test('a node that freezes, or whose host goes without a word, is left for another: nothing is refused', async () => {
  const other = await open('frozen');
  const first = Number((await firstNode(cluster.address('frozen'))).slice(1));
  const its = (first + 1) % cluster.size;
  // The other nodes it learns from this one.
  const log = await open('frozen', [its]);
  await freezeAll([cluster.pid(its)]);
  const one = encodeBatch(toBatch([{ series: toSeries(1), time: 1, value: 1, quality: 0, simulated: false }]));
  const positions: (number | Error)[] = [];
  for (let turn = 0; turn < 3; turn++) positions.push(await log.append(1, one).catch((error: Error) => error));
  signalAll([cluster.pid(its)], 'SIGCONT');
  expect(positions).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
  await log.close();
  await other.close();
}, 180_000);

test('of two servers that commit one consumer, the one that does not know the other’s place is refused and changes nothing', async () => {
  const [first, second] = [await open('places'), await open('places')];
  const one = encodeBatch(toBatch([{ series: toSeries(1), time: 1, value: 1, quality: 0, simulated: false }]));
  for (let i = 0; i < 4; i++) await first.append(1, one);
  await until(() => second.next === first.next, 'both know the end');
  const [mine, theirs] = [first.consumer('store'), second.consumer('store')];
  const refused = { code: 'log.position' };
  await mine.commit(1);
  await expect(theirs.commit(2), 'never looked').rejects.toMatchObject(refused);
  await theirs.reload();
  expect(theirs.committed).toBe(1);
  await theirs.commit(first.next);
  await expect(mine.commit(first.next)).rejects.toMatchObject(refused);
  // What trimming learns of other servers’ places gives nobody the right to commit over them.
  await setTimeout(6000);
  await expect(mine.commit(first.next)).rejects.toMatchObject(refused);
  expect(mine.committed).toBe(1);
  await mine.reload();
  expect(mine.committed).toBe(first.next);
  await mine.commit(first.next);
  await expect(theirs.commit(first.next), 'the same place is a commit too').rejects.toMatchObject(refused);
  await first.close();
  await second.close();
}, 60_000);

test('a commit that a server kept and could not answer is known as this server’s own', async () => {
  const log = await open('answers');
  const one = encodeBatch(toBatch([{ series: toSeries(1), time: 1, value: 1, quality: 0, simulated: false }]));
  const store = log.consumer('store');
  let refused = 0;
  for (let round = 0; round < 6; round++) {
    await log.append(1, one);
    const node = round % cluster.size;
    const committing = store.commit(log.next).catch((error: { code?: string }) => {
      expect(error.code, 'nobody else commits').toBe('log.unavailable');
      refused++;
    });
    await cluster.kill(node);
    await committing;
    await cluster.start(node);
    await until(() => log.append(1, one).then(() => true), 'appends get through', 60_000);
  }
  await until(
    () =>
      store.commit(log.next).then(
        () => true,
        () => false,
      ),
    'it commits again',
    30_000,
  );
  await store.reload();
  expect(store.committed).toBe(log.next);
  console.info({ refused });
  await log.close();
}, 300_000);
