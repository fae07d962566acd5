import { setTimeout } from 'node:timers/promises';
import { type Bench, type LoadResult, runLoad, walkSeries } from '../bench.ts';
import { discardingName, discardingRate } from '../limits/mosquitto.ts';
import type { LoadDone, LoadJob } from '../load/load-job.ts';
import { measure } from '../measures.ts';
import { cpuMicros } from '../process-usage.ts';
import { type Stack, startNodeRedStack } from '../rivals/node-red.ts';
import type { FlowKind } from '../rivals/node-red-flow.ts';
import { NotAvailable } from '../rivals/rival.ts';
import { formatNumber } from '../table.ts';
import type { Comparison } from './comparison.ts';
import { loadNote } from './turns.ts';

const samplesPerMessage = 3;
/** Enough of them that what waits for the disk does not keep the senders waiting. */
const connections = 16;
/** Of the walk's points as many as the connections divide into whole messages. */
const series = walkSeries - (walkSeries % (connections * samplesPerMessage));
/** A question for what was sent is asked so long after the last message: the flow's batch, a write, and some. */
const graceMs = 600;

export interface StackResult {
  readonly rows: Comparison[];
  /** What Luban's server takes with a core of its own: by its CPU, so that a busy machine does not make it small. */
  readonly messagesPerSecond: number;
}

/** Messages of three values, QoS 1: Luban beside mosquitto → Node-RED → InfluxDB. */
export async function stackRows(bench: Bench): Promise<StackResult> {
  const { rounds, smallMessages } = bench.options.rivalSizes;
  const stacks = [
    createContest('mosquitto → Node-RED → InfluxDB', await startOrReason(bench.folder, 'batches'), 2000),
    createContest('the same, a write for each message', await startOrReason(bench.folder, 'each'), 300),
  ];
  const batch: LoadResult[] = [];
  const json: LoadResult[] = [];
  const broker: number[] = [];
  await runLoad(bench, smallJob(bench, 'mqtt', 4000, null));
  await runLoad(bench, smallJob(bench, 'mqtt-json', 4000, null));
  for (let round = 0; round < rounds; round++) {
    await bench.quiet();
    const job = smallJob(bench, 'mqtt', smallMessages, null);
    batch.push(await runLoad(bench, job));
    const discarded = await discardingRate(bench.folder, bench.generator, job);
    if (discarded !== null) broker.push(discarded);
    await bench.quiet();
    json.push(await runLoad(bench, smallJob(bench, 'mqtt-json', smallMessages / 2, null)));
    await bench.quiet();
    for (const contest of stacks) await contest.turn(bench);
  }
  for (const { stack } of stacks) if (typeof stack !== 'string') await stack.stop();
  const found = stacks.flatMap((contest) => contest.found);
  const fault =
    [...batch, ...json].find((each) => each.fault)?.fault ??
    found.find((each) => each.fault)?.fault ??
    (await bench.countFault());
  const visible = ({ samples, visibleMs }: LoadResult) => (samples * 1000) / visibleMs;
  const cpu = ({ samples, cpuUs }: LoadResult) => cpuUs / samples;
  const beside = (figure: (speed: StackSpeed) => number) =>
    stacks.map((contest) => ({
      name: contest.name,
      rounds: typeof contest.stack === 'string' ? contest.stack : contest.found.map(figure),
    }));
  const rateOf = (speed: StackSpeed) => speed.messagesPerSecond * samplesPerMessage;
  const unit = 'samples/s';
  return {
    messagesPerSecond: 1e6 / measure(batch.map((each) => (each.serverCpuUs * samplesPerMessage) / each.samples)).median,
    rows: [
      {
        id: 'stack',
        name: { zh: 'QoS 1，每条消息 3 个值，批格式', en: 'QoS 1, 3 values a message, batch format' },
        unit,
        luban: batch.map(visible),
        others: [
          ...beside(rateOf),
          {
            name: discardingName,
            rounds: broker.length > 0 ? broker : 'mosquitto and mosquitto_sub are not installed',
          },
        ],
        aim: '≥ 10 ×',
        notes: [
          `Luban: ${smallMessages.toLocaleString('en-US')} messages on ${connections} connections, 64 unacknowledged each, acknowledged after fdatasync, until visible to every read. The stack: the highest rate of which all is found in InfluxDB ${graceMs} ms after ${bench.options.rivalSizes.stackSeconds} s of it; its PUBACK comes before anything is stored`,
          ...stacks.flatMap(({ stack }) => (typeof stack === 'string' ? [] : [stack.how])),
          loadNote([...batch, ...json]),
          ...found.slice(0, 1).map(({ generator }) => `towards the stack ${loadNote([{ ...json[0]!, generator }])}`),
        ],
        fault,
      },
      {
        id: 'stack-json',
        name: { zh: '同上，同样的 JSON 消息', en: 'the same with the stack’s JSON messages' },
        unit,
        luban: json.map(visible),
        others: beside(rateOf),
        aim: null,
        notes: [],
        fault,
      },
      {
        id: 'stack-cpu',
        name: { zh: 'CPU，批格式', en: 'CPU, batch format' },
        unit: 'µs/sample',
        luban: batch.map(cpu),
        others: beside((speed) => speed.cpuUs),
        aim: '≤ 20 (50,000 samples/s a busy core)',
        notes: [
          `of it the server ${formatNumber(measure(batch.map((each) => each.serverCpuUs / each.samples)).median)}, the rest the database; with JSON ${formatNumber(measure(json.map(cpu)).median)} in all`,
        ],
        fault,
      },
    ],
  };
}

