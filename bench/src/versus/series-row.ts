import { type Bench, runLoad } from '../bench.ts';
import type { LoadJob } from '../load/load-job.ts';
import { measure } from '../measures.ts';
import { addFleet } from '../platform/plant.ts';
import { cpuMicros } from '../process-usage.ts';
import { formatNumber } from '../table.ts';
import type { Comparison } from './comparison.ts';
import { Figures } from './turns.ts';

/** The most that a thing model has. */
const pointsEach = 2000;
const connections = 500;

/** What a sample costs when ever more points send: the same samples a turn, over the same number of connections. */
export async function seriesRow(bench: Bench): Promise<Comparison[]> {
  const { rounds, seriesCounts, seriesMessages: messages } = bench.options.rivalSizes;
  const most = Math.max(...seriesCounts);
  const beganMs = performance.now();
  const fleet = await addFleet(bench.api, 'many', Math.ceil(most / pointsEach), pointsEach);
  const madeSeconds = (performance.now() - beganMs) / 1000;
  const accounts = fleet.map(({ id, key }) => ({ username: id, password: key }));
  const series = fleet.flatMap(({ points }) => points.map((point) => point.series));
  let step = 0;
  const jobFor = (count: number): LoadJob => {
    const things = Math.ceil(count / pointsEach);
    const firstStep = step;
    step += Math.ceil((messages * 500) / count) + 1;
    return {
      door: 'mqtt',
      port: bench.platform.mqttPort,
      accounts: Array.from({ length: connections }, (_, c) => accounts[Math.floor((c * things) / connections)]!),
      keys: [],
      connections,
      window: 4,
      messages,
      samplesPerMessage: 500,
      messagesPerSecond: null,
      walk: { series: series.slice(0, count), startUs: bench.startUs, firstStep },
    };
  };
  const cost = new Figures();
  let fault: string | null = null;
  // The first samples of new points also make their places: not what is asked here.
  fault ??= (await runLoad(bench, jobFor(most))).fault;
  for (let round = 0; round < rounds; round++)
    for (const count of seriesCounts) {
      await bench.quiet();
      const before = cpuMicros(bench.platform.pid);
      const load = await runLoad(bench, jobFor(count));
      fault ??= load.fault;
      await bench.quiet();
      cost.add(String(count), (cpuMicros(bench.platform.pid) - before) / load.samples);
    }
  fault ??= await bench.countFault();
  return [
    {
      id: 'series',
      name: {
        zh: `${most.toLocaleString('en-US')} 个点时每样本 CPU`,
        en: `CPU a sample with ${most.toLocaleString('en-US')} points`,
      },
      unit: 'µs/sample',
      luban: cost.get(String(most))!,
      others: seriesCounts
        .filter((count) => count !== most)
        .map((count) => ({ name: `Luban, ${count.toLocaleString('en-US')} points`, rounds: cost.get(String(count))! })),
      aim: '0.8 – 1.2 ×',
      notes: [
        `${(messages * 500).toLocaleString('en-US')} samples a turn in batches of 500 over ${connections} connections, until all is stored and the merges that follow are over (at most ${bench.options.sizes.quietSeconds} s); platform and database`,
        `${series.length.toLocaleString('en-US')} points of ${fleet.length} things were made and listed through the API in ${formatNumber(madeSeconds)} s; points more than ${formatNumber(measure([messages * 500]).median)} get less than one sample a turn`,
      ],
      fault,
    },
  ];
}
