import { setTimeout } from 'node:timers/promises';
import { type Bench, runLoad } from '../bench.ts';
import type { LoadJob } from '../load/load-job.ts';
import { measure, quantile } from '../measures.ts';
import { addFleet } from '../platform/plant.ts';
import { cpuMicros } from '../process-usage.ts';
import { startInfluxdb } from '../rivals/influxdb.ts';
import type { DayAnswer } from '../rivals/rival.ts';
import { startVictoriaMetrics } from '../rivals/victoria-metrics.ts';
import { dayJob } from '../rows/query-rows.ts';
import { formatNumber } from '../table.ts';
import type { Comparison } from './comparison.ts';
import { atRest, enter, Figures, othersOf, present, runRivalLoad } from './turns.ts';

const pointsEach = 1000;
const buckets = 500;
/** The walk of these rows steps so quickly that all of it lies in the last minutes: what is asked is what is now. */
const stepMs = 20;
const beginBeforeMs = 150_000;
const daySamples = 86_400;

/** One product with the questions that are put to it while it takes half of what it can. */
interface Asked {
  readonly name: string;
  readonly pid: number;
  readonly samplesPerSecond: number;
  load(job: LoadJob): Promise<{ fault: string | null }>;
  latest(): Promise<number>;
  day(): Promise<DayAnswer>;
  dayAgain(): Promise<DayAnswer>;
}

/**
 * The newest value of 10,000 points, and a day of one point in 500 buckets, while samples come in: the day just after it
 * came, and later, as a chart asks for it again and again.
 */
