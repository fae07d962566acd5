import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalError, lockDirectory } from '@luban/journal';
import type { Migration } from 'kysely';
import { type Database, executedMigrations, isOneFile, migrate } from '../database/database.ts';
import { refuseUnfinishedMove } from '../database/unfinished-move.ts';
import type { LogLines } from '../log-lines.ts';
import { StartRefusal } from '../start-refusal.ts';
import { type DataVersion, dataFormat, readDataVersion, writeDataVersion } from './data-version.ts';
import { keepBeforeUpgrade } from './keep-before-upgrade.ts';

interface DataDirectoryOptions {
  directory: string;
  /** Of the time series store's tables, as this software makes them. */
  telemetryFormat: number;
  /** This software's own version, for people. */
  software: string;
  nowMs: () => number;
  lines: LogLines;
}

export interface DataDirectory {
  /**
   * Brings the records to this version. What is there already is copied first, once for each upgrade, into
   * `before-upgrade`. Throws StartRefusal for records that a newer software wrote.
   */
  migrateRecords(database: Database, migrations: Record<string, Migration>): Promise<void>;
  /** Everything in it is of this version now. */
  upgraded(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the directory for this process alone and looks at who wrote it. Throws StartRefusal when another platform has
 * it, and when a newer software wrote it: nothing has been touched then.
 */
export async function openDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { directory, telemetryFormat, software, nowMs, lines } = options;
  await mkdir(directory, { recursive: true });
  const lock = await takeLock(directory);
  let newest = '';

  async function look(): Promise<{ written: DataVersion | null; isNew: boolean }> {
    const written = await readDataVersion(directory);
    if (written !== null && (written.format > dataFormat || written.telemetry > telemetryFormat))
      throw newer(directory, written.software);
    return { written, isNew: written === null && !existsSync(join(directory, 'records.sqlite')) };
  }

  const { written, isNew } = await look().catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });

  return {
    async migrateRecords(database, migrations) {
      const known = Object.keys(migrations).sort();
      newest = known.at(-1) ?? '';
      await refuseUnfinishedMove(database);
      const executed = await executedMigrations(database);
      if (executed.some((name) => !known.includes(name))) throw newer(directory, written?.software ?? '?');
      const pending = known.filter((name) => !executed.includes(name));
      if (
        isOneFile(database) &&
        !isNew &&
        executed.length > 0 &&
        (pending.length > 0 || written?.format !== dataFormat)
      ) {
        const from = written?.records ?? executed.at(-1) ?? 'none';
        const kept = await keepBeforeUpgrade({ directory, database, from, to: newest, nowMs: nowMs() });
        lines('info', 'records copied before the upgrade', { from, to: newest, kept });
      }
      await migrate(database, migrations);
    },
    async upgraded() {
      const version = { format: dataFormat, telemetry: telemetryFormat, records: newest, software };
      if (JSON.stringify(version) === JSON.stringify(written)) return;
      await writeDataVersion(directory, version);
      if (!isNew) lines('info', 'data directory upgraded', { from: written ?? 'before version.json', to: version });
    },
    release: () => lock.release(),
  };
}

async function takeLock(directory: string) {
  try {
    return await lockDirectory(directory);
  } catch (cause) {
    if (!(cause instanceof JournalError) || cause.code !== 'journal.locked') throw cause;
    const owner = /process (\d+)/.exec(cause.message)?.[1] ?? '?';
    throw new StartRefusal(
      {
        zh: `数据目录 ${directory} 正被另一个平台进程（${owner}）使用；请先停止它，或用 LUBAN_DATA 指定其他目录`,
        en: `The data directory ${directory} is in use by another platform (process ${owner}). Stop it first, or name another directory with LUBAN_DATA`,
      },
      { cause },
    );
  }
}

function newer(directory: string, software: string): StartRefusal {
  return new StartRefusal({
    zh: `数据目录 ${directory} 由更新的版本（${software}）写入，本版本不能打开；请安装该版本或更新的版本。数据未被改动`,
    en: `The data directory ${directory} was written by a newer version (${software}), which this one cannot open. Install that version or a later one. Nothing has been changed`,
  });
}
