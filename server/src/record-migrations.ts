import { accessMigrations } from './access/access-migrations.ts';
import { accountingMigrations } from './accounting/accounting-migrations.ts';
import { edgeMigrations } from './edges/edges-migrations.ts';
import { identityMigrations } from './identity/identity-migrations.ts';
import { jobMigrations } from './jobs/jobs-migrations.ts';
import { counterMigrations } from './platform/database/counters.ts';
import { movedTenantMigrations } from './platform/database/moved-tenants.ts';
import { idempotencyMigrations } from './platform/http/idempotency-migrations.ts';
import { sealKeyMigrations } from './platform/seal-key.ts';
import { retentionMigrations } from './retention/retention-migrations.ts';
import { serverMigrations } from './servers/servers-migrations.ts';
import { thingMigrations } from './things/things-migrations.ts';

/** How the tables of all features came to be what they are, by name, which is their order. */
export const recordMigrations = {
  ...counterMigrations,
  ...identityMigrations,
  ...thingMigrations,
  ...edgeMigrations,
  ...retentionMigrations,
  ...jobMigrations,
  ...accountingMigrations,
  ...accessMigrations,
  ...serverMigrations,
  ...idempotencyMigrations,
  ...movedTenantMigrations,
  ...sealKeyMigrations,
};
