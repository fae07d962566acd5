import { StartRefusal } from '../platform/start-refusal.ts';
import { synced } from './durable-tables.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';

/** Whose history was or is being carried over into this database. */
interface TelemetryMove {
  readonly platform: number;
  readonly done: boolean;
}

/** Null when nobody's. */
export async function telemetryMove(engine: TelemetryEngine): Promise<TelemetryMove | null> {
  const [there] = await engine.query(
    "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'moves'",
    {},
  );
  if (Number(there?.[0] ?? 0) === 0) return null;
  const [platform, done] = await engine.query(
    'SELECT platform, done FROM moves FINAL ORDER BY version DESC LIMIT 1',
    {},
  );
  return platform?.[0] === undefined ? null : { platform: Number(platform[0]), done: Number(done?.[0]) === 1 };
}

/** From now on no platform starts on this database, until `endTelemetryMove`. */
export async function beginTelemetryMove(engine: TelemetryEngine, platform: number): Promise<void> {
  await engine.run(`CREATE TABLE IF NOT EXISTS moves (platform UInt64, done UInt8, version Int64)
   ENGINE = ReplacingMergeTree(version) ORDER BY platform SETTINGS ${synced}`);
  await note(engine, platform, 0);
}

export async function endTelemetryMove(engine: TelemetryEngine, platform: number): Promise<void> {
  if ((await telemetryMove(engine)) !== null) await note(engine, platform, 1);
}

function note(engine: TelemetryEngine, platform: number, done: 0 | 1): Promise<void> {
  return engine.run(`INSERT INTO moves SELECT ${platform}, ${done}, toInt64(${Date.now()})`);
}

/** Half of a history would look like all of it. Throws StartRefusal. */
export async function refuseUnfinishedCopy(engine: TelemetryEngine): Promise<void> {
  const move = await telemetryMove(engine);
  if (move === null || move.done) return;
  throw new StartRefusal({
    zh: 'LUBAN_TELEMETRY 中的时序数据迁移尚未完成；请再次运行同一条 npm run move 命令',
    en: 'The move of the telemetry in LUBAN_TELEMETRY is not finished. Run the same npm run move command again',
  });
}
