import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Migration, sql } from 'kysely';
import { openDataDirectory } from '../platform/data-directory/data-directory.ts';
import { dataFormat, writeDataVersion } from '../platform/data-directory/data-version.ts';
import { type Database, migrate, openDatabase } from '../platform/database/database.ts';
import { beginMove, endMove, refuseUnfinishedMove, unfinishedMove } from '../platform/database/unfinished-move.ts';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { findSealKey, sealKeyName } from '../platform/seal-key.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { version } from '../platform/version.ts';
import { refuseServers, withoutLeader } from '../servers/servers.ts';
import { openTelemetryCopy, telemetryFormat } from '../telemetry/telemetry.ts';
import { beginLog, refuseUnstored } from './move-log.ts';
import { checkRecords, moveRecords, platformOf, refuseOtherVersion } from './move-records.ts';
import { readRecordTables } from './record-tables.ts';

interface MoveBackOptions {
  /** The data directory that is made: empty, but for the keys of a server of the platform. */
  readonly to: string;
  /** `postgres://…`, `http://…` and `nats://…` of a platform whose servers are stopped. Only read. */
  readonly records: string;
  readonly telemetry: string;
  readonly log: string;
  /** The platform's `seal.key`, where it is not in `to`. */
  readonly sealKey?: string | undefined;
  readonly migrations: Record<string, Migration>;
  /** Compare what was moved, and do nothing else. */
  readonly check: boolean;
  readonly progress: MoveProgress;
}

interface MoveBackReport {
  readonly records: readonly PartSum[];
  readonly telemetry: readonly PartSum[];
}

/** What servers say of each other, while there are several. */
const ofServers = new Set(['servers', 'duty_leases', 'edge_presences']);
const keys = [sealKeyName, 'access-token.key', 'server-id'];

/**
 * Carries a stopped platform from the engines of a cluster into a data directory of its own. It may be killed at any moment
 * and run again. Throws StartRefusal for a platform that runs, a source or directory that cannot be used, and for
 * copies that are not the same.
 */
export async function moveBack(options: MoveBackOptions): Promise<MoveBackReport> {
  const { to, migrations } = options;
  const isDone = existsSync(join(to, 'version.json'));
  if (!isDone) await refuseContent(to, options.check);
  const data = await openDataDirectory({
    directory: to,
    telemetryFormat,
    software: version,
    nowMs: Date.now,
    lines: () => undefined,
  });
  const source = openDatabase(options.records);
  const target = openDatabase(join(to, 'records.sqlite'));
  try {
    await refuseUnfinishedMove(source);
    await refuseOtherVersion(source, migrations);
    await refuseServers(source);
    return await withoutLeader({ database: source, holder: 'move:back' }, (held) =>
      moveParts({ ...options, check: options.check || isDone, source, target, held }),
    );
  } finally {
    await source.destroy();
    await target.destroy();
    await data.release();
  }
}

interface OpenMove extends MoveBackOptions {
  readonly source: Database;
  readonly target: Database;
  /** Throws once a server may lead. */
  readonly held: () => Promise<void>;
}

async function moveParts(options: OpenMove): Promise<MoveBackReport> {
  const { to, source, target, sealKey, migrations, progress, check, held } = options;
  // The platform in the folder could read none of the secrets without it.
  await findSealKey({ database: source, file: sealKey ?? join(to, sealKeyName), named: '--seal-key' });
  await refuseOtherLog(options);
  const platform = await platformOf(source);
  if (!check && (await unfinishedMove(target)) === null) await beginMove(target, { platform, fingerprint: '' });
  if (!check) await migrate(target, migrations);
  const countedTo = await beginLog({ directory: join(to, 'log') });
  const tables = (await readRecordTables(target)).filter(({ name }) => !ofServers.has(name));
  const move = { source, target, tables, migrations, progress, countedTo };
  await mkdir(join(to, 'telemetry'), { recursive: true });
  const directory = join(to, 'telemetry', 'chdb');
  const copy = await openTelemetryCopy({ directory, address: options.telemetry, back: true, platform, progress });
  try {
    const records = await (check ? checkRecords(move) : moveRecords(move));
    const telemetry = await (check ? copy.check() : copy.move());
    if (!check) {
      // What came in meanwhile would be missing here.
      await refuseServers(source);
      await held();
      await refuseOtherLog(options);
      await copy.end();
      const newest = Object.keys(migrations).sort().at(-1) ?? '';
      await writeDataVersion(to, {
        format: dataFormat,
        telemetry: telemetryFormat,
        records: newest,
        software: version,
      });
      await endMove(target);
    }
    return { records, telemetry };
  } finally {
    await copy.close();
  }
}

/** The log must be the platform's own, and all of it stored and counted. */
async function refuseOtherLog({ source, log }: OpenMove): Promise<void> {
  const { rows } = await sql<{ position: number }>`select position from accounting_progress`.execute(source);
  await refuseUnstored({ address: log }, Number(rows[0]?.position ?? 0));
}

async function refuseContent(to: string, check: boolean): Promise<void> {
  const content = (existsSync(to) ? await readdir(to) : []).filter((name) => !/^lock\.\d+$/.test(name));
  const begun = content.includes('records.sqlite');
  if (begun ? await isUnfinished(join(to, 'records.sqlite')) : !check && content.every((name) => keys.includes(name)))
    return;
  throw new StartRefusal(
    check
      ? { zh: `${to} 中没有迁移过来的平台`, en: `${to} holds no platform that was moved there` }
      : {
          zh: `${to} 不是空目录（其中只可有 ${keys.join('、')}）；请用 --to 指定一个新目录`,
          en: `${to} is not empty (but for ${keys.join(', ')} nothing may be in it). Name a new folder with --to`,
        },
  );
}

async function isUnfinished(file: string): Promise<boolean> {
  const database = openDatabase(file);
  try {
    return (await unfinishedMove(database)) !== null || (await database.introspection.getTables()).length === 0;
  } finally {
    await database.destroy();
  }
}
