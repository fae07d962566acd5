import { setTimeout } from 'node:timers/promises';
import type { SeriesBuckets } from '@luban/contracts';
import type { Bench } from '../bench.ts';
import { startChild } from '../children.ts';
import { measure } from '../measures.ts';
import type { Served } from '../modbus/device-child.ts';
import { startEdgePlant } from '../modbus/edge-plant.ts';
import type { PollJob } from '../modbus/poll-child.ts';
import { cpuMicros } from '../process-usage.ts';
import { formatNumber, type Row } from '../table.ts';

const pointsEach = 1000;
/** The shortest that a device may be asked for: more is wanted than two cores give. */
const pollIntervalMs = 50;
/** A value may take this long from the device to the platform before the edge counts as behind. */
const maxBehindMs = 3000;

/** Points that an edge polls, keeps on disk and delivers, as long as it takes; the platform runs beside it. */
export async function modbusRow(bench: Bench): Promise<Row[]> {
  const { api, options } = bench;
  const { repetitions, modbusDevices: devices } = options.sizes;
  // A stop may cut one read of each device short: answered, but not delivered.
  const registersCutShort = devices * 125;
  const ms = options.sizes.modbusSeconds * 1000;
  await bench.quiet();
  const device = startChild('modbus/device-child.ts');
  const modbusPort = await device.ask<number>({ ask: 'listen' });
  const served = () => device.ask<Served>({ ask: 'served' });

  const poller = startChild('modbus/poll-child.ts');
  const job: PollJob = { port: modbusPort, units: devices, registers: pointsEach, ms: Math.min(ms, 3000) };
  const limit: number[] = [];
  for (let i = 0; i < repetitions; i++) limit.push(await poller.ask<number>(job));
  await poller.stop();

  const before = (await served()).registers;
  const { httpPort, pid: platform } = bench.platform;
  const fromUs = Date.now() * 1000;
  const edge = await startEdgePlant({
    api,
    httpPort,
    folder: bench.folder,
    modbusPort,
    devices,
    pointsEach,
    pollIntervalMs,
  });
  await setTimeout(3000);
  const rates: number[] = [];
  const edgeCpu: number[] = [];
  const platformCpu: number[] = [];
  const behindMs: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const from = { ...(await served()), edge: cpuMicros(edge.pid), platform: cpuMicros(platform) };
    await setTimeout(ms);
    const to = { ...(await served()), edge: cpuMicros(edge.pid), platform: cpuMicros(platform) };
    const points = to.registers - from.registers;
    rates.push((points * 1000) / (to.atMs - from.atMs));
    edgeCpu.push((to.edge - from.edge) / points);
    platformCpu.push((to.platform - from.platform) / points);
    // The last point of each device.
    const seen = await api.latest(edge.series.filter((_, at) => at % pointsEach === pointsEach - 1));
    const oldestUs = Math.min(...seen.values());
    if (oldestUs === 0) throw new Error('a device that the edge polls has no value in the platform');
    behindMs.push(to.atMs - oldestUs / 1000);
  }
  await edge.stopPolling();
  const stopped = await settled(served);
  const answered = stopped - before;
  const stored = await storedOf(bench, edge.series, fromUs, answered);
  await edge.stop();
  await device.stop();
  bench.expected += stored;
  const missing = answered - stored;
  const behind = measure(behindMs);
  const fault =
    missing < 0 || missing > registersCutShort
      ? `${answered} points were read and ${stored} stored`
      : behind.most > maxBehindMs
        ? `the platform was ${formatNumber(behind.most)} ms behind the devices`
        : null;
  return [
    {
      id: 'modbus',
      name: { zh: '边缘节点 Modbus 采集', en: 'Modbus points of one edge' },
      unit: 'points/s',
      result: measure(rates),
      limits: [{ name: 'the same reads, thrown away', result: measure(limit) }],
      aim: null,
      notes: [
        `${devices} devices × ${pointsEach} points, asked for every ${pollIntervalMs} ms (${formatNumber((devices * pointsEach * 1000) / pollIntervalMs)} points/s wanted); newest value ${formatNumber(behind.median)} ms old in the platform`,
        `${answered} points read, ${stored} stored (reads cut short by the stop are not delivered: at most ${registersCutShort})`,
        `the edge used ${formatNumber((measure(rates).median * measure(edgeCpu).median) / 1e4)} % of one core; the platform beside it ${formatNumber(measure(platformCpu).median)} µs a point`,
      ],
      fault,
    },
    {
      id: 'modbus-cpu',
      name: { zh: 'CPU（边缘节点）', en: 'CPU, edge' },
      unit: 'µs/point',
      result: measure(edgeCpu),
      limits: [],
      aim: null,
      notes: [],
      fault,
    },
  ];
}

/** The count of answered registers once it has stopped growing. */
async function settled(served: () => Promise<Served>): Promise<number> {
  for (let before = -1; ; ) {
    const { registers } = await served();
    if (registers === before) return registers;
    before = registers;
    await setTimeout(500);
  }
}

/** What the API counts of these series, once that has stood still for a while or is `answered`. */
async function storedOf(bench: Bench, series: readonly number[], fromUs: number, answered: number): Promise<number> {
  const toUs = (Date.now() + 60_000) * 1000;
  let samples = -1;
  for (let still = 0; still < 3; ) {
    let now = 0;
    for (let at = 0; at < series.length; at += 1000) {
      const asked = series.slice(at, at + 1000).join(',');
      const path = `/readings/buckets?series=${asked}&from=${fromUs}&to=${toUs}&count=1`;
      const { items } = await bench.api.get<{ items: SeriesBuckets[] }>(path);
      for (const { buckets } of items) for (const { count, bad } of buckets) now += count + bad;
    }
    if (now === answered) return now;
    still = now === samples ? still + 1 : 0;
    samples = now;
    await setTimeout(500);
  }
  return samples;
}
