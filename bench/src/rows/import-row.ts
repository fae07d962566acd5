import { setTimeout } from 'node:timers/promises';
import type { Job } from '@luban/contracts';
import { type Bench, walkSeries } from '../bench.ts';
import { measure, quantile } from '../measures.ts';
import { formatNumber, type Row } from '../table.ts';

const hourUs = 3_600_000_000;
/** Before anything that other rows store. */
const daysBack = 40;

/** Times of questions while history is read in from a file, beside the same questions at rest. */
export async function importRows(bench: Bench): Promise<Row[]> {
  const { api, thing, options } = bench;
  const rows = options.sizes.importRows;
  const points = thing.points.slice(0, walkSeries).map(({ series }) => series);
  const toUs = Math.floor((Date.now() * 1000) / hourUs) * hourUs;
  const questions = {
    latest: `/readings/latest?series=${points.join(',')}`,
    buckets: `/readings/buckets?series=${points[0]}&from=${toUs - 15 * 24 * hourUs}&to=${toUs}&count=500`,
  };
  const ask = async (path: string) => {
    const beganMs = performance.now();
    await api.get(path);
    return performance.now() - beganMs;
  };
  await bench.quiet();
  const rest = { latest: [] as number[], buckets: [] as number[] };
  for (let i = 0; i < options.sizes.queries; i++) {
    rest.latest.push(await ask(questions.latest));
    rest.buckets.push(await ask(questions.buckets));
  }

  const file = csv(points, rows, toUs - daysBack * 24 * hourUs);
  const beganMs = performance.now();
  let job = await api.postCsv<Job>('/imports', file);
  const busy = { latest: [] as number[], buckets: [] as number[] };
  while (job.finishedAt === null) {
    busy.latest.push(await ask(questions.latest));
    busy.buckets.push(await ask(questions.buckets));
    await setTimeout(50);
    job = await api.get<Job>(`/jobs/${job.id}`);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  if (job.state === 'done') bench.expected += rows;
  const fault = job.state === 'done' ? await bench.countFault() : `the import ended as ${job.state}`;
  const note = (times: readonly number[]) => {
    const sorted = [...times].sort((a, b) => a - b);
    return `${times.length} questions while ${formatNumber(rows)} rows are read in with ${formatNumber(rows / seconds)} rows/s; 95 % within ${formatNumber(quantile(sorted, 0.95))} ms, the slowest ${formatNumber(sorted.at(-1)!)} ms`;
  };
  const row = (id: 'latest' | 'buckets', name: Row['name']): Row => ({
    id: `import-${id}`,
    name,
    unit: 'ms',
    result: measure(busy[id]),
    limits: [{ name: 'the same at rest', result: measure(rest[id]) }],
    aim: null,
    notes: [note(busy[id])],
    fault,
  });
  return [
    row('latest', { zh: '导入历史时查询 1,000 点最新值', en: 'latest of 1,000 points while history is imported' }),
    row('buckets', { zh: '导入历史时查询曲线/500 桶', en: 'a chart in 500 buckets while history is imported' }),
  ];
}

/** `rows` samples, one a second of each point in turn. */
function csv(points: readonly number[], rows: number, fromUs: number): string {
  const lines = ['time,series,value'];
  for (let i = 0; i < rows; i++) {
    const second = Math.floor(i / points.length);
    lines.push(`${fromUs + second * 1_000_000},${points[i % points.length]},${(20 + (i % 97) / 10).toFixed(1)}`);
  }
  return `${lines.join('\n')}\n`;
}
