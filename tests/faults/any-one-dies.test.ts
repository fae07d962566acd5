import { setTimeout } from 'node:timers/promises';
import type { EdgeAccount, SeriesBuckets } from '@luban/contracts';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { AcknowledgedSet, allReadings } from '../fixtures/acknowledged-set.ts';
import type { ApiClient } from '../fixtures/api-client.ts';
import { keepRunning } from '../fixtures/cluster/kept-running.ts';
import { makeWholeCluster, type VictimKind, victims, type WholeCluster } from '../fixtures/cluster/whole-cluster.ts';
import { createCounterDevice } from '../fixtures/counter-device.ts';
import { createEdgeProcess } from '../fixtures/edge-process.ts';
import { signalAll } from '../fixtures/family.ts';
import { inShort } from '../fixtures/fault-run.ts';
import { startNumberedSenders } from '../fixtures/numbered-senders.ts';
import { addCounterDevice, addThing, type MadeThing } from '../fixtures/plant-records.ts';
import type { Platform } from '../fixtures/platform-process.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const seed = Number(process.env.LUBAN_TEST_SEED ?? 20_261_126);
const random = seededRandom(seed);
const rounds = inShort<number>(4, 28);
const set = new AcknowledgedSet();
let cluster: WholeCluster;
let api: ApiClient;
/** At each door one by MQTT and one by HTTP. */
let senders: { name: string; way: string; door: number; thing: MadeThing }[];

beforeAll(async () => {
  cluster = await makeWholeCluster();
  api = await cluster.start();
  senders = [];
  for (const door of [0, 1])
    for (const way of ['MQTT', 'HTTP'])
      senders.push({
        name: `${way} at door ${door}`,
        way,
        door,
        thing: await addThing(api, `${way}-${door}`, way === 'MQTT' ? 3 : 1),
      });
}, 180_000);
afterAll(() => cluster?.remove());

/** Everyone in turn, in an order of chance; the short form has the two engines, the leader and one more. */
function planned(): VictimKind[] {
  const shuffled = (kinds: readonly VictimKind[]) =>
    kinds.map((kind) => ({ kind, at: random() })).sort((a, b) => a.at - b.at);
  const engines: VictimKind[] = ['PostgreSQL', 'ClickHouse', 'leader'];
  const others = victims.filter((kind) => !engines.includes(kind));
  const plan = inShort(
    [...engines, shuffled(others)[0]!.kind],
    Array.from({ length: rounds / victims.length }, () => shuffled(victims).map(({ kind }) => kind)).flat(),
  );
  return plan;
}

const acknowledgedOf = (thing: MadeThing) => set.count(thing.series).acknowledged;

