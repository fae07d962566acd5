import type { AccessKeyId, TenantId, UserId } from '@luban/contracts';
import type { Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { AccessTables } from './access-migrations.ts';

export interface AccessKeyRow {
  readonly id: AccessKeyId;
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  readonly name: string;
  readonly prefix: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly createdMs: number;
  readonly createdBy: { readonly user: UserId; readonly name: string };
  readonly lastUsedMs: number | null;
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
}

/** The only SQL about access keys. Every query of a user names the tenant. */
export function createAccessStore(database: Database) {
  const db = database.withTables<AccessTables>();
  return {
    /** Ordered by id, at most `limit`, after the id `after`. */
    keys: async (tenant: TenantId, after: string, limit: number) =>
      (
        await db
          .selectFrom('access_keys')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('id', '>', after)
          .orderBy('id')
          .limit(limit)
          .execute()
      ).map(toRow),
    key: async (id: AccessKeyId) => {
      const row = await db.selectFrom('access_keys').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toRow(row);
    },
    keysOf: async (ids: readonly AccessKeyId[]) =>
      (await db.selectFrom('access_keys').selectAll().where('id', 'in', ids).execute()).map(toRow),
    keyByHash: async (hash: string) => {
      const row = await db.selectFrom('access_keys').selectAll().where('hash', '=', hash).executeTakeFirst();
      return row === undefined ? null : toRow(row);
    },
    insertKey: (row: AccessKeyRow, hash: string) =>
      db
        .insertInto('access_keys')
        .values({
          id: row.id,
          tenant: row.tenant,
          tenant_number: row.tenantNumber,
          name: row.name,
          prefix: row.prefix,
          hash,
          publish: JSON.stringify(row.publish),
          subscribe: JSON.stringify(row.subscribe),
          created_ms: row.createdMs,
          created_by: row.createdBy.user,
          created_by_name: row.createdBy.name,
          last_used_ms: row.lastUsedMs,
          expires_ms: row.expiresMs,
          revoked_ms: row.revokedMs,
        })
        .execute(),
    /** A key stays revoked at the time of its first revocation. */
    revokeKey: (tenant: TenantId, id: AccessKeyId, nowMs: number) =>
      db
        .updateTable('access_keys')
        .set({ revoked_ms: nowMs })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('revoked_ms', 'is', null)
        .execute(),
    used: (id: AccessKeyId, nowMs: number) =>
      db.updateTable('access_keys').set({ last_used_ms: nowMs }).where('id', '=', id).execute(),
  };
}

function toRow(row: Selectable<AccessTables['access_keys']>): AccessKeyRow {
  return {
    id: row.id as AccessKeyId,
    tenant: row.tenant as TenantId,
    tenantNumber: Number(row.tenant_number),
    name: row.name,
    prefix: row.prefix,
    publish: JSON.parse(row.publish),
    subscribe: JSON.parse(row.subscribe),
    createdMs: Number(row.created_ms),
    createdBy: { user: row.created_by as UserId, name: row.created_by_name },
    lastUsedMs: numberOrNull(row.last_used_ms),
    expiresMs: numberOrNull(row.expires_ms),
    revokedMs: numberOrNull(row.revoked_ms),
  };
}

function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}
