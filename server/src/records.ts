import { join } from 'node:path';
import type { ServerConfig } from './config.ts';
import { openDataDirectory } from './platform/data-directory/data-directory.ts';
import { openDatabase } from './platform/database/database.ts';
import { createRecordChanges } from './platform/database/record-changes.ts';
import type { LogLines } from './platform/log-lines.ts';
import { traceStatements } from './platform/tracing/traced-statements.ts';
import type { Tracing } from './platform/tracing/tracing.ts';
import { version } from './platform/version.ts';
import { recordMigrations } from './record-migrations.ts';
import { telemetryFormat } from './telemetry/telemetry.ts';

/** Takes the data directory for this process and brings the records to this version. Throws StartRefusal. */
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
  return { data, changes, database };
}
