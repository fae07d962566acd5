import { type Bench, jobOf, type LoadResult, type LoadShape, runLoad } from '../bench.ts';
import { discardingName, discardingRate } from '../limits/mosquitto.ts';
import { measure } from '../measures.ts';
import { startInfluxdb } from '../rivals/influxdb.ts';
import { startVictoriaMetrics } from '../rivals/victoria-metrics.ts';
import { formatNumber } from '../table.ts';
import type { Comparison } from './comparison.ts';
import { atRest, enter, Figures, loadNote, othersOf, present, type RivalLoad, runRivalLoad } from './turns.ts';

export interface BulkResult {
  readonly rows: Comparison[];
  /** Samples a second of each product by name, Luban's until all is in the column store. */
  readonly speeds: ReadonlyMap<string, number>;
}

/** Batches of 500 samples, each product by its fastest way in, as fast as it acknowledges. */
export async function bulkRows(bench: Bench): Promise<BulkResult> {
  const { rounds, bulkMessages } = bench.options.rivalSizes;
  const shape: LoadShape = {
    door: 'mqtt',
    connections: 4,
    window: 64,
    messages: bulkMessages,
    samplesPerMessage: 500,
    messagesPerSecond: null,
  };
  const entrants = [
    await enter('VictoriaMetrics', () => startVictoriaMetrics(bench.folder)),
    await enter('InfluxDB', () => startInfluxdb(bench.folder)),
  ];
  const luban: LoadResult[] = [];
  const loads: RivalLoad[] = [];
  const rates = new Figures();
  const cpu = new Figures();
  const broker: number[] = [];
  await runLoad(bench, jobOf(bench, { ...shape, messages: bulkMessages / 10 }));
  for (let round = 0; round < rounds; round++) {
    await bench.quiet();
    const job = jobOf(bench, shape);
    luban.push(await runLoad(bench, job));
    await bench.quiet();
    for (const rival of present(entrants)) {
      const { door, port } = rival;
      const load = await runRivalLoad(bench, rival, { ...job, door, port, connections: 8, window: 1 });
      loads.push(load);
      rates.add(rival.name, (load.samples * 1000) / load.ms);
      cpu.add(rival.name, load.cpuUs / load.samples);
      await atRest(rival.pid, 10);
    }
    const discarded = await discardingRate(bench.folder, bench.generator, job);
    if (discarded !== null) broker.push(discarded);
  }
  for (const rival of present(entrants)) await rival.stop();
  const fault = [...luban, ...loads].find((each) => each.fault)?.fault ?? (await bench.countFault());
  const visible = luban.map(({ samples, visibleMs }) => (samples * 1000) / visibleMs);
  const stored = luban.map(({ samples, storedMs }) => (samples * 1000) / storedMs);
  const lubanCpu = luban.map(({ samples, cpuUs }) => cpuUs / samples);
  const unit = 'samples/s';
  return {
    speeds: new Map([
      ['Luban', measure(stored).median],
      ...[...rates].map(([name, each]) => [name, measure(each).median] as const),
    ]),
    rows: [
      {
        id: 'bulk',
        name: { zh: '每批 500 个样本，直到可查询', en: '500 samples a batch, until durable and visible' },
        unit,
        luban: visible,
        others: [
          ...othersOf(entrants, rates),
          {
            name: discardingName,
            rounds: broker.length > 0 ? broker : 'mosquitto and mosquitto_sub are not installed',
          },
        ],
        aim: '≥ 1 × VictoriaMetrics',
        notes: [
          `${shape.messages.toLocaleString('en-US')} batches of 500 samples a turn; Luban by MQTT QoS 1 on 4 connections, acknowledged after fdatasync; the others by HTTP on 8 connections, a request at a time each, until the last is acknowledged`,
          ...present(entrants).map(({ how }) => how),
          loadNote([...luban, ...loads]),
        ],
        fault,
      },
      {
        id: 'bulk-stored',
        name: { zh: '同上，直到全部写入列存', en: 'the same, until all is in the column store' },
        unit,
        luban: stored,
        others: othersOf(entrants, rates),
        aim: '≥ 0.5 × chDB alone',
        notes: [],
        fault,
      },
      {
        id: 'bulk-cpu',
        name: { zh: '同上，CPU', en: 'CPU of the same' },
        unit: 'µs/sample',
        luban: lubanCpu,
        others: othersOf(entrants, cpu),
        aim: null,
        notes: [
          `of Luban’s the server ${formatNumber(measure(luban.map((each) => each.serverCpuUs / each.samples)).median)}, the rest its database with the merges until all is stored; of the others until all is acknowledged and flushed, their later merges not counted`,
        ],
        fault,
      },
    ],
  };
}