export async function queryRows(bench: Bench, speeds: ReadonlyMap<string, number>): Promise<Comparison[]> {
  const { rounds, queryPoints, querySeconds } = bench.options.rivalSizes;
  const fleet = await addFleet(bench.api, 'fleet', queryPoints / pointsEach, pointsEach);
  const entrants = [
    await enter('VictoriaMetrics', () => startVictoriaMetrics(bench.folder)),
    await enter('InfluxDB', () => startInfluxdb(bench.folder)),
  ];
  const { job: dayOfOne, day } = dayJob(bench);
  const series = fleet.flatMap(({ points }) => points.map((point) => point.series));
  const questions = fleet.map(
    ({ points }) => `/readings/latest?series=${points.map((point) => point.series).join(',')}`,
  );
  const { api, platform } = bench;
  async function dayOfLuban(): Promise<DayAnswer> {
    const path = `/readings/buckets?series=${day.series}&from=${day.fromUs}&to=${day.toUs}&count=${buckets}`;
    const { items } = await api.get<{ items: { buckets: { count: number }[] }[] }>(path);
    const found = items[0]!.buckets;
    return { buckets: found.length, samples: found.reduce((sum, { count }) => sum + count, 0) };
  }
  const luban: Asked = {
    name: 'Luban',
    pid: platform.pid,
    samplesPerSecond: speeds.get('Luban')! / 2,
    load: (job) => runLoad(bench, job),
    async latest() {
      const pages = await Promise.all(questions.map((path) => api.get<{ items: { reading: unknown }[] }>(path)));
      return pages.reduce((sum, { items }) => sum + items.filter(({ reading }) => reading !== null).length, 0);
    },
    day: dayOfLuban,
    dayAgain: dayOfLuban,
  };
  const all = [
    luban,
    ...present(entrants).map(
      (rival): Asked => ({
        name: rival.name,
        pid: rival.pid,
        samplesPerSecond: speeds.get(rival.name)! / 2,
        load: ({ ...job }) => runRivalLoad(bench, rival, { ...job, door: rival.door, port: rival.port, window: 1 }),
        latest: () => rival.latest(),
        day: () => rival.day(day.series, day.fromUs, day.toUs, buckets),
        dayAgain: () => rival.dayAgain(day.series, day.fromUs, day.toUs, buckets),
      }),
    ),
  ];
  /** The walk's beginning: set anew before each pass, so that all points are of the last minutes throughout. */
  let beginMs = 0;
  const steps = new Map<string, number>();
  /** A product's next samples of all points; one after another in time, as a plant gives them. */
  const nextJob = (name: string, messages: number, messagesPerSecond: number | null): LoadJob => {
    const firstStep = steps.get(name) ?? 0;
    steps.set(name, firstStep + Math.ceil((messages * 500) / queryPoints));
    return {
      door: 'mqtt',
      port: platform.mqttPort,
      accounts: fleet.map(({ id, key }) => ({ username: id, password: key })),
      keys: [],
      connections: fleet.length,
      window: 64,
      messages,
      samplesPerMessage: 500,
      messagesPerSecond,
      walk: { series, startUs: beginMs * 1000, firstStep, stepMs, jitterMs: stepMs / 2 },
    };
  };
  const faults: string[] = [];
  const check = (name: string, fault: string | null) => {
    if (fault !== null) faults.push(`${name}: ${fault}`);
  };
  for (const one of all) check(one.name, (await one.load(dayOfOne)).fault);

  const notes: string[] = [];
  /** Both questions by turns, in every round by every product; the medians of each. */
  async function ask(
    secondName: string,
    second: (one: Asked) => Promise<DayAnswer>,
    isDay: (found: DayAnswer) => boolean,
  ) {
    const latest = new Figures();
    const days = new Figures();
    beginMs = Math.floor(Date.now() / 1000) * 1000 - beginBeforeMs;
    steps.clear();
    for (const one of all)
      check(one.name, (await one.load(nextJob(one.name, (fleet.length * pointsEach) / 500, null))).fault);
    for (let round = 0; round < rounds; round++)
      for (const one of all) {
        await atRest(one.pid, 15);
        const perSecond = Math.max(fleet.length, Math.floor(one.samplesPerSecond / 500));
        const messages = Math.ceil((perSecond * querySeconds) / fleet.length) * fleet.length;
        const found = await askWhile(one, one.load(nextJob(one.name, messages, perSecond)), () => second(one));
        check(one.name, found.fault);
        // The point with the day may have a sample of the last minutes too.
        if (found.points < queryPoints || found.points > queryPoints + 1)
          check(one.name, `${found.points} points answered`);
        if (!isDay(found.day))
          check(one.name, `the day has ${found.day.samples} samples in ${found.day.buckets} buckets`);
        latest.add(one.name, measure(found.latest).median);
        days.add(one.name, measure(found.days).median);
        if (round === rounds - 1)
          notes.push(
            `${one.name}: ${formatNumber(perSecond * 500)} samples/s come in; 95 % within ${high(found.latest)} ms (latest) and ${high(found.days)} ms (${secondName}) in the last turn`,
          );
      }
    return { latest, days };
  }
  // Luban rounds the width up to whole minutes, and buckets that begin at round times cover the day with one more.
  const isWhole = (found: DayAnswer) => found.buckets >= buckets * 0.9 && found.buckets <= buckets + 1;
  const { latest, days } = await ask(
    'day',
    (one) => one.day(),
    (found) => isWhole(found) && found.samples === daySamples,
  );
  await bench.summedUp();
  for (const rival of present(entrants)) await rival.forgetAnswers();
  const again = await ask(
    'day again',
    (one) => one.dayAgain(),
    (found) => isWhole(found) && Math.abs(found.samples - daySamples) <= (2 * daySamples) / buckets,
  );
  for (const rival of present(entrants)) await rival.stop();
  const fault = faults[0] ?? (await bench.countFault());
  const unit = 'ms';
  const aim = '≤ 0.5 ×';
  return [
    {
      id: 'latest',
      name: {
        zh: `写入时查询 ${queryPoints.toLocaleString('en-US')} 点最新值`,
        en: `latest of ${queryPoints.toLocaleString('en-US')} points while ingesting`,
      },
      unit,
      luban: latest.get('Luban')!,
      others: othersOf(entrants, latest),
      aim,
      notes: [
        `median of the questions asked one after another for ${querySeconds} s, while each takes half of its own speed of the rows "bulk"; Luban in ${fleet.length} requests side by side with quality and both times, the others in one`,
        ...notes,
      ],
      fault,
    },
    {
      id: 'day',
      name: { zh: '写入时查询 24 小时/500 桶', en: '24 h in 500 buckets while ingesting' },
      unit,
      luban: days.get('Luban')!,
      others: othersOf(entrants, days),
      aim,
      notes: ['86,400 samples; count, least, most and mean of each bucket'],
      fault,
    },
    {
      id: 'day-again',
      name: { zh: '写入时刷新 24 小时/500 桶曲线', en: '24 h in 500 buckets again, as a chart asks, while ingesting' },
      unit,
      luban: again.days.get('Luban')!,
      others: othersOf(entrants, again.days),
      aim,
      notes: [
        'the same question once sums are made of the hours that are over, with what each product keeps of answers',
      ],
      fault,
    },
  ];
}

async function askWhile(one: Asked, load: Promise<{ fault: string | null }>, day: () => Promise<DayAnswer>) {
  let ended = false;
  const end = load.then(
    () => (ended = true),
    () => (ended = true),
  );
  // Encoding is over when the product has something to do.
  await busy(one.pid, () => ended);
  const latest: number[] = [];
  const days: number[] = [];
  let points = 0;
  let answer: DayAnswer;
  do {
    let beganMs = performance.now();
    points = await one.latest();
    latest.push(performance.now() - beganMs);
    beganMs = performance.now();
    answer = await day();
    days.push(performance.now() - beganMs);
    await setTimeout(30);
  } while (!ended);
  await end;
  const { fault } = await load;
  return { latest, days, points, day: answer, fault };
}

/** 95 % of them are not above it. */
function high(times: readonly number[]): string {
  return formatNumber(
    quantile(
      [...times].sort((a, b) => a - b),
      0.95,
    ),
  );
}

async function busy(pid: number, ended: () => boolean): Promise<void> {
  for (;;) {
    const before = cpuMicros(pid);
    await setTimeout(250);
    if (ended() || cpuMicros(pid) - before > 60_000) return;
  }
}
