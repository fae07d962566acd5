import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Session } from 'chdb';
import { serveParent } from '../children.ts';
import type { ChdbAsk, InsertTimes, WalkSize } from './chdb-messages.ts';

/**
 * chDB alone, in a process of its own: the store's own limit, on the table that the platform has made. Its columns are
 * named only where a question is about them, so that it stays the same work when the table changes.
 */
let session: Session;
const blockRows = 100_000;

function run(sql: string): (string | number)[][] {
  const text = session.query(sql, 'JSONCompact');
  return text.trim() === '' ? [] : (JSON.parse(text) as { data: (string | number)[][] }).data;
}

function open(directory: string): number {
  session = new Session(directory);
  run(
    'SET max_threads = 2, max_insert_threads = 1, max_partitions_per_insert_block = 0, optimize_on_insert = 1, log_queries = 0',
  );
  return Number(run('SELECT 1')[0]![0]);
}

const inWalk = (series: readonly number[]) => `series >= ${Math.min(...series)} AND series <= ${Math.max(...series)}`;

function size(table: string): { rows: number; bytes: number } {
  run(`OPTIMIZE TABLE ${table} FINAL`);
  const [found] = run(
    `SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}'`,
  );
  return { rows: Number(found![0]), bytes: Number(found![1]) };
}

function walkSize({ series, beforeUs }: ChdbAsk & { ask: 'walk-size' }): WalkSize {
  const where = `${inWalk(series)} AND time < fromUnixTimestamp64Micro(${beforeUs})`;
  run('CREATE TABLE bench_loaded AS samples');
  run(`INSERT INTO bench_loaded SELECT * FROM samples WHERE ${where}`);
  const loaded = size('bench_loaded');
  run('DROP TABLE bench_loaded SYNC');
  // At one step a second a batch comes once a second, a few ms apart: both halves of the series are a batch.
  const arrival = `toStartOfSecond(time) + INTERVAL (60 + cityHash64(toUnixTimestamp(time), series % 2) % 16) MILLISECOND`;
  run('CREATE TABLE bench_walk AS samples');
  run(`INSERT INTO bench_walk SELECT * REPLACE (${arrival} AS arrival) FROM samples WHERE ${where}`);
  const walk = size('bench_walk');
  run('DROP TABLE bench_walk SYNC');
  if (loaded.rows !== walk.rows) throw new Error(`copies of ${loaded.rows} and ${walk.rows} rows`);
  return { samples: walk.rows, loadedBytes: loaded.bytes, bytes: walk.bytes };
}

function insert({ series, blocks, repetitions, folder }: ChdbAsk & { ask: 'insert' }): InsertTimes[] {
  const files = Array.from({ length: blocks }, (_, i) => join(folder, `block-${i}.native`));
  run(
    `CREATE TABLE bench_rows ENGINE = Memory AS SELECT * FROM samples WHERE ${inWalk(series)} ORDER BY time LIMIT ${blocks * blockRows}`,
  );
  files.forEach((file, i) => {
    run(
      `SELECT * FROM bench_rows ORDER BY time LIMIT ${i * blockRows}, ${blockRows} INTO OUTFILE '${file}' TRUNCATE FORMAT Native`,
    );
  });
  run('DROP TABLE bench_rows SYNC');
  const found: InsertTimes[] = [];
  const rows = blocks * blockRows;
  for (let i = 0; i < repetitions; i++) {
    run('CREATE TABLE bench_insert AS samples');
    const before = process.cpuUsage();
    const beganMs = performance.now();
    files.forEach((file, block) => {
      run(
        `INSERT INTO bench_insert SELECT * FROM file('${file}', 'Native') SETTINGS insert_deduplication_token = '${i}-${block}'`,
      );
    });
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(before);
    found.push({ rowsPerSecond: (rows * 1000) / tookMs, cpuUsPerRow: (user + system) / rows });
    run('DROP TABLE bench_insert SYNC');
  }
  for (const file of files) rmSync(file);
  return found;
}

function buckets({ series, fromUs, toUs, count, repetitions }: ChdbAsk & { ask: 'buckets' }): number[] {
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const beganMs = performance.now();
    const rows = run(
      `SELECT intDiv(toUnixTimestamp64Micro(time), ${Math.ceil((toUs - fromUs) / count)}) AS bucket, count(), min(value), max(value), avg(value)
       FROM samples WHERE series = ${series} AND time >= fromUnixTimestamp64Micro(${fromUs}) AND time < fromUnixTimestamp64Micro(${toUs})
       GROUP BY bucket ORDER BY bucket`,
    );
    times.push(performance.now() - beganMs);
    if (rows.length < count) throw new Error(`${rows.length} of ${count} buckets`);
  }
  return times;
}

serveParent((message: ChdbAsk) => {
  switch (message.ask) {
    case 'open':
      return open(message.directory);
    case 'walk-size':
      return walkSize(message);
    case 'insert':
      return insert(message);
    case 'buckets':
      return buckets(message);
    case 'count':
      return Number(run('SELECT count() FROM samples FINAL')[0]![0]);
  }
});
