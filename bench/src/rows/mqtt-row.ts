import { type Bench, jobOf, type LoadResult, type LoadShape, runLoad } from '../bench.ts';
import { startChild } from '../children.ts';
import type { JournalJob } from '../limits/journal-child.ts';
import { mosquittoTimes } from '../limits/mosquitto.ts';
import { measure } from '../measures.ts';
import { residentBytes } from '../process-usage.ts';
import { formatNumber, type Limit, type Row } from '../table.ts';

/** The log's header before a batch, bytes. */
const logHeaderBytes = 16;
/** The batch's header, then series, time and value of each sample and one status. */
const batchBytes = (samples: number) => 28 + samples * 16 + 2;

/** QoS 1 over MQTT with messages of one size: until all is durable and visible. `loaded` gets resident bytes under load. */
export async function mqttRow(bench: Bench, samplesPerMessage: 3 | 500, loaded: number[]): Promise<Row[]> {
  const { sizes } = bench.options;
  const large = samplesPerMessage === 500;
  const shape: LoadShape = {
    door: 'mqtt',
    connections: 4,
    window: 64,
    messages: large ? sizes.largeMessages : sizes.smallMessages,
    samplesPerMessage,
    messagesPerSecond: null,
  };
  const warm = await runLoad(bench, jobOf(bench, { ...shape, messages: shape.messages / 10 }));
  await bench.quiet();

  const perUnit = large ? samplesPerMessage : 1;
  const rate = (messages: number, ms: number) => (messages * perUnit * 1000) / ms;
  const limits: Limit[] = [
    {
      name: 'journal + fdatasync',
      result: measure((await journalTimes(bench, shape)).map((ms) => rate(shape.messages, ms))),
    },
  ];
  const mosquitto = await mosquittoTimes(
    bench.folder,
    bench.generator,
    { ...jobOf(bench, { ...shape, messages: 0 }), messages: shape.messages },
    sizes.repetitions,
  );
  if (mosquitto)
    limits.push({ name: 'mosquitto → /dev/null', result: measure(mosquitto.map((ms) => rate(shape.messages, ms))) });

  const results: LoadResult[] = [];
  const watching = setInterval(() => loaded.push(residentBytes(bench.platform.pid)), 500);
  for (let i = 0; i < sizes.repetitions; i++) results.push(await runLoad(bench, jobOf(bench, shape)));
  clearInterval(watching);
  const fault = warm.fault ?? results.find((each) => each.fault)?.fault ?? (await bench.countFault());
  const visible = measure(results.map(({ visibleMs }) => rate(shape.messages, visibleMs)));
  const cpu = measure(results.map(({ cpuUs, samples }) => cpuUs / samples));
  const generatorShare = measure(
    results.map(({ generator: { cpuUs, startedMs, endedMs } }) => cpuUs / 1000 / (endedMs - startedMs)),
  );
  const id = `mqtt-${samplesPerMessage}`;
  return [
    {
      id,
      name: { zh: `MQTT QoS 1，每条消息 ${samplesPerMessage} 个样本`, en: `${samplesPerMessage} samples a message` },
      unit: large ? 'samples/s' : 'messages/s',
      result: visible,
      limits,
      aim: large ? '≥ 400,000' : '≥ 15,000',
      notes: [
        `${shape.messages.toLocaleString('en-US')} messages, ${shape.connections} connections, ${shape.window} unacknowledged each; durable and visible to every read`,
        `the generator used ${formatNumber(generatorShare.median * 100)} % of one core; strangers to this run took ${formatNumber(100 * measure(results.map(({ othersShare }) => othersShare)).median)} % of the machine`,
      ],
      fault,
    },
    {
      id: `${id}-stored`,
      name: { zh: '同上，直到全部写入列存', en: 'the same, until all is in the column store' },
      unit: large ? 'samples/s' : 'messages/s',
      result: measure(results.map(({ storedMs }) => rate(shape.messages, storedMs))),
      limits: [],
      aim: null,
      notes: large ? [] : ['the last block waits up to two seconds for more before it is inserted'],
      fault,
    },
    {
      id: `${id}-cpu`,
      name: { zh: 'CPU（平台与数据库进程）', en: 'CPU, platform and database' },
      unit: 'µs/sample',
      result: cpu,
      limits: [],
      aim: null,
      notes: [
        `of it the server ${formatNumber(measure(results.map((each) => each.serverCpuUs / each.samples)).median)}, the rest the database; until all is in the column store`,
      ],
      fault,
    },
  ];
}

async function journalTimes(bench: Bench, shape: LoadShape): Promise<number[]> {
  const child = startChild('limits/journal-child.ts');
  const job: JournalJob = {
    folder: bench.folder,
    records: shape.messages,
    recordBytes: logHeaderBytes + batchBytes(shape.samplesPerMessage),
    window: shape.connections * shape.window,
  };
  const times: number[] = [];
  for (let i = 0; i < bench.options.sizes.repetitions; i++) times.push(await child.ask<number>(job));
  await child.stop();
  return times;
}
