import { type Bench, runLoad } from '../bench.ts';
import type { WalkSize } from '../limits/chdb-messages.ts';
import type { LoadJob } from '../load/load-job.ts';
import { addFleet, type BenchThing } from '../platform/plant.ts';
import { folderBytes } from '../rivals/folder-size.ts';
import { startInfluxdb } from '../rivals/influxdb.ts';
import type { Rival } from '../rivals/rival.ts';
import { startVictoriaMetrics } from '../rivals/victoria-metrics.ts';
import { openChdb } from '../rows/storage-row.ts';
import type { StoredWalk, Walk } from '../sample-walk.ts';
import { formatNumber } from '../table.ts';
import type { Comparison, Other } from './comparison.ts';
import { type Entrant, enter, runRivalLoad } from './turns.ts';

const pointsEach = 1000;

/** Two kinds of data: what moves at every sample, and what mostly stands still. */
const kinds = [
  {
    id: 'size-walk',
    name: { zh: '每样本磁盘字节：随机游走', en: 'on disk after merges: random walk' },
    shape: { jitterMs: 50, stillness: 1 },
    aim: '≤ 1.8',
    note: 'two decimals, moved by up to ±0.10 at every sample, a second apart, read 0–50 ms late',
    entropyBytes: (Math.log2(21) + Math.log2(51)) / 8,
  },
  {
    id: 'size-plant',
    name: { zh: '每样本磁盘字节：缓变工况', en: 'on disk after merges: slow plant data' },
    shape: { jitterMs: 5, stillness: 20 },
    aim: '≤ 1',
    note: 'two decimals, moved by up to ±0.10 at one sample of twenty, a second apart, read 0–5 ms late',
    // Whether it moves, by how much when it does, and how late it is read.
    entropyBytes: (0.2864 + Math.log2(21) / 20 + Math.log2(6)) / 8,
  },
] as const;

interface Loaded {
  readonly kind: (typeof kinds)[number];
  readonly stored: StoredWalk;
  readonly others: Other[];
  readonly how: string[];
  readonly fault: string | null;
}

/** Loads the same rows into every product. Luban's share is measured when the platform has stopped: `sizeRows`. */
export async function loadForSize(bench: Bench): Promise<Loaded[]> {
  const { sizeSteps } = bench.options.rivalSizes;
  const fleet = await addFleet(bench.api, 'size', kinds.length, pointsEach);
  const loaded: Loaded[] = [];
  for (const [i, kind] of kinds.entries()) {
    const series = fleet[i]!.points.map((point) => point.series);
    const walk = { series, startUs: bench.startUs, firstStep: 0, ...kind.shape };
    const job = sizeJob(bench, fleet[i]!, walk, sizeSteps);
    const { fault } = await runLoad(bench, job);
    const entrants: Entrant[] = [
      await enter('VictoriaMetrics', () => startVictoriaMetrics(bench.folder)),
      await enter('InfluxDB', () => startInfluxdb(bench.folder, { compactSoon: true })),
    ];
    const others: Other[] = [];
    const how: string[] = [];
    for (const entrant of entrants) {
      if ('absent' in entrant) {
        others.push({ name: entrant.name, rounds: entrant.absent });
        continue;
      }
      others.push({ name: entrant.name, rounds: [await compactedSize(bench, entrant.rival, job)] });
      how.push(entrant.rival.how);
    }
    const stored = { series, beforeUs: bench.startUs + sizeSteps * 1_000_000 };
    loaded.push({ kind, stored, others, how, fault: fault ?? (await bench.countFault()) });
  }
  return loaded;
}

/** Bytes a sample; `store`: the folder of the platform's store, which nobody has open. */
export async function sizeRows(store: string, loaded: readonly Loaded[]): Promise<Comparison[]> {
  const chdb = await openChdb(store);
  const rows: Comparison[] = [];
  for (const { kind, stored, others, how, fault } of loaded) {
    const { samples, bytes } = await chdb.tell<WalkSize>({ ask: 'walk-size', ...stored });
    rows.push({
      id: kind.id,
      name: kind.name,
      unit: 'bytes/sample',
      luban: [bytes / samples],
      others: [...others, { name: 'entropy of value and time', rounds: [kind.entropyBytes] }],
      aim: kind.aim,
      notes: [
        `${samples.toLocaleString('en-US')} samples of ${stored.series.length} points: ${kind.note}; Luban also keeps quality, series of each tenant and time of arrival (as at its real pace), and times to the µs; the others value and time to the ms`,
        ...(kind === kinds[0] ? how : []),
      ],
      fault,
    });
  }
  await chdb.stop();
  return rows;
}

function sizeJob(bench: Bench, thing: BenchThing, walk: Walk, steps: number): LoadJob {
  return {
    door: 'mqtt',
    port: bench.platform.mqttPort,
    accounts: [{ username: thing.id, password: thing.key }],
    keys: [],
    connections: 4,
    window: 64,
    messages: (steps * walk.series.length) / 500,
    samplesPerMessage: 500,
    messagesPerSecond: null,
    walk,
  };
}

async function compactedSize(bench: Bench, rival: Rival, job: LoadJob): Promise<number> {
  const before = await folderBytes(rival.folder);
  const { door, port } = rival;
  const { samples, fault } = await runRivalLoad(bench, rival, { ...job, door, port, window: 1 });
  if (fault !== null) throw new Error(fault);
  await rival.compact();
  const bytes = (await folderBytes(rival.folder)) - before;
  process.stderr.write(`${rival.name}: ${formatNumber(bytes / samples)} bytes a sample\n`);
  await rival.stop();
  return bytes / samples;
}
