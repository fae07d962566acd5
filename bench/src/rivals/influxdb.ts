import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endChild } from '../children.ts';
import { freePort } from '../free-port.ts';
import { rivalDatabase, rivalMetric } from '../load/rival-requests.ts';
import { settledBytes } from './folder-size.ts';
import { ask, type DayAnswer, packaged, type Rival, startServer } from './rival.ts';

const path = '/usr/bin/influxd';

/** One statement's answer: a table for each series. */
interface Answer {
  results: { error?: string; series?: { values: (number | string | null)[][] }[] }[];
}

/**
 * InfluxDB 1.x with its defaults: the write-ahead log is synced before each answer. Only what does not serve the
 * question is off: reports home, the log of requests, its samples about itself. With `compactSoon` it compacts what is
 * not written to at once instead of after hours.
 */
export async function startInfluxdb(folder: string, { compactSoon = false } = {}): Promise<Rival> {
  const version = packaged(path, 'influxdb');
  const own = await mkdtemp(join(folder, 'influxdb-'));
  const [port, rpcPort] = [await freePort(), await freePort()];
  const soon = compactSoon
    ? 'cache-snapshot-write-cold-duration = "1s"\ncompact-full-write-cold-duration = "1s"\n'
    : '';
  await writeFile(
    join(own, 'influxdb.conf'),
    `reporting-enabled = false
bind-address = "127.0.0.1:${rpcPort}"
[meta]
dir = "${own}/meta"
[data]
dir = "${own}/data"
wal-dir = "${own}/wal"
wal-fsync-delay = "0s"
query-log-enabled = false
${soon}[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:${port}"
log-enabled = false
`,
  );
  const origin = `http://127.0.0.1:${port}`;
  const child = await startServer(path, ['-config', join(own, 'influxdb.conf')], `${origin}/ping`);
  const query = async (text: string) => {
    const answer = await ask(`${origin}/query?db=${rivalDatabase}&epoch=ms`, new URLSearchParams({ q: text }));
    const [result] = (JSON.parse(answer) as Answer).results;
    if (result?.error !== undefined) throw new Error(`InfluxDB: ${result.error}`);
    return result?.series ?? [];
  };
  await query(`CREATE DATABASE ${rivalDatabase}`);
  /** Count, least, most and mean of each bucket. */
  async function day(series: number, fromUs: number, toUs: number, buckets: number): Promise<DayAnswer> {
    const [from, to] = [fromUs / 1000, toUs / 1000];
    // Buckets of InfluxDB begin at multiples of their width unless an offset is given.
    const width = Math.ceil((to - from) / buckets);
    const [found] = await query(
      `SELECT count(value), min(value), max(value), mean(value) FROM ${rivalMetric} WHERE point = '${series}' AND time >= ${from}ms AND time < ${to}ms GROUP BY time(${width}ms, ${from % width}ms)`,
    );
    const values = found?.values ?? [];
    return { buckets: values.length, samples: values.reduce((sum, row) => sum + Number(row[1]), 0) };
  }

  return {
    name: 'InfluxDB',
    how: `InfluxDB ${version}: influxd -config …; defaults: wal-fsync-delay = "0s" (synced before each answer), index inmem; request log and own monitoring off`,
    door: 'influx-line',
    pid: child.pid!,
    port,
    folder: own,
    flush: () => Promise.resolve(), // what it has acknowledged is visible
    async count() {
      const [found] = await query(`SELECT count(value) FROM ${rivalMetric}`);
      return Number(found?.values[0]?.[1] ?? 0);
    },
    async latest() {
      return (await query(`SELECT last(value) FROM ${rivalMetric} WHERE time > now() - 5m GROUP BY point`)).length;
    },
    day,
    dayAgain: day, // it keeps no answers
    forgetAnswers: () => Promise.resolve(),
    async compact() {
      await settledBytes(own, 90);
    },
    stop: () => endChild(child, 'SIGTERM', 20_000),
  };
}
