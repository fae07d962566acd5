import { join } from 'node:path';
import type { Migration } from 'kysely';
import { clearStaging, stageToRead } from '../backup/backup.ts';
import { type Database, openDatabase, openForReading } from '../platform/database/database.ts';
import { endMove } from '../platform/database/unfinished-move.ts';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { openTelemetryCopy } from '../telemetry/telemetry.ts';
import { beginLog, refuseUnstored } from './move-log.ts';
import { checkRecords, moveRecords, platformOf, refuseOtherVersion } from './move-records.ts';
import { withSource } from './source-directory.ts';

interface MoveOptions {
  /** The data directory of a stopped platform; its content is read and never changed. */
  readonly from: string;
  /** `postgres://…`; absent: the records stay. */
  readonly records?: string | undefined;
  /** `http://…`; absent: the telemetry stays. */
  readonly telemetry?: string | undefined;
  /** `nats://…`; absent: the log stays. Needs `records`, where the counts' place in the log stands. */
  readonly log?: string | undefined;
  readonly migrations: Record<string, Migration>;
  /** Compare what was moved, and do nothing else. */
  readonly check: boolean;
  readonly progress: MoveProgress;
}

/** What is the same at both ends; null: not asked for. */
interface MoveReport {
  readonly records: readonly PartSum[] | null;
  readonly telemetry: readonly PartSum[] | null;
}

/**
 * Carries a stopped platform over to the engines that are named. It may be killed at any moment and run again. Throws
 * StartRefusal for a platform that runs, a source or target that cannot be used, and for copies that are not the same.
 */
export async function movePlatform(options: MoveOptions): Promise<MoveReport> {
  const { from } = options;
  return withSource(from, async () => {
    const source = openForReading(join(from, 'records.sqlite'));
    const target = options.records === undefined ? null : openDatabase(options.records);
    try {
      await refuseOtherVersion(source, options.migrations);
      return await moveParts(options, source, target);
    } finally {
      await source.destroy();
      await target?.destroy();
      await clearStaging(from);
    }
  });
}

async function moveParts(options: MoveOptions, source: Database, target: Database | null): Promise<MoveReport> {
  const { from, telemetry, log, migrations, check, progress } = options;
  const staged = telemetry === undefined && log === undefined ? null : await stageToRead(from);
  if (staged !== null) await refuseUnstored({ directory: staged.log });
  const countedTo = log === undefined ? undefined : await beginLog({ address: log });
  const copy = staged && telemetry !== undefined ? await openCopy(staged.telemetry, telemetry, source, progress) : null;
  try {
    const move = target && { source, target, migrations, progress, countedTo };
    const records = move && (await (check ? checkRecords(move) : moveRecords(move)));
    const samples = copy && (await (check ? copy.check() : copy.move()));
    // Only when everything is there may a platform start on any of it.
    if (!check) await copy?.end();
    if (!check && target !== null) await endMove(target);
    return { records, telemetry: samples };
  } finally {
    await copy?.close();
  }
}

async function openCopy(staged: string, address: string, source: Database, progress: MoveProgress) {
  const platform = await platformOf(source);
  return openTelemetryCopy({ directory: join(staged, 'chdb'), address, platform, progress });
}
