import { join } from 'node:path';
import { createBench, walkSoFar } from '../bench.ts';
import type { Options } from '../options.ts';
import { startPlatform } from '../platform/platform-process.ts';
import { chdbInsertLimits } from '../rows/storage-row.ts';
import type { StoredWalk } from '../sample-walk.ts';
import { bulkRows } from './bulk-rows.ts';
import type { Comparison } from './comparison.ts';
import { connectionRows } from './connection-rows.ts';
import { overloadRow } from './overload-row.ts';
import { queryRows } from './query-rows.ts';
import { seriesRow } from './series-row.ts';
import { loadForSize, sizeRows } from './size-rows.ts';
import { stackRows } from './stack-rows.ts';

/** All rows beside other products that are wanted, in the table's order. */
export async function measureRivals(options: Options, folder: string): Promise<Comparison[]> {
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const beganMs = performance.now();
    const result = await work();
    process.stderr.write(`${name}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
    return result;
  };
  const data = join(folder, 'platform');
  const platform = await startPlatform(data, options.platformArgs);
  const bench = await createBench(options, folder, platform);
  // The rate at which the queries are asked while samples come in is half of these rows'; the overload ten times these.
  const needsBulk = wanted('bulk') || wanted('queries');
  const needsStack = wanted('stack') || wanted('overload');
  const bulk = needsBulk ? await timed('bulk', () => bulkRows(bench)) : null;
  const walk = walkSoFar(bench);
  const stack = needsStack ? await timed('stack', () => stackRows(bench)) : null;
  const queries = bulk && wanted('queries') ? await timed('queries', () => queryRows(bench, bulk.speeds)) : [];
  const loaded = wanted('size') ? await timed('size', () => loadForSize(bench)) : [];
  const overload =
    stack && wanted('overload') ? await timed('overload', () => overloadRow(bench, stack.messagesPerSecond)) : [];
  const connections = wanted('connections') ? await timed('connections', () => connectionRows(bench)) : [];
  const series = wanted('series') ? await timed('series', () => seriesRow(bench)) : [];
  await bench.generator.stop();
  await platform.stop();

  const store = join(data, 'telemetry', 'chdb');
  const bulkBeside = bulk ? await timed('chDB alone', () => besideChdb(bulk.rows, options, store, walk)) : [];
  const size = loaded.length > 0 ? await timed('sizes', () => sizeRows(store, loaded)) : [];
  return [...bulkBeside, ...(stack?.rows ?? []), ...queries, ...size, ...connections, ...overload, ...series];
}

/** The raw engine's own speed with the same rows, on the table that the platform has made. */
async function besideChdb(
  rows: readonly Comparison[],
  options: Options,
  store: string,
  walk: StoredWalk,
): Promise<Comparison[]> {
  const { rate, cpu } = await chdbInsertLimits(options, store, walk);
  const alone = { bulk: null, 'bulk-stored': rate, 'bulk-cpu': cpu } as const;
  return rows.map((row) => {
    const limit = alone[row.id as keyof typeof alone];
    if (!limit) return row;
    return { ...row, others: [{ name: limit.name, rounds: limit.result.rounds }, ...row.others] };
  });
}
