import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { topics } from '@luban/contracts';
import { endChild, track } from '../children.ts';
import { freePort } from '../free-port.ts';
import type { Generator } from '../load/generator.ts';
import type { LoadJob } from '../load/load-job.ts';

const brokerPath = '/usr/sbin/mosquitto';
const subscriberPath = '/usr/bin/mosquitto_sub';

/** Keeps nothing on disk and drops nothing: a queue without bound for a subscriber that is behind. */
export const mosquittoSettings = [
  'allow_anonymous true',
  'persistence false',
  'max_queued_messages 0',
  'max_inflight_messages 0',
  'log_type error',
];

export interface Mosquitto {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Null where it is not installed. */
export async function startMosquitto(folder: string): Promise<Mosquitto | null> {
  if (!existsSync(brokerPath)) return null;
  const port = await freePort();
  const config = join(await mkdtemp(join(folder, 'mosquitto-')), 'mosquitto.conf');
  await writeFile(config, `${[`listener ${port} 127.0.0.1`, ...mosquittoSettings].join('\n')}\n`);
  const broker = spawn(brokerPath, ['-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  track(broker);
  await setTimeout(500);
  return { pid: broker.pid!, port, stop: () => endChild(broker, 'SIGTERM', 5000) };
}

export const discardingName = 'mosquitto → a subscriber that discards';

/** Samples a second that mosquitto hands to such a subscriber; null where it is not installed. */
export async function discardingRate(folder: string, generator: Generator, job: LoadJob): Promise<number | null> {
  const [ms] = (await mosquittoTimes(folder, generator, job, 1)) ?? [];
  return ms === undefined ? null : (job.messages * job.samplesPerMessage * 1000) / ms;
}

/**
 * Mosquitto with one subscriber that throws all away: ms from the first publish until the subscriber has had every
 * message, for each repetition. Null where it is not installed.
 */
export async function mosquittoTimes(
  folder: string,
  generator: Generator,
  job: LoadJob,
  repetitions: number,
): Promise<number[] | null> {
  const broker = existsSync(subscriberPath) ? await startMosquitto(folder) : null;
  if (broker === null) return null;
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      String(broker.port),
      '-t',
      topics.batch,
      '-q',
      '1',
      '-C',
      String(job.messages),
    ];
    const subscriber = spawn(subscriberPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    track(subscriber);
    const all = new Promise((resolve) => subscriber.once('exit', resolve));
    await setTimeout(300);
    const load = await generator.prepare({
      ...job,
      port: broker.port,
      accounts: [{ username: 'bench', password: 'bench' }],
    });
    const { startedMs } = await load.go();
    const code = await Promise.race([all, setTimeout(60_000, 'late', { ref: false })]);
    if (code !== 0) throw new Error(`mosquitto_sub did not get all messages: ${String(code)}`);
    times.push(performance.timeOrigin + performance.now() - startedMs);
  }
  await broker.stop();
  return times;
}
