import { join } from 'node:path';
import { type Migration, sql } from 'kysely';
import { type Database, openDatabase } from '../platform/database/database.ts';
import { departedTenants } from '../platform/database/moved-tenants.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { forgetTelemetry } from '../telemetry/telemetry.ts';
import { refuseOtherVersion } from './move-records.ts';
import { type RecordTable, readRecordTables } from './record-tables.ts';
import { withSource } from './source-directory.ts';
import { findTenant, rowsOf, type TenantAt } from './tenant-rows.ts';

/**
 * Removes for good what a stopped platform keeps of a tenant that has moved. May be cut off and run again. Throws
 * StartRefusal for a tenant that has not moved.
 */
export async function forgetTenant(from: string, idOrName: string, migrations: Record<string, Migration>) {
  await withSource(from, async () => {
    const database = openDatabase(join(from, 'records.sqlite'));
    try {
      await refuseOtherVersion(database, migrations);
      const tenant = await findTenant(database, idOrName);
      if (!(await departedTenants(database)).has(tenant.tenant))
        throw new StartRefusal({
          zh: `租户 ${tenant.tenant} 并未迁出，未做任何更改`,
          en: `The tenant ${tenant.tenant} has not moved to another platform. Nothing has been changed`,
        });
      // The records last: what is cut off is found by them.
      await forgetTelemetry(join(from, 'telemetry', 'chdb'), tenant.number);
      await forgetRows(database, await readRecordTables(database), tenant);
    } finally {
      await database.destroy();
    }
  });
}

/** All rows of a tenant and nobody else's, at once. That it has moved stays known. */
export async function forgetRows(database: Database, tables: readonly RecordTable[], tenant: TenantAt): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    // Whose these are is known by rows of other tables, so they go first.
    const byOthers = tables.filter(({ name, columns }) => !columns.includes('tenant') && name !== 'tenants');
    const others = tables.filter((table) => !byOthers.includes(table));
    for (const table of [...byOthers, ...others.reverse()]) {
      const own = rowsOf(table, tenant);
      if (own === null) continue;
      for (const column of table.toItself)
        await sql`update ${sql.table(table.name)} set ${sql.ref(column)} = null where ${own}`.execute(transaction);
      await sql`delete from ${sql.table(table.name)} where ${own}`.execute(transaction);
    }
  });
}
