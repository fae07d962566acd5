import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { endChild } from '../children.ts';
import { freePort } from '../free-port.ts';
import type { Door } from '../load/load-job.ts';
import { rivalMetric } from '../load/rival-requests.ts';
import { settledBytes } from './folder-size.ts';
import { ask, type DayAnswer, packaged, type Rival, startServer } from './rival.ts';

const path = '/usr/bin/victoria-metrics';

interface Answer {
  data: { result: { metric: Record<string, string>; value: [number, string]; values: [number, string][] }[] };
}

/** VictoriaMetrics, single node. It syncs nothing before it answers: a power cut takes the newest seconds. */
export async function startVictoriaMetrics(folder: string, door: Door = 'remote-write'): Promise<Rival> {
  const version = packaged(path, 'victoria-metrics');
  const own = await mkdtemp(join(folder, 'victoria-metrics-'));
  const port = await freePort();
  const settings = ['-retentionPeriod=10y', '-search.latencyOffset=0s', '-influxSkipSingleField'];
  const child = await startServer(
    path,
    [`-storageDataPath=${own}`, `-httpListenAddr=127.0.0.1:${port}`, ...settings],
    `http://127.0.0.1:${port}/health`,
  );
  const origin = `http://127.0.0.1:${port}`;
  const query = async (path: string, parameters: Record<string, string>) => {
    const answer = await ask(`${origin}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    return (JSON.parse(answer) as Answer).data.result;
  };
  const stored = { nocache: '1' };
  async function day(
    [series, fromUs, toUs, buckets]: readonly [number, number, number, number],
    cache: Record<string, string>,
  ): Promise<DayAnswer> {
    const step = (toUs - fromUs) / 1000 / buckets;
    const rollups = '"count_over_time", "min_over_time", "max_over_time", "avg_over_time"';
    const found = await query('query_range', {
      query: `aggr_over_time((${rollups}), ${rivalMetric}{point="${series}"}[${step}ms])`,
      // A value at t stands for (t − step, t].
      start: String(fromUs / 1e6 + step / 1000 - 0.001),
      end: String(toUs / 1e6 - 0.001),
      step: `${step}ms`,
      ...cache,
    });
    const counts = found.find(({ metric }) => metric.rollup === 'count_over_time')?.values ?? [];
    return { buckets: counts.length, samples: counts.reduce((sum, [, value]) => sum + Number(value), 0) };
  }
  /** Rows in its parts on disk and in memory, from its own figures about itself. */
  const figures = async (pattern: RegExp) =>
    [...(await ask(`${origin}/metrics`)).matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
  return {
    name: 'VictoriaMetrics',
    how: `VictoriaMetrics ${version}: victoria-metrics -storageDataPath=… ${settings.join(' ')}; it syncs nothing before it answers; its cache of answers is off (nocache=1), because it keeps one from before the last samples, but for the day asked again`,
    door,
    pid: child.pid!,
    port,
    folder: own,
    async flush() {
      await ask(`${origin}/internal/force_flush`);
    },
    count: () => figures(/^vm_rows\{type="storage\/(?:big|small|inmemory)"\} (\S+)$/gm),
    latest: async () => (await query('query', { query: rivalMetric, ...stored })).length,
    day: (...asked) => day(asked, stored),
    dayAgain: (...asked) => day(asked, {}),
    async forgetAnswers() {
      await ask(`${origin}/internal/resetRollupResultCache`);
    },
    async compact() {
      await ask(`${origin}/internal/force_flush`);
      await ask(`${origin}/internal/force_merge`);
      await settledBytes(own, 90);
    },
    stop: () => endChild(child, 'SIGTERM', 20_000),
  };
}
