import { type Bench, jobOf, type LoadResult, type LoadShape, runLoad, walkSeries } from '../bench.ts';
import { startChild } from '../children.ts';
import { measure } from '../measures.ts';
import { formatNumber, type Row } from '../table.ts';

/** JSON over HTTP, one request after another on each connection. */
export async function httpRow(bench: Bench): Promise<Row[]> {
  const { sizes } = bench.options;
  const connections = 4;
  const shape: LoadShape = {
    door: 'http',
    connections,
    window: 1,
    messages: sizes.httpRequests,
    samplesPerMessage: walkSeries / connections,
    messagesPerSecond: null,
  };
  const rate = (ms: number) => (shape.messages * shape.samplesPerMessage * 1000) / ms;
  const warm = await runLoad(bench, jobOf(bench, { ...shape, messages: shape.messages / 10 }));
  await bench.quiet();

  const sink = startChild('limits/http-sink-child.ts');
  const port = await sink.ask<number>({});
  const limit: number[] = [];
  for (let i = 0; i < sizes.repetitions; i++) {
    const job = { ...jobOf(bench, { ...shape, messages: 0 }), messages: shape.messages, port };
    const { startedMs, endedMs } = await (await bench.generator.prepare(job)).go();
    limit.push(rate(endedMs - startedMs));
  }
  await sink.stop();

  const results: LoadResult[] = [];
  for (let i = 0; i < sizes.repetitions; i++) results.push(await runLoad(bench, jobOf(bench, shape)));
  const fault = warm.fault ?? results.find((each) => each.fault)?.fault ?? (await bench.countFault());
  const generatorShare = measure(
    results.map(({ generator: { cpuUs, startedMs, endedMs } }) => cpuUs / 1000 / (endedMs - startedMs)),
  );
  return [
    {
      id: 'http',
      name: {
        zh: `HTTP JSON，每个请求 ${shape.samplesPerMessage} 个样本`,
        en: `${shape.samplesPerMessage} samples a request`,
      },
      unit: 'samples/s',
      result: measure(results.map(({ visibleMs }) => rate(visibleMs))),
      limits: [{ name: 'node:http + JSON.parse', result: measure(limit) }],
      aim: null,
      notes: [
        `${connections} connections, one request at a time each; the generator used ${formatNumber(generatorShare.median * 100)} % of one core; strangers to this run took ${formatNumber(100 * measure(results.map(({ othersShare }) => othersShare)).median)} % of the machine`,
      ],
      fault,
    },
    {
      id: 'http-cpu',
      name: { zh: 'CPU（平台与数据库进程）', en: 'CPU, platform and database' },
      unit: 'µs/sample',
      result: measure(results.map(({ cpuUs, samples }) => cpuUs / samples)),
      limits: [],
      aim: null,
      notes: [
        `of it the server ${formatNumber(measure(results.map((each) => each.serverCpuUs / each.samples)).median)}, the rest the database; until all is in the column store`,
      ],
      fault,
    },
  ];
}
