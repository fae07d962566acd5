import { join } from 'node:path';
import { type Migration, sql } from 'kysely';
import { clearStaging, stageToRead } from '../backup/backup.ts';
import { type Database, executedMigrations, openDatabase, openForReading } from '../platform/database/database.ts';
import {
  type ArrivedTenant,
  arrivedTenants,
  closeTenant,
  departedTenants,
  expectTenant,
  reopenTenant,
  tenantArrived,
} from '../platform/database/moved-tenants.ts';
import { refuseUnfinishedMove } from '../platform/database/unfinished-move.ts';
import type { MoveProgress, PartSum } from '../platform/moved-parts.ts';
import { findSealKey, sealKeyName } from '../platform/seal-key.ts';
import type { Sealer } from '../platform/sealing.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { withoutLeader } from '../servers/servers.ts';
import { openTenantCopy } from '../telemetry/telemetry.ts';
import { refuseUnstored } from './move-log.ts';
import { refuseOtherVersion } from './move-records.ts';
import { type RecordTable, readRecordTables } from './record-tables.ts';
import { withSource } from './source-directory.ts';
import { findConflicts, type TenantConflict } from './tenant-conflicts.ts';
import { bringTenant, compareTenant, sumTenantAtSource, type TenantRecordsMove } from './tenant-records.ts';
import { findTenant, rowsOf, type TenantAt } from './tenant-rows.ts';

interface TenantMoveOptions {
  /** The data directory of a stopped platform. Nothing in it is changed but that the tenant is marked as departed. */
  readonly from: string;
  /** Its id or its name. */
  readonly tenant: string;
  /** `postgres://…` and `http://…` of a platform that has been started on them. */
  readonly records: string;
  readonly telemetry: string;
  /** What people are told of where it has gone. */
  readonly place: string;
  /** The target's `seal.key`; needed only where devices sign in by signed passwords. */
  readonly sealKey?: string | undefined;
  /** The source's, where it is not in its data directory. */
  readonly fromSealKey?: string | undefined;
  readonly migrations: Record<string, Migration>;
  /** Compare what was moved, and do nothing else. */
  readonly check: boolean;
  readonly progress: MoveProgress;
}

interface TenantMoveReport {
  readonly tenant: string;
  /** Null: it was moved and compared before. */
  readonly records: readonly PartSum[] | null;
  readonly telemetry: readonly PartSum[] | null;
}

/**
 * Carries one tenant of a stopped platform to another platform, which others may use too. It may be killed at any moment
 * and run again: the tenant is open at one of the two, or at none, never at both. Throws StartRefusal for a source or target
 * that cannot be used, for what is at the target already, and for copies that are not the same.
 */
export async function moveTenant(options: TenantMoveOptions): Promise<TenantMoveReport> {
  const { from, migrations } = options;
  return withSource(from, async () => {
    const source = openForReading(join(from, 'records.sqlite'));
    const target = openDatabase(options.records);
    try {
      await refuseOtherVersion(source, migrations);
      await refuseTarget(target, migrations);
      const tenant = await findTenant(source, options.tenant);
      const there = (await arrivedTenants(target)).find((one) => one.tenant === tenant.tenant);
      if (there?.complete === true && !options.check) {
        if (!(await departedTenants(source)).has(tenant.tenant)) throw openAtBoth(tenant);
        return { tenant: tenant.tenant, records: null, telemetry: null };
      }
      await refuseSource(options, source, tenant);
      return await withoutLeader({ database: target, holder: `move:${tenant.tenant}` }, (held) =>
        moveParts({ ...options, source, target, tenant, held }),
      );
    } finally {
      await source.destroy();
      await target.destroy();
      await clearStaging(from);
    }
  });
}

/** The tenant is at home at the source again: it may take samples there. False when it had not left. */
export async function reopenDeparted(
  from: string,
  idOrName: string,
  migrations: Record<string, Migration>,
): Promise<boolean> {
  return withSource(from, async () => {
    const source = openDatabase(join(from, 'records.sqlite'));
    try {
      await refuseOtherVersion(source, migrations);
      const { tenant } = await findTenant(source, idOrName);
      return await source.transaction().execute(async (transaction) => {
        if (!(await reopenTenant(transaction, tenant))) return false;
        // Edges that have been at the target have a newer configuration than was here.
        await sql`update edges set configuration_version = configuration_version + 1000 where tenant = ${tenant}`.execute(
          transaction,
        );
        return true;
      });
    } finally {
      await source.destroy();
    }
  });
}

interface OpenMove extends Omit<TenantMoveOptions, 'tenant' | 'source'> {
  readonly source: Database;
  readonly target: Database;
  readonly tenant: TenantAt;
  /** Throws once another server may lead at the target. */
  readonly held: () => Promise<void>;
}

async function moveParts(options: OpenMove): Promise<TenantMoveReport> {
  const { from, source, target, tenant, telemetry: address, progress, check, held } = options;
  const tables = await readRecordTables(source);
  const sealers = await openSealers(options, tables);
  const arrived = await (check ? arrivedBefore(target, tenant) : expectAtTarget(options, tables));
  const move: TenantRecordsMove = { source, target, tables, tenant, arrived, sealers, progress };
  const staged = await stageToRead(from);
  await refuseUnstored({ directory: staged.log });
  const renumbering = {
    tenant: tenant.number,
    toTenant: arrived.number,
    addToSeries: arrived.series.added,
  };
  const directory = join(staged.telemetry, 'chdb');
  const copy = await openTenantCopy({ directory, address, renumbering, progress });
  try {
    const telemetry = await (check ? copy.check() : copy.move());
    const records = await sumTenantAtSource(move, check ? 2 : 3);
    if (check) await compareTenant(move, target, records);
    else
      await target.transaction().execute(async (transaction) => {
        await bringTenant(move, transaction, records);
        await tenantArrived(transaction, tenant.tenant);
        await held();
        // Closed here before it opens there: what this is cut off from is open nowhere, and the same command goes on.
        await closeAtSource(options, tenant);
      });
    return { tenant: tenant.tenant, records, telemetry };
  } finally {
    await copy.close();
  }
}

