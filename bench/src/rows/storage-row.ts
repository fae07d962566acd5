import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../children.ts';
import type { ChdbAsk, InsertTimes, WalkSize } from '../limits/chdb-messages.ts';
import { type Measure, measure } from '../measures.ts';
import type { Options } from '../options.ts';
import type { StoredWalk } from '../sample-walk.ts';
import { formatNumber, type Limit, type Row } from '../table.ts';

/** A process with chDB on a folder. */
export async function openChdb(directory: string): Promise<Child & { tell<T>(ask: ChdbAsk): Promise<T> }> {
  const child = startChild('limits/chdb-child.ts');
  await child.ask({ ask: 'open', directory } satisfies ChdbAsk);
  return { ...child, tell: <T>(ask: ChdbAsk) => child.ask<T>(ask) };
}

/** What no codec goes below: one of 21 steps and one of 51 ms for each sample, in bytes. */
const entropyBytes = (Math.log2(21) + Math.log2(51)) / 8;

/** Bytes a sample, merged. The platform has stopped: its own store is opened, counted and copied. */
export async function storageRow(directory: string, walk: StoredWalk, expected: number): Promise<Row[]> {
  const chdb = await openChdb(directory);
  const { samples, bytes, loadedBytes } = await chdb.tell<WalkSize>({ ask: 'walk-size', ...walk });
  const count = await chdb.tell<number>({ ask: 'count' });
  await chdb.stop();
  return [
    {
      id: 'storage',
      name: { zh: '合并后每个样本占用磁盘', en: 'on disk after merges' },
      unit: 'bytes/sample',
      result: measure([bytes / samples]),
      limits: [{ name: 'entropy of step and jitter', result: measure([entropyBytes]) }],
      aim: '≤ 1.8',
      notes: [
        `${samples.toLocaleString('en-US')} samples of the walk (${walk.series.length} series, two decimals, 1 s steps, 0–50 ms jitter), arrival as at its real pace; ${formatNumber(loadedBytes / samples)} with the arrival of this load`,
      ],
      fault: count === expected ? null : `the store has ${count} samples, ${expected} were acknowledged`,
    },
  ];
}

/** The limits of the large rows: chDB alone inserting the same rows by Native blocks of 100,000. */
export async function chdbInsertLimits(
  options: Options,
  directory: string,
  walk: StoredWalk,
): Promise<{ rate: Limit; cpu: Limit }> {
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'luban-bench-'));
  const chdb = await openChdb(directory);
  try {
    const { storageBlocks: blocks, repetitions } = options.sizes;
    const times = await chdb.tell<InsertTimes[]>({ ask: 'insert', series: walk.series, blocks, repetitions, folder });
    const name = 'chDB insert alone';
    return {
      rate: { name, result: measure(times.map(({ rowsPerSecond }) => rowsPerSecond)) },
      cpu: { name, result: measure(times.map(({ cpuUsPerRow }) => cpuUsPerRow)) },
    };
  } finally {
    await chdb.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The limit of the question for buckets: chDB alone, the plainest GROUP BY over the same samples. */
export async function chdbBucketLimit(
  options: Options,
  directory: string,
  day: { series: number; fromUs: number; toUs: number },
): Promise<Measure> {
  const chdb = await openChdb(directory);
  const times = await chdb.tell<number[]>({
    ask: 'buckets',
    ...day,
    count: 500,
    repetitions: Math.max(5, options.sizes.queries),
  });
  await chdb.stop();
  return measure(times);
}
