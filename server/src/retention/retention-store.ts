import { type RetentionRule, retentionPolicy, retentionScope, type TenantId } from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import type { RetentionTables } from './retention-migrations.ts';

/** The only SQL about retention rules. */
export function createRetentionStore(database: Database) {
  const db = database.withTables<RetentionTables>();
  return {
    async all(): Promise<(RetentionRule & { tenant: TenantId })[]> {
      const rows = await db.selectFrom('retention_rules').selectAll().execute();
      return rows.map(({ tenant, scope, target, policy }) => ({
        tenant: tenant as TenantId,
        scope: retentionScope.parse(scope),
        target,
        policy: retentionPolicy.parse(JSON.parse(policy)),
      }));
    },
    async put(tenant: TenantId, { scope, target, policy }: RetentionRule): Promise<void> {
      const body = JSON.stringify(policy);
      await db
        .insertInto('retention_rules')
        .values({ tenant, scope, target, policy: body })
        .onConflict((conflict) => conflict.columns(['tenant', 'scope', 'target']).doUpdateSet({ policy: body }))
        .execute();
    },
    async remove(tenant: TenantId, { scope, target }: Pick<RetentionRule, 'scope' | 'target'>): Promise<void> {
      await db
        .deleteFrom('retention_rules')
        .where('tenant', '=', tenant)
        .where('scope', '=', scope)
        .where('target', '=', target)
        .execute();
    },
  };
}
