import { join } from 'node:path';
import { accessMigrations } from './access/access-migrations.ts';
import { accountingMigrations } from './accounting/accounting-migrations.ts';
import type { ServerConfig } from './config.ts';
import { edgeMigrations } from './edges/edges-migrations.ts';
import { identityMigrations } from './identity/identity-migrations.ts';
import { jobMigrations } from './jobs/jobs-migrations.ts';
import { openDataDirectory } from './platform/data-directory/data-directory.ts';
import { counterMigrations } from './platform/database/counters.ts';
import { openDatabase } from './platform/database/database.ts';
import { createRecordChanges } from './platform/database/record-changes.ts';
import type { LogLines } from './platform/log-lines.ts';
import { version } from './platform/version.ts';
import { retentionMigrations } from './retention/retention-migrations.ts';
import { telemetryFormat } from './telemetry/telemetry.ts';
import { thingMigrations } from './things/things-migrations.ts';

/** The tables of all features, in the order of their names. */
const migrations = {
  ...counterMigrations,
  ...identityMigrations,
  ...thingMigrations,
  ...edgeMigrations,
  ...retentionMigrations,
  ...jobMigrations,
  ...accountingMigrations,
  ...accessMigrations,
};

/** Takes the data directory for this process and brings the records to this version. Throws StartRefusal. */
export async function openRecords(options: { config: ServerConfig; lines: LogLines; nowMs: () => number }) {
  const { config, lines, nowMs } = options;
  const data = await openDataDirectory({
    directory: config.dataDirectory,
    telemetryFormat,
    software: version,
    nowMs,
    lines,
  });
  const location = config.records ?? join(config.dataDirectory, 'records.sqlite');
  const changes = createRecordChanges({ location, lines });
  const database = openDatabase(location, changes.writer);
  await data.migrateRecords(database, migrations);
  return { data, changes, database };
}