/** Finds what stands in the way, and only then gives the tenant its numbers at the target. */
async function expectAtTarget({ source, target, tenant }: OpenMove, tables: readonly RecordTable[]) {
  const conflicts = await findConflicts(source, target, tables, tenant);
  if (conflicts.length > 0) throw conflicting(conflicts);
  const counted = await sql<{ name: string; value: number }>`select name, value from counters`.execute(source);
  const had = (name: string) => Number(counted.rows.find((row) => row.name === name)?.value ?? 0);
  return expectTenant(target, tenant.tenant, { series: had('series'), senders: had('senders') });
}

async function arrivedBefore(target: Database, { tenant }: TenantAt): Promise<ArrivedTenant> {
  const arrived = (await arrivedTenants(target)).find((one) => one.tenant === tenant);
  if (arrived !== undefined) return arrived;
  throw new StartRefusal({
    zh: `目标平台上没有迁移过来的租户 ${tenant}`,
    en: `The tenant ${tenant} has not been moved to the target`,
  });
}

async function closeAtSource({ from, place }: Pick<OpenMove, 'from' | 'place'>, { tenant }: TenantAt): Promise<void> {
  const writable = openDatabase(join(from, 'records.sqlite'));
  try {
    await closeTenant(writable, tenant, place, Date.now());
  } finally {
    await writable.destroy();
  }
}

async function refuseTarget(target: Database, migrations: Record<string, Migration>): Promise<void> {
  await refuseUnfinishedMove(target);
  if (JSON.stringify(await executedMigrations(target)) === JSON.stringify(Object.keys(migrations).sort())) return;
  throw new StartRefusal({
    zh: '--records 指定的数据库不属于本版本的平台；请先用本版本在其上启动平台一次',
    en: 'The database that --records names is not that of a platform of this version. Start a platform on it once with this version',
  });
}

async function refuseSource({ place, check }: TenantMoveOptions, source: Database, { tenant }: TenantAt) {
  const gone = (await departedTenants(source)).get(tenant);
  if (gone !== undefined && gone !== place && !check)
    throw new StartRefusal({
      zh: `租户 ${tenant} 已迁移到 ${gone}；如需再次迁移，请先用 --reopen 重新启用`,
      en: `The tenant ${tenant} has been moved to ${gone}. To move it once more, open it again with --reopen first`,
    });
  const { rows } = await sql<{ id: string }>`
    select id from jobs where tenant = ${tenant} and state in ('waiting', 'running')`.execute(source);
  if (rows.length > 0)
    throw new StartRefusal({
      zh: `租户 ${tenant} 还有 ${rows.length} 个未完成的任务（导入或删除）；请启动平台等待其完成，或取消后再迁移`,
      en: `The tenant ${tenant} has ${rows.length} jobs (imports, deletions) that are not finished. Start the platform until they are, or cancel them, then move it`,
    });
}

async function openSealers(options: OpenMove, tables: readonly RecordTable[]) {
  const { from, source, target, tenant, sealKey, fromSealKey } = options;
  const keys = tables.find(({ name }) => name === 'thing_keys')!;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from thing_keys where sealed is not null and ${rowsOf(keys, tenant)}`.execute(source);
  const none: Sealer = { seal: (secret) => secret, unseal: (sealed) => sealed };
  if (Number(rows[0]?.count) === 0) return { source: none, target: null };
  if (sealKey === undefined)
    throw new StartRefusal({
      zh: `该租户有 ${rows[0]?.count} 个签名登录密钥，需用目标平台的密钥重新封装；请用 --seal-key 指定目标平台数据目录中的 seal.key`,
      en: `The tenant has ${rows[0]?.count} keys for signed passwords, which must be sealed for the target. Name the seal.key from the target’s data folder with --seal-key`,
    });
  return {
    source: await findSealKey({
      database: source,
      file: fromSealKey ?? join(from, sealKeyName),
      named: '--from-seal-key',
    }),
    target: await findSealKey({ database: target, file: sealKey, named: '--seal-key' }),
  };
}

function openAtBoth({ tenant }: TenantAt): StartRefusal {
  return new StartRefusal({
    zh: `租户 ${tenant} 已在目标平台上，但在源平台又被 --reopen 重新启用：此后源平台收到的数据不在目标平台上，未做任何更改`,
    en: `The tenant ${tenant} is at the target already, and was opened here again by --reopen: what came in here since is not there. Nothing has been changed`,
  });
}

function conflicting(conflicts: readonly TenantConflict[]): StartRefusal {
  const line = ({ table, columns, values, tenant }: TenantConflict) =>
    `${table}.${columns.join('+')} = ${values.join(' ')}${tenant === null ? '' : ` (${tenant})`}`;
  const lines = conflicts.map((one) => `  ${line(one)}`).join('\n');
  return new StartRefusal({
    zh: `目标平台上已有相同的内容，未做任何更改：\n${lines}\n  users.email：请在其中一端改用其他邮箱（新建用户并删除该用户）；其他：目标平台上已有该租户的副本（例如来自备份），请先确认并删除其中一份`,
    en: `The target has the same already; nothing has been changed:\n${lines}\n  users.email: at one end give that person a user with another email, and remove this one. Anything else: a copy of this tenant is there already, from a backup perhaps; find out which one counts and remove the other`,
  });
}