/** Messages of three values of points that divide evenly. */
export function smallJob(
  bench: Bench,
  door: 'mqtt' | 'mqtt-json',
  messages: number,
  messagesPerSecond: number | null,
): LoadJob {
  const { thing, platform } = bench;
  const steps = Math.ceil((messages * samplesPerMessage) / series) + 1;
  const walk = bench.nextWalk(steps);
  return {
    door,
    port: platform.mqttPort,
    accounts: [{ username: thing.id, password: thing.key }],
    keys: thing.points.slice(0, series).map(({ key }) => key),
    connections,
    window: 64,
    messages: Math.ceil(messages / connections) * connections,
    samplesPerMessage,
    messagesPerSecond,
    walk: { ...walk, series: walk.series.slice(0, series) },
  };
}

/** A stack, and what it kept up with in each round; each round begins near what the one before it found. */
function createContest(name: string, stack: Stack | string, firstRate: number) {
  const found: StackSpeed[] = [];
  let from = firstRate;
  let factor = 1.5;
  return {
    name,
    stack,
    found,
    async turn(bench: Bench): Promise<void> {
      if (typeof stack === 'string') return;
      const speed = await keepsUpWith(bench, stack, from, factor);
      found.push(speed);
      from = speed.messagesPerSecond / 1.25;
      factor = 1.12;
      await bench.quiet();
    },
  };
}

async function startOrReason(folder: string, kind: FlowKind): Promise<Stack | string> {
  try {
    return await startNodeRedStack(folder, kind);
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error;
    return error.message;
  }
}

interface StackSpeed {
  readonly messagesPerSecond: number;
  /** Of all three processes, for a sample, at that speed. */
  readonly cpuUs: number;
  readonly generator: LoadDone;
  readonly fault: string | null;
}

/** Raises the rate from `from` by `factor` until the stack is behind, and waits until it has caught up again. */
async function keepsUpWith(bench: Bench, stack: Stack, from: number, factor: number): Promise<StackSpeed> {
  const cpu = () => stack.pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  let best: StackSpeed | undefined;
  for (let rate = from, tries = 0; tries < 12; tries++) {
    const job = {
      ...smallJob(bench, 'mqtt-json', rate * bench.options.rivalSizes.stackSeconds, rate),
      port: stack.mqttPort,
    };
    const load = await bench.generator.prepare(job);
    const before = await stack.count();
    const cpuBefore = cpu();
    const generator = await load.go();
    await setTimeout(graceMs);
    const wanted = before + generator.sent * samplesPerMessage;
    const keptUp = (await stack.count()) === wanted;
    const cpuUs = (cpu() - cpuBefore) / (generator.sent * samplesPerMessage);
    const reached = (generator.sent * 1000) / (generator.endedMs - generator.startedMs);
    const fault = await caughtUp(stack, wanted);
    if (keptUp) best = { messagesPerSecond: reached, cpuUs, generator, fault };
    // The broker itself may be what slows the sender down: then more is not to be had either.
    const slowed = reached < rate * 0.9;
    if (fault !== null || slowed || (!keptUp && best !== undefined))
      return best ?? { messagesPerSecond: reached, cpuUs, generator, fault };
    rate = keptUp ? rate * factor : rate / factor;
  }
  if (best === undefined) throw new Error('the stack keeps up with no rate');
  return best;
}

async function caughtUp(stack: Stack, wanted: number): Promise<string | null> {
  let held = 0;
  for (let i = 0; i < 60; i++) {
    held = await stack.count();
    if (held === wanted) return null;
    await setTimeout(500);
  }
  return `the stack holds ${held} samples, ${wanted} were acknowledged`;
}
