import type { CertificateHolder, ClientCertificate, Id, TenantId, UserId } from '@luban/contracts';
import type { Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { AccessTables } from './access-migrations.ts';

export type CertificateId = Id<'certificate'>;
export interface CertificateRow {
  readonly id: CertificateId;
  readonly tenant: TenantId;
  readonly holder: CertificateHolder;
  readonly kind: ClientCertificate['kind'];
  readonly fingerprint: string;
  /** PEM; null where only the fingerprint is known. */
  readonly pem: string | null;
  readonly createdMs: number;
  readonly createdBy: { readonly user: UserId; readonly name: string };
  readonly revokedMs: number | null;
}

/** The only SQL about client certificates. Every query of a user names the tenant. */
export function createCertificatesStore(database: Database) {
  const db = database.withTables<AccessTables>();
  return {
    /** Ordered by id, at most `limit`, after the id `after`. */
    list: async (tenant: TenantId, after: string, limit: number) =>
      (
        await db
          .selectFrom('client_certificates')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('id', '>', after)
          .orderBy('id')
          .limit(limit)
          .execute()
      ).map(toRow),
    find: async (tenant: TenantId, id: CertificateId) => {
      const row = await db
        .selectFrom('client_certificates')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toRow(row);
    },
    /** Of all tenants: the door does not know yet whose it is. */
    byFingerprint: async (fingerprint: string) =>
      (
        await db
          .selectFrom('client_certificates')
          .selectAll()
          .where('fingerprint', '=', fingerprint)
          .where('kind', '=', 'certificate')
          .orderBy('id')
          .execute()
      ).map(toRow),
    issuersOf: async (holder: string) =>
      (
        await db
          .selectFrom('client_certificates')
          .selectAll()
          .where('holder', '=', holder)
          .where('kind', '=', 'issuer')
          .orderBy('id')
          .execute()
      ).map(toRow),
    /** False when the tenant has bound the certificate already, or this issuer to this holder. */
    insert: async (row: CertificateRow) => {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('client_certificates')
        .values({
          id: row.id,
          tenant: row.tenant,
          holder: row.holder,
          kind: row.kind,
          fingerprint: row.fingerprint,
          bound_once: `${row.tenant} ${row.kind === 'certificate' ? '' : `${row.holder} `}${row.fingerprint}`,
          pem: row.pem,
          created_ms: row.createdMs,
          created_by: row.createdBy.user,
          created_by_name: row.createdBy.name,
          revoked_ms: row.revokedMs,
        })
        .onConflict((conflict) => conflict.column('bound_once').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },
    revoke: (tenant: TenantId, id: CertificateId, nowMs: number) =>
      db
        .updateTable('client_certificates')
        .set({ revoked_ms: nowMs })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('revoked_ms', 'is', null)
        .execute(),
    remove: (tenant: TenantId, id: CertificateId) =>
      db.deleteFrom('client_certificates').where('tenant', '=', tenant).where('id', '=', id).execute(),
  };
}

function toRow(row: Selectable<AccessTables['client_certificates']>): CertificateRow {
  return {
    id: row.id as CertificateId,
    tenant: row.tenant as TenantId,
    holder: row.holder as CertificateHolder,
    kind: row.kind as CertificateRow['kind'],
    fingerprint: row.fingerprint,
    pem: row.pem,
    createdMs: Number(row.created_ms),
    createdBy: { user: row.created_by as UserId, name: row.created_by_name },
    revokedMs: row.revoked_ms === null ? null : Number(row.revoked_ms),
  };
}