test(`whichever one dies or freezes, ${rounds} times: every acknowledged sample is stored once, with its value, and others go on meanwhile`, async () => {
  const edge = await createEdgeProcess(api, { platform: cluster.doors[0].url, mqttPort: cluster.doors[0].mqttPort });
  const device = await createCounterDevice();
  const counted = await addThing(api, 'COUNTER-1');
  await addCounterDevice(api, {
    ...{ name: 'Counter', edge: edge.id, thing: counted.id, port: device.port, pollIntervalMs: 100 },
  });
  await edge.start();

  const sending = [0, 1].map((door) => {
    const [byMqtt, byHttp] = senders.filter((one) => one.door === door).map(({ thing }) => thing);
    const platform = cluster.doors[door]!;
    return startNumberedSenders({ platform, byMqtt: byMqtt!, byHttp: byHttp!, set, random: Math.random, everyMs: 50 });
  });
  const names = ['api', 'writer 0', 'writer 1', 'door 0', 'door 1'];
  const down = new Set<Platform>();
  const kept = keepRunning(new Map(cluster.servers.map((server, i) => [server, names[i]!])), down);
  const stop = new AbortController();
  // Whatever fails: nothing is started again, asked or sent while all are removed.
  onTestFinished(async () => {
    stop.abort();
    await Promise.all([kept.stop(), ...sending.map((one) => one.stop()), edge.remove()]);
  });
  const reading = readAlong(stop.signal);
  const longest = watchSilence(stop.signal);

  /** Each of these senders gets something through. */
  async function progress(of: typeof senders, when: string): Promise<void> {
    const before = of.map(({ thing }) => acknowledgedOf(thing));
    const still = () => of.filter(({ thing }, i) => acknowledgedOf(thing) < before[i]! + 60);
    await until(() => still().length === 0, '', 90_000).catch(() => {
      throw new Error(`nothing is acknowledged ${when} to ${still().map(({ name }) => name)}`);
    });
  }

  const done: string[] = [];
  for (const kind of planned()) {
    await progress(senders, 'before the next round');
    const victim = await cluster.victim(kind, random);
    // By HTTP a key is looked up in the records at each request: 503 while they are away, and sent again.
    const others = senders.filter(
      ({ door, way }) => cluster.doors[door] !== victim.server && !(kind === 'PostgreSQL' && way === 'HTTP'),
    );
    const freezes = random() < inShort(0, 0.3);
    await setTimeout(random() * 1500);
    const sinceMs = Date.now();
    longest.clear();
    if (freezes) {
      const pids = await victim.pids();
      signalAll(pids, 'SIGSTOP');
      // A leader that sleeps so long may wake after it was taken over from.
      await setTimeout(1000 + random() * (kind === 'leader' ? 15_000 : 5000));
      await progress(others, `while ${victim.name} is frozen`);
      signalAll(pids, 'SIGCONT');
    } else {
      if (victim.server) down.add(victim.server);
      await victim.kill();
      await progress(others, `while ${victim.name} is away`);
      // Started again at once it leads on; who stays away is taken over from.
      if (kind === 'leader' && random() < inShort(1, 0.5)) await cluster.leader();
      else await setTimeout(random() * 2000);
      const starting = victim.start();
      // A machine that loses power twice: the start itself is killed too.
      if (victim.server && random() < inShort(0, 0.25)) {
        starting.catch(() => undefined);
        await setTimeout(random() * 1500);
        await victim.kill();
        await victim.start();
      } else await starting;
      if (victim.server) down.delete(victim.server);
    }
    const away = Date.now() - sinceMs;
    await progress(senders, `after ${victim.name} is back`);
    done.push(`${freezes ? 'froze' : 'killed'} ${victim.name} ${away} ms; silent at most ${longest.told()}`);
    console.info(done.at(-1));
    if (kind === 'NATS') await setTimeout(3000); // it catches up before the next node goes
  }

  await Promise.all(sending.map((one) => one.stop()));
  stop.abort();
  const readings = await reading;
  await kept.stop();
  console.info({ seed, ...set.count(), readings, endings: kept.endings });

  await cluster.leader();
  await until(async () => (await set.compare(api)).length === 0, 'all is visible', 60_000).catch(() => undefined);
  expect(await set.compare(api), 'as the API server reads it').toEqual([]);
  await until(async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0, 'the store has caught up', 60_000);
  expect(await set.compare(api), 'read from the store').toEqual([]);
  for (const { name, thing } of senders)
    for (const series of thing.series)
      expect(await summedUp(series), `${name}: sums count each once`).toBe((await allReadings(api, series)).length);
  expect(readings.faults).toEqual([]);
  // Only a leader may end by itself: when it has lost its lease.
  expect(kept.endings.filter(({ words }) => !words.includes('its lease could not be renewed'))).toEqual([]);

  await device.proxy.refuse();
  let account: EdgeAccount | undefined;
  let stored = 0;
  await until(
    async () => {
      account = (await api.get(`/api/v1/edges/${edge.id}/account`)) as EdgeAccount;
      stored = (await allReadings(api, counted.series[0]!)).length;
      const told = account.edge;
      return told?.backlog === 0 && told.acknowledged === stored && told.collected === stored;
    },
    'all that the edge collected is stored, and it knows',
    60_000,
  ).catch(() => undefined);
  expect(account).toMatchObject({
    edge: { backlog: 0, acknowledged: stored, collected: stored },
    check: { state: 'ok' },
  });
  expect(account!.platform.received - account!.platform.repeated).toBe(stored);
  console.info({ fromTheEdge: stored });
  await device.close();
}, 1_500_000); // for hangs only

/** How many samples the sums of a series count. */
async function summedUp(series: number): Promise<number> {
  const hourUs = 3_600_000_000;
  const to = (Math.floor((Date.now() * 1000) / hourUs) + 1) * hourUs;
  const { items } = await api.get(`/api/v1/readings/buckets?series=${series}&from=${to - 6 * hourUs}&to=${to}&count=6`);
  return (items[0] as SeriesBuckets).buckets.reduce((sum, { count }) => sum + count, 0);
}

/** The longest time without an acknowledgement, for each sender since the last `clear`. */
function watchSilence(stop: AbortSignal) {
  const longest = new Map<string, number>();
  void (async () => {
    const last = senders.map(({ thing }) => ({ count: acknowledgedOf(thing), atMs: Date.now() }));
    for (; !stop.aborted; await setTimeout(50))
      for (const [i, { name, thing }] of senders.entries()) {
        const count = acknowledgedOf(thing);
        const silentMs = Date.now() - last[i]!.atMs;
        longest.set(name, Math.max(longest.get(name) ?? 0, silentMs));
        if (count > last[i]!.count) last[i] = { count, atMs: Date.now() };
      }
  })();
  return {
    clear: () => longest.clear(),
    told: () => [...longest].map(([name, ms]) => `${name} ${ms} ms`).join(', '),
  };
}

/** Asks the API server for the newest of each series again and again: it may refuse, but never answer what is not so. */
async function readAlong(stop: AbortSignal) {
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  const newest = new Map<number, number>();
  for (let turn = 0; !stop.aborted; turn++, await setTimeout(200)) {
    const { series } = senders[turn % senders.length]!.thing;
    const one = series[0]!;
    const from = newest.get(one) ?? 0;
    const answer = await api
      .request('GET', `/api/v1/readings/range?series=${one}&from=${from}&to=${Number.MAX_SAFE_INTEGER}&limit=20000`)
      .catch(() => undefined);
    const status = answer?.status ?? 'none';
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (answer === undefined || answer.status !== 200) {
      if (answer?.status === 500) faults.push(`500: ${answer.text.slice(0, 500)}`);
      continue;
    }
    const { readings } = answer.body.items[0];
    // What was read once is there for ever.
    if (from !== 0 && readings[0]?.time !== from) faults.push(`${one} at ${from} was read and is gone`);
    faults.push(...set.faults(one, readings).filter((fault) => !fault.includes('acknowledged are missing')));
    newest.set(one, readings.at(-1)?.time ?? from);
  }
  return { statuses, faults: faults.slice(0, 20) };
}
