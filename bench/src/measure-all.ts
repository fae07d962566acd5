import { join } from 'node:path';
import { createBench, walkSoFar } from './bench.ts';
import type { Options } from './options.ts';
import { startPlatform } from './platform/platform-process.ts';
import { httpRow } from './rows/http-row.ts';
import { importRows } from './rows/import-row.ts';
import { bareMemory, idleMemory, memoryRows } from './rows/memory-row.ts';
import { modbusRow } from './rows/modbus-row.ts';
import { mqttRow } from './rows/mqtt-row.ts';
import { queryRows } from './rows/query-rows.ts';
import { startRow } from './rows/start-row.ts';
import { chdbBucketLimit, chdbInsertLimits, storageRow } from './rows/storage-row.ts';
import type { Row } from './table.ts';

/** All rows that are wanted, in the table's order: first at the running platform, then on what it has stored. */
export async function measureAll(options: Options, folder: string): Promise<Row[]> {
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const beganMs = performance.now();
    const result = await work();
    process.stderr.write(`${name}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
    return result;
  };
  const data = join(folder, 'platform');
  const store = join(data, 'telemetry', 'chdb');
  const platform = await startPlatform(data, options.platformArgs);
  const loaded: number[] = [];
  const idle = wanted('memory')
    ? await timed('memory', () => idleMemory(platform.pid, options.sizes.idleSeconds))
    : null;
  const bench = await createBench(options, folder, platform);

  // The storage row and chDB's own limit need the walk that this row stores.
  const large = await timed('mqtt-500', () => mqttRow(bench, 500, loaded));
  const walk = walkSoFar(bench);
  const small = wanted('mqtt-3') ? await timed('mqtt-3', () => mqttRow(bench, 3, loaded)) : [];
  const http = wanted('http') ? await timed('http', () => httpRow(bench)) : [];
  const perSecond = large.find(({ id }) => id === 'mqtt-500-stored')!.result.median;
  const queries = wanted('queries') ? await timed('queries', () => queryRows(bench, perSecond)) : null;
  const imported = wanted('import') ? await timed('import', () => importRows(bench)) : [];
  const modbus = wanted('modbus') ? await timed('modbus', () => modbusRow(bench)) : [];
  await bench.generator.stop();
  await platform.stop();

  const start = wanted('start')
    ? await timed('start', () => startRow(data, platform.startMs, options.sizes.repetitions))
    : [];
  const storage = wanted('storage') ? await timed('storage', () => storageRow(store, walk, bench.expected)) : [];
  const insert = await timed('chDB alone', () => chdbInsertLimits(options, store, walk));
  const bucketRows = queries
    ? [
        {
          ...queries.bucketsMs,
          limits: [
            ...queries.bucketsMs.limits,
            { name: 'chDB alone, plain GROUP BY', result: await chdbBucketLimit(options, store, queries.day) },
          ],
        },
      ]
    : [];
  const memory = idle ? memoryRows(idle, loaded, await bareMemory(folder)) : [];
  return [
    ...large.map((row) =>
      row.id === 'mqtt-500-stored'
        ? { ...row, limits: [insert.rate] }
        : row.id === 'mqtt-500-cpu'
          ? { ...row, limits: [insert.cpu] }
          : row,
    ),
    ...small,
    ...http,
    ...storage,
    ...(queries?.rows ?? []),
    ...bucketRows,
    ...imported,
    ...memory,
    ...start,
    ...modbus,
  ];
}
