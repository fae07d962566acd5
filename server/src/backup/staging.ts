import { chmod, copyFile, link, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accounting } from '../accounting/accounting.ts';
import type { Log } from '../log/log.ts';
import { copyRecords } from '../platform/database/copy-records.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { stageOtherParts } from './backup-parts.ts';

/** What a backup will copy, held still in a folder of links on the data's own disk. */
export interface Staged {
  readonly folder: string;
  /** How many bytes of a file count, by its path, where that is not all of it. */
  readonly limits: ReadonlyMap<string, number>;
  /** Rows by table of the records. */
  readonly records: Record<string, number>;
}

/** Removes what a backup that was cut short has left. */
export function clearStaging(directory: string): Promise<void> {
  return rm(join(directory, 'backup-staging'), { recursive: true, force: true });
}

async function newStaging(directory: string): Promise<string> {
  await clearStaging(directory);
  const folder = join(directory, 'backup-staging');
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/**
 * Of a platform that runs, in an order that makes the parts fit together: the store has what the log holds before the
 * consumer's offset; the log holds everything acknowledged so far; the records are later than both, so that every series
 * of a sample is known, but for the counts of samples, which go no further than the log.
 */
export async function stageRunning(options: {
  directory: string;
  log: Required<Pick<Log, 'files'>>;
  telemetry: Pick<Telemetry, 'freeze'>;
  accounting: Pick<Accounting, 'hold'>;
}): Promise<Staged> {
  const { directory, log, telemetry, accounting } = options;
  const folder = await newStaging(directory);
  const stage = async (): Promise<Staged> => {
    const limits = new Map<string, number>();
    await mkdir(join(folder, 'log'), { mode: 0o700 });
    await linkFolder(join(directory, 'log', 'consumers'), join(folder, 'log', 'consumers'));
    for (const { path, name, bytes } of log.files()) {
      await link(path, join(folder, 'log', name));
      limits.set(`log/${name}`, bytes);
    }
    const records = await stageRecords(directory, folder);
    for (const [path, bytes] of await stageOtherParts(directory, folder)) limits.set(path, bytes);
    return { folder, limits, records };
  };
  return telemetry.freeze(join(folder, 'telemetry', 'chdb'), () => accounting.hold(stage));
}

/** Of a platform that is stopped or was killed: everything as it lies there, the plan of its last insert too. */
export async function stageStopped(directory: string): Promise<Staged> {
  const folder = await newStaging(directory);
  for (const part of ['log', 'telemetry']) await linkFolder(join(directory, part), join(folder, part));
  const records = await stageRecords(directory, folder);
  return { folder, limits: await stageOtherParts(directory, folder), records };
}

/**
 * The store and the log of a stopped platform, to be opened and read there: what whoever opens them changes are files of
 * the staging folder. Needs the room of the log's newest segment.
 */
export async function stageToRead(directory: string): Promise<{ telemetry: string; log: string }> {
  const folder = await newStaging(directory);
  const [telemetry, log] = [join(folder, 'telemetry'), join(folder, 'log')];
  // The one file of chDB's that grows where it lies; only inserts need it.
  await linkFolder(join(directory, 'telemetry'), telemetry, /^deduplication_logs$/);
  await linkFolder(join(directory, 'log'), log);
  // So does the newest segment: a half record at its end is cut off when it is opened.
  const newest = (await readdir(log))
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .at(-1);
  if (newest !== undefined) {
    await rm(join(log, newest));
    await copyFile(join(directory, 'log', newest), join(log, newest));
  }
  return { telemetry, log };
}

async function stageRecords(directory: string, folder: string): Promise<Record<string, number>> {
  const copy = join(folder, 'records.sqlite');
  const counts = await copyRecords(join(directory, 'records.sqlite'), copy);
  await chmod(copy, 0o600);
  return counts;
}

/** Of chDB's folder what it makes anew at each start; of the log's what belongs to a process. */
const leftOut = /^(status|tmp|shadow|lock\..*|quarantine|.*\.(new|tmp))$/;

/** Links what is in `from`; small files that are replaced and not changed are as good as copied. */
async function linkFolder(from: string, to: string, without?: RegExp): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (leftOut.test(entry.name) || without?.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkFolder(source, target, without);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await link(source, target).catch(() => copyFile(source, target));
  }
}
