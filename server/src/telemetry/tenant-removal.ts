import { createChdbEngine } from './chdb-engine.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';

const tables = ['samples', 'minutes', 'hours', 'latest', 'late_days', 'deletions'];
/** Deleting rewrites parts. */
const timeoutMs = 1_800_000;

/** Takes all rows of a tenant out of the store; again at will. */
export async function removeTenant(engine: TelemetryEngine, tenant: number): Promise<void> {
  for (const table of tables)
    await engine.run(`ALTER TABLE ${table} DELETE WHERE tenant = ${tenant} SETTINGS mutations_sync = 2`, timeoutMs);
}

/** The same in chDB's `directory`, which nobody else has open. */
export async function forgetTelemetry(directory: string, tenant: number): Promise<void> {
  const none = () => undefined; // whoever asks hears of it
  const engine = createChdbEngine({ directory, memoryLimitBytes: 1 << 30, onFault: none });
  await engine.start();
  try {
    await removeTenant(engine, tenant);
  } finally {
    await engine.stop();
  }
}
