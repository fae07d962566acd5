import { join } from 'node:path';
import type { ServerConfig } from './config.ts';
import { openDataDirectory } from './platform/data-directory/data-directory.ts';
import { openDatabase } from './platform/database/database.ts';
import { createRecordChanges } from './platform/database/record-changes.ts';
import type { LogLines } from './platform/log-lines.ts';
import { openSealKey } from './platform/seal-key.ts';
import { traceStatements } from './platform/tracing/traced-statements.ts';
import type { Tracing } from './platform/tracing/tracing.ts';
import { version } from './platform/version.ts';
import { recordMigrations } from './record-migrations.ts';
import { telemetryFormat } from './telemetry/telemetry.ts';
import { anySealedSecret } from './things/things.ts';

/** Takes the data directory for this process and brings the records to this version, with the key of their secrets. Throws StartRefusal. */
export async function openRecords(options: {
  config: ServerConfig;
  tracing: Tracing | undefined;
  lines: LogLines;
  nowMs: () => number;
}) {
  const { config, tracing, lines, nowMs } = options;
  const data = await openDataDirectory({
    directory: config.dataDirectory,
    telemetryFormat,
    software: version,
    nowMs,
    lines,
  });
  const location = config.records ?? join(config.dataDirectory, 'records.sqlite');
  const changes = createRecordChanges({ location, lines });
  const database = openDatabase(location, changes.writer, tracing && traceStatements(tracing));
  await data.migrateRecords(database, recordMigrations);
  const sealKey = await openSealKey({
    database,
    directory: config.dataDirectory,
    given: config.sealKeyFile,
    sealedSecret: () => anySealedSecret(database),
  });
  return { data, changes, database, sealKey };
}
