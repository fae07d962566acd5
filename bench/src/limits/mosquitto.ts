import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { topics } from '@luban/contracts';
import { endChild, track } from '../children.ts';
import type { Generator } from '../load/generator.ts';
import type { LoadJob } from '../load/load-job.ts';

const brokerPath = '/usr/sbin/mosquitto';
const subscriberPath = '/usr/bin/mosquitto_sub';

/**
 * Mosquitto, which keeps nothing on disk, with one subscriber that throws all away: ms from the first publish until the
 * subscriber has had every message, for each repetition. Null where it is not installed.
 */
export async function mosquittoTimes(
  folder: string,
  generator: Generator,
  job: LoadJob,
  repetitions: number,
): Promise<number[] | null> {
  if (!existsSync(brokerPath) || !existsSync(subscriberPath)) return null;
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  await writeFile(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n`,
  );
  const broker = spawn(brokerPath, ['-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  track(broker);
  await setTimeout(500);
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-t', topics.batch, '-q', '1', '-C', String(job.messages)];
    const subscriber = spawn(subscriberPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    track(subscriber);
    const all = new Promise((resolve) => subscriber.once('exit', resolve));
    await setTimeout(300);
    const load = await generator.prepare({ ...job, port, username: 'bench', password: 'bench' });
    const { startedMs } = await load.go();
    const code = await Promise.race([all, setTimeout(60_000, 'late', { ref: false })]);
    if (code !== 0) throw new Error(`mosquitto_sub did not get all messages: ${String(code)}`);
    times.push(performance.timeOrigin + performance.now() - startedMs);
  }
  await endChild(broker, 'SIGTERM', 5000);
  return times;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
