import { rm } from 'node:fs/promises';
import { basename } from 'node:path';

/** Set by the cluster tests: a ClickHouse that makes each database when it is first asked for. */
const clickhouse = process.env.LUBAN_TEST_TELEMETRY;

/** For `createTelemetry`: undefined is chDB in the folder; in the cluster tests the folder's database in ClickHouse. */
export function addressIn(directory: string): string | undefined {
  return clickhouse && `${clickhouse}/${nameOf(directory)}`;
}

/** The folder of a store, and what is elsewhere of it. */
export async function removeStore(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  if (clickhouse !== undefined) await fetch(`${clickhouse}/${nameOf(directory)}`, { method: 'DELETE' });
}

function nameOf(directory: string): string {
  return basename(directory).replaceAll(/\W/g, '_');
}
