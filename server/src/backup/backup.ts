import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { BackupProgress } from '@luban/contracts';
import type { Accounting } from '../accounting/accounting.ts';
import type { Log } from '../log/log.ts';
import { Refusal } from '../platform/errors.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { clearStaging, stageRunning } from './staging.ts';
import { writeBackup } from './write-backup.ts';

export { clearStaging, stageToRead } from './staging.ts';

export type Backup = ReturnType<typeof createBackup>;

interface BackupOptions {
  directory: string;
  /** Records and telemetry are files in the data directory. */
  embedded: boolean;
  log: Pick<Log, 'files'>;
  telemetry: Pick<Telemetry, 'freeze'>;
  accounting: Pick<Accounting, 'hold'>;
  software: string;
  nowMs: () => number;
  lines: LogLines;
}

const nothing: BackupProgress = {
  state: 'none',
  to: null,
  bytesDone: 0,
  bytesTotal: 0,
  filesDone: 0,
  filesTotal: 0,
  cause: null,
};

/** Backups of the platform while it runs, one at a time. Samples are taken and acknowledged all the while. */
export function createBackup(options: BackupOptions) {
  const { directory, log, telemetry, accounting, software, nowMs, lines } = options;
  let progress = nothing;
  let running: Promise<void> | undefined;

  async function run(to: string, files: NonNullable<Log['files']>): Promise<void> {
    const startedMs = nowMs();
    const copy = async () => {
      try {
        const staged = await stageRunning({ directory, log: { files }, telemetry, accounting });
        progress = { ...progress, state: 'copying' };
        return await writeBackup(staged, { to, software, running: true, nowMs: startedMs }, (copied) => {
          progress = { ...progress, ...copied };
        });
      } finally {
        await clearStaging(directory);
      }
    };
    try {
      const { counts } = await copy();
      progress = { ...progress, state: 'done' };
      lines('info', 'backup done', { to, files: counts.files, bytes: counts.bytes, milliseconds: nowMs() - startedMs });
    } catch (error) {
      progress = { ...progress, state: 'failed', cause: errorLine(error).slice(0, 1000) };
      lines('error', 'backup failed', { to, cause: errorLine(error) });
    }
  }

  return {
    /** Removes what a backup that was cut short has left. */
    start: () => clearStaging(directory),
    /** Begins a backup; `progress` tells how it goes. Throws Refusal `backup.*`. */
    begin(to: string): BackupProgress {
      if (running !== undefined) throw new Refusal('backup.running', `It goes to ${progress.to}`);
      if (!options.embedded || log.files === undefined) throw new Refusal('backup.unsupported');
      checkTarget(to, directory);
      progress = { ...nothing, state: 'freezing', to };
      running = run(to, log.files).finally(() => {
        running = undefined;
      });
      return progress;
    },
    progress: () => progress,
    /** Waits for a backup that is under way. */
    async stop(): Promise<void> {
      await running;
    },
  };
}

/** Throws Refusal `backup.target` for a folder that is there already, that has no place, or that would hold itself. */
export function checkTarget(to: string, directory: string): void {
  if (!isAbsolute(to)) throw new Refusal('backup.target', `${to} must be a whole path from / on`);
  if (existsSync(to) && (!statSync(to).isDirectory() || readdirSync(to).length > 0))
    throw new Refusal('backup.target', `${to} is not empty: name a folder that does not exist yet`);
  const parent = dirname(resolve(to));
  if (!existsSync(parent)) throw new Refusal('backup.target', `There is no folder ${parent}`);
  const inside = relative(realpathSync(directory), join(realpathSync(parent), 'x'));
  if (!inside.startsWith('..') && !isAbsolute(inside))
    throw new Refusal('backup.target', `${to} lies in the data directory itself: a lost disk would take both`);
}
