import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { endChild, track } from '../children.ts';
import type { Door } from '../load/load-job.ts';

/** A question's answer for the day of one point: how many samples it counted in how many buckets. */
export interface DayAnswer {
  readonly buckets: number;
  readonly samples: number;
}

/** Another time-series store that runs beside the platform, in its own folder, on the loopback interface. */
export interface Rival {
  readonly name: string;
  /** Version, command and settings that matter, as one line. */
  readonly how: string;
  readonly door: Door;
  readonly pid: number;
  readonly port: number;
  readonly folder: string;
  /** Makes everything that was acknowledged visible to questions. */
  flush(): Promise<void>;
  /** All samples that it holds. */
  count(): Promise<number>;
  /** The newest value of every point. → how many points answered */
  latest(): Promise<number>;
  /** Count, least, most and mean of one point in `buckets` buckets, made from what is stored. */
  day(series: number, fromUs: number, toUs: number, buckets: number): Promise<DayAnswer>;
  /** The same, with whatever it keeps of answers that it gave before. It may move both ends by a bucket. */
  dayAgain(series: number, fromUs: number, toUs: number, buckets: number): Promise<DayAnswer>;
  /** What it keeps of answers that samples came for since. */
  forgetAnswers(): Promise<void>;
  /** Asks for all merges that it would do some day, and waits for them. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Why a rival takes no part. */
export class NotAvailable extends Error {}

/** Path and version of a program from a Debian package. Throws NotAvailable. */
export function packaged(path: string, packageName: string): string {
  if (!existsSync(path))
    throw new NotAvailable(`${path} is not installed: apt-get install --no-install-recommends ${packageName}`);
  try {
    // The name, a tabulator, the version.
    return execFileSync('dpkg-query', ['-W', packageName], { encoding: 'utf8' }).trim().split('\t')[1] ?? '';
  } catch {
    return 'of unknown version'; // installed without Debian's package
  }
}

/** Starts a server and waits until `url` answers. */
export async function startServer(
  command: string,
  args: readonly string[],
  url: string,
  options: { cwd?: string } = {},
): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  track(child);
  for (let i = 0; i < 150; i++) {
    if (child.exitCode !== null) throw new NotAvailable(`${command} ended with ${child.exitCode}`);
    if (await answers(url)) return child;
    await setTimeout(200);
  }
  await endChild(child, 'SIGKILL', 0);
  throw new NotAvailable(`${command} did not answer within 30 s`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // not listening yet
  }
}

/** Throws the answer's own words when it is refused. */
export async function ask(url: string, body?: string | URLSearchParams): Promise<string> {
  const answer = await fetch(url, body === undefined ? {} : { method: 'POST', body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`);
  return text;
}
