import { setTimeout } from 'node:timers/promises';
import { type Bench, jobOf, runLoad, walkSeries } from '../bench.ts';
import type { LoadJob } from '../load/load-job.ts';
import { measure, quantile } from '../measures.ts';
import { formatNumber, type Row } from '../table.ts';

const dayUs = 86_400_000_000;

/** The day that one series holds at one sample a second. */
export interface BackfilledDay {
  readonly series: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Times of questions while the platform takes half of `samplesPerSecond`, beside the same questions at rest. */
export async function queryRows(
  bench: Bench,
  samplesPerSecond: number,
): Promise<{ rows: Row[]; day: BackfilledDay; bucketsMs: Row }> {
  const { api, thing, options } = bench;
  const day = await backfill(bench);
  await bench.quiet();
  const points = thing.points.slice(0, walkSeries).map(({ series }) => series);
  const latest = `/readings/latest?series=${points.join(',')}`;
  const buckets = `/readings/buckets?series=${day.series}&from=${day.fromUs}&to=${day.toUs}&count=500`;
  const idle = {
    latest: await times(api.get, latest, options.sizes.queries),
    buckets: await times(api.get, buckets, options.sizes.queries),
  };

  const messagesPerSecond = Math.max(20, Math.floor(samplesPerSecond / 2 / 500));
  const job = jobOf(bench, {
    door: 'mqtt',
    connections: 4,
    window: 64,
    messages: Math.ceil((messagesPerSecond * options.sizes.querySeconds) / 4) * 4,
    samplesPerMessage: 500,
    messagesPerSecond,
  });
  const load = runLoad(bench, job);
  let ended = false;
  const end = load.then(
    () => (ended = true),
    () => (ended = true),
  );
  await setTimeout(1500); // past the encoding
  const busy = { latest: [] as number[], buckets: [] as number[] };
  while (!ended) {
    busy.latest.push(...(await times(api.get, latest, 1)));
    busy.buckets.push(...(await times(api.get, buckets, 1)));
    await setTimeout(50);
  }
  await end;
  const { fault: loadFault } = await load;
  const found = await api.get<{ items: { buckets: { count: number }[] }[] }>(buckets);
  const counted = found.items[0]!.buckets.reduce((sum, { count }) => sum + count, 0);
  const fault =
    loadFault ??
    (counted === dayUs / 1e6 ? null : `the buckets of the day count ${counted} samples`) ??
    (await bench.countFault());
  const note = (all: number[]) =>
    `${all.length} questions while ${formatNumber(messagesPerSecond * 500)} samples/s come in; 95 % within ${formatNumber(
      quantile(
        [...all].sort((a, b) => a - b),
        0.95,
      ),
    )} ms`;
  const bucketsMs: Row = {
    id: 'buckets',
    name: { zh: '写入时查询 24 小时/500 桶', en: '24 h in 500 buckets while ingesting' },
    unit: 'ms',
    result: measure(busy.buckets),
    limits: [{ name: 'the same at rest', result: measure(idle.buckets) }],
    aim: null,
    notes: [note(busy.buckets)],
    fault,
  };
  const latestMs: Row = {
    id: 'latest',
    name: { zh: '写入时查询 1,000 点最新值', en: 'latest of 1,000 points while ingesting' },
    unit: 'ms',
    result: measure(busy.latest),
    limits: [{ name: 'the same at rest', result: measure(idle.latest) }],
    aim: null,
    notes: [note(busy.latest)],
    fault,
  };
  return { rows: [latestMs], day, bucketsMs };
}

/** A whole day of one series, a sample a second, up to now. */
async function backfill(bench: Bench): Promise<BackfilledDay> {
  const { job, day } = dayJob(bench);
  const { fault } = await runLoad(bench, job);
  if (fault !== null) throw new Error(`backfill: ${fault}`);
  return day;
}

/** A sample a second of one point, for the day up to now. */
export function dayJob(bench: Bench): { job: LoadJob; day: BackfilledDay } {
  const { series } = bench.thing.points[walkSeries]!;
  const toUs = Math.floor(Date.now() / 1000) * 1_000_000;
  const fromUs = toUs - dayUs;
  const job = jobOf(bench, {
    door: 'mqtt',
    connections: 1,
    window: 64,
    messages: 864,
    samplesPerMessage: 100,
    messagesPerSecond: null,
  });
  const walk = { series: [series], startUs: fromUs, firstStep: 0 };
  return { job: { ...job, walk }, day: { series, fromUs, toUs } };
}

async function times(get: Bench['api']['get'], path: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const beganMs = performance.now();
    await get(path);
    found.push(performance.now() - beganMs);
  }
  return found;
}
