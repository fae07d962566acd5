import { setTimeout } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { measure } from '../measures.ts';
import { residentBytes } from '../process-usage.ts';
import { formatNumber } from '../table.ts';
import type { Comparison } from './comparison.ts';
import { smallJob } from './stack-rows.ts';

const times = 10;
const mebibyte = 2 ** 20;

/** Senders that want ten times what is taken and wait for no answer. `capacity`: messages a second of one core. */
export async function overloadRow(bench: Bench, capacity: number): Promise<Comparison[]> {
  const { rounds, overloadSeconds } = bench.options.rivalSizes;
  const peaks: number[] = [];
  const before: number[] = [];
  const shares: number[] = [];
  let fault: string | null = null;
  for (let round = 0; round < rounds; round++) {
    await bench.quiet();
    before.push(residentBytes(bench.platform.pid) / mebibyte);
    const offered = Math.ceil(capacity * times);
    const job = {
      ...smallJob(bench, 'mqtt', offered * overloadSeconds, offered),
      // Few, so that what the sockets hold is a small part of it.
      connections: 4,
      window: Number.POSITIVE_INFINITY,
      stopAfterMs: overloadSeconds * 1000,
    };
    const load = await bench.generator.prepare(job);
    let peak = 0;
    const watching = setInterval(() => {
      peak = Math.max(peak, residentBytes(bench.platform.pid));
    }, 100);
    const { sent } = await load.go();
    while (((await bench.api.flow()).log.backlogRecords ?? 0) > 0) await setTimeout(100);
    clearInterval(watching);
    peaks.push(peak / mebibyte);
    shares.push(sent / job.messages);
    bench.expected += sent * job.samplesPerMessage;
    fault ??= await bench.countFault();
    if (sent > job.messages * 0.9) fault ??= 'nearly all that was offered was taken: this was no overload';
  }
  return [
    {
      id: 'overload',
      name: { zh: `${times} 倍过载时内存峰值`, en: `highest memory at ${times} times capacity` },
      unit: 'MiB RSS',
      luban: peaks,
      others: [{ name: 'Luban at rest before', rounds: before }],
      aim: 'bounded, nothing lost',
      notes: [
        `${formatNumber(capacity * times)} messages/s of 3 samples offered for ${overloadSeconds} s without waiting for answers; TCP slowed the senders to ${formatNumber(100 * measure(shares).median)} % of it, with what the sockets hold; what was sent was acknowledged, and all that was acknowledged is stored exactly once (counted)`,
      ],
      fault,
    },
  ];
}
