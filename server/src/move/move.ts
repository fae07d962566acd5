import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Migration } from 'kysely';
import { openDataDirectory } from '../platform/data-directory/data-directory.ts';
import { openDatabase, openForReading } from '../platform/database/database.ts';
import { endMove } from '../platform/database/unfinished-move.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { version } from '../platform/version.ts';
import { telemetryFormat } from '../telemetry/telemetry.ts';
import type { MoveProgress } from './move-progress.ts';
import { checkRecords, moveRecords } from './move-records.ts';
import type { PartSum } from './record-rows.ts';

export interface MoveOptions {
  /** The data directory of a stopped platform; its content is read and never changed. */
  readonly from: string;
  /** `postgres://…`; absent: the records stay. */
  readonly records?: string | undefined;
  readonly migrations: Record<string, Migration>;
  /** Compare what was moved, and do nothing else. */
  readonly check: boolean;
  readonly progress: MoveProgress;
}

/** What is the same at both ends. */
export interface MoveReport {
  readonly records: readonly PartSum[] | null;
}

/**
 * Carries a stopped platform over to the engines that are named. It may be killed at any moment and run again. Throws
 * StartRefusal for a platform that runs, a source or target that cannot be used, and for copies that are not the same.
 */
export async function movePlatform(options: MoveOptions): Promise<MoveReport> {
  const { from } = options;
  if (!existsSync(join(from, 'version.json')) || !existsSync(join(from, 'records.sqlite')))
    throw new StartRefusal({
      zh: `${from} 不是使用内置引擎的平台数据目录`,
      en: `${from} is no data directory of a platform on embedded engines`,
    });
  const data = await openDataDirectory({
    directory: from,
    telemetryFormat,
    software: version,
    nowMs: Date.now,
    lines: () => undefined,
  });
  try {
    return await moveParts(options);
  } finally {
    await data.release();
  }
}

async function moveParts({ from, records, migrations, check, progress }: MoveOptions): Promise<MoveReport> {
  const source = openForReading(join(from, 'records.sqlite'));
  const target = records === undefined ? null : openDatabase(records);
  try {
    const move = target && { source, target, migrations, progress };
    const moved = move && (await (check ? checkRecords(move) : moveRecords(move)));
    if (target !== null && !check) await endMove(target);
    return { records: moved };
  } finally {
    await source.destroy();
    await target?.destroy();
  }
}
