import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { type Generator, startGenerator } from './load/generator.ts';
import { type LoadDone, type LoadJob, speaksMqtt } from './load/load-job.ts';
import type { Options } from './options.ts';
import { addModel, addThing, type BenchThing } from './platform/plant.ts';
import { type PlatformApi, setUp } from './platform/platform-api.ts';
import type { PlatformProcess } from './platform/platform-process.ts';
import { cpuMicros, machineCpuMicros, ownCpuMicros } from './process-usage.ts';
import type { StoredWalk, Walk } from './sample-walk.ts';

/** Points of the walk; one more holds the backfilled day. */
export const walkSeries = 1000;

/** What the rows share while the platform runs. */
export interface Bench {
  readonly options: Options;
  /** Folder for what rows keep on disk. */
  readonly folder: string;
  readonly platform: PlatformProcess;
  readonly api: PlatformApi;
  readonly thing: BenchThing;
  readonly generator: Generator;
  /** Source time of the walk's step 0, µs. */
  readonly startUs: number;
  /** Samples that the platform must hold by now, exactly. */
  expected: number;
  /** The walk's next steps, which nobody has sent yet. */
  nextWalk(steps: number): Walk;
  /** Resolves when the platform has merged what it had to and does nothing, or after `quietSeconds`. */
  quiet(): Promise<void>;
  /** Resolves when sums by minute and hour are made of all that is over; throws after two minutes. */
  summedUp(): Promise<void>;
  /** Null when the platform holds exactly `expected` samples, else what is wrong. */
  countFault(): Promise<string | null>;
}

export type LoadShape = Pick<
  LoadJob,
  'door' | 'connections' | 'window' | 'messages' | 'samplesPerMessage' | 'messagesPerSecond'
>;

export async function createBench(options: Options, folder: string, platform: PlatformProcess): Promise<Bench> {
  const api = await setUp(platform.httpPort);
  const thing = await addThing(api, await addModel(api, 'bench', walkSeries + 1), 'BENCH-1');
  const series = thing.points.slice(0, walkSeries).map((point) => point.series);
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000_000;
  let step = 0;
  const bench: Bench = {
    options,
    folder,
    platform,
    api,
    thing,
    generator: startGenerator(),
    // Two weeks back, so that the walk fits before now.
    startUs: today - 14 * 86_400_000_000,
    expected: 0,
    nextWalk(steps) {
      step += steps;
      return { series, startUs: bench.startUs, firstStep: step - steps };
    },
    async quiet() {
      for (let i = 0; i < options.sizes.quietSeconds; i++) {
        const before = cpuMicros(platform.pid);
        await setTimeout(1000);
        if (cpuMicros(platform.pid) - before < 120_000) return;
      }
    },
    async summedUp() {
      for (let i = 0; i < 120; i++) {
        const metrics = await (await fetch(`http://127.0.0.1:${platform.httpPort}/metrics`)).text();
        const late = /^luban_rollup_backlog (\d+)$/m.exec(metrics)?.[1];
        if (late === undefined) throw new Error('the platform does not say whether days are late');
        if (late === '0') return;
        await setTimeout(1000);
      }
      throw new Error('sums lack late samples after two minutes still');
    },
    async countFault() {
      if (!options.sizes.countEachRow) return null;
      let samples = 0;
      // The platform counts its store every five seconds.
      for (let i = 0; i < 24; i++) {
        const { storage, log } = await api.flow();
        samples = storage.samples;
        if (samples === bench.expected && log.backlogRecords === 0) return null;
        await setTimeout(500);
      }
      return `${samples} samples are stored, ${bench.expected} were acknowledged`;
    },
  };
  return bench;
}

/** A job for the platform's doors with the walk's next steps. */
export function jobOf(bench: Bench, shape: LoadShape): LoadJob {
  const { thing, platform } = bench;
  const steps = Math.ceil((shape.messages * shape.samplesPerMessage) / walkSeries);
  return {
    ...shape,
    port: speaksMqtt(shape.door) ? platform.mqttPort : platform.httpPort,
    accounts: [{ username: thing.id, password: thing.key }],
    keys: thing.points.slice(0, walkSeries).map(({ key }) => key),
    walk: bench.nextWalk(steps),
  };
}

/** All of the walk that was sent until now. */
export function walkSoFar(bench: Bench): StoredWalk {
  const { firstStep } = bench.nextWalk(0);
  return {
    series: bench.thing.points.slice(0, walkSeries).map(({ series }) => series),
    beforeUs: bench.startUs + firstStep * 1_000_000,
  };
}

export interface LoadResult {
  readonly samples: number;
  /** From the first publish until every sample is durable and visible by the API. */
  readonly visibleMs: number;
  /** … until the column store has them all as well. */
  readonly storedMs: number;
  /** Of the platform and its database process, until all is stored. */
  readonly cpuUs: number;
  /** What of it the database process did not use. */
  readonly serverCpuUs: number;
  readonly generator: LoadDone;
  /** Of all the machine's CPU, what processes outside this run took meanwhile, 0 … 1. */
  readonly othersShare: number;
  readonly fault: string | null;
}

/** Points that are asked for their last sample after a load. */
const maxAsked = 20_000;

function evenly<T>(all: readonly T[], most: number): readonly T[] {
  const each = Math.ceil(all.length / most);
  return each <= 1 ? all : all.filter((_, i) => i % each === 0);
}

/** Sends a job and waits until the platform shows and has stored all of it. */
export async function runLoad(bench: Bench, job: LoadJob): Promise<LoadResult> {
  const { api, platform } = bench;
  const load = await bench.generator.prepare(job);
  const samples = job.messages * job.samplesPerMessage;
  const cpuBefore = cpuMicros(platform.pid);
  const serverBefore = ownCpuMicros(platform.pid);
  const machineBefore = machineCpuMicros();
  const ownBefore = cpuMicros(process.pid);
  const generator = await load.go();
  const last = new Map(load.last);
  const sinceStart = () => performance.timeOrigin + performance.now() - generator.startedMs;
  const deadline = performance.now() + 60_000;
  for (;;) {
    const seen = await api.latest(load.lastSeries);
    if (load.lastSeries.every((series) => seen.get(series) === last.get(series))) break;
    if (performance.now() > deadline) break;
    await setTimeout(20);
  }
  const visibleMs = sinceStart();
  while (((await api.flow()).log.backlogRecords ?? 0) > 0 && performance.now() < deadline) await setTimeout(25);
  const storedMs = sinceStart();
  const cpuUs = cpuMicros(platform.pid) - cpuBefore;
  const serverCpuUs = ownCpuMicros(platform.pid) - serverBefore;
  const othersUs = machineCpuMicros() - machineBefore - (cpuMicros(process.pid) - ownBefore);
  const othersShare = Math.max(0, othersUs / (storedMs * 1000 * availableParallelism()));
  bench.expected += samples;
  const asked = evenly([...last], maxAsked);
  const seen = await api.latest(asked.map(([series]) => series));
  const wrong = asked.filter(([series, timeUs]) => seen.get(series) !== timeUs).length;
  return {
    samples,
    visibleMs,
    storedMs,
    cpuUs,
    serverCpuUs,
    generator,
    othersShare,
    fault: wrong === 0 ? null : `${wrong} of ${asked.length} points do not show their last sample`,
  };
}
