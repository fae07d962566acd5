import { openLog } from '../log/log.ts';
import { StartRefusal } from '../platform/start-refusal.ts';

/**
 * Throws StartRefusal when the log in `directory`, a copy that may be written, holds samples that are not in the store:
 * a clean stop of the platform leaves none.
 */
export async function refuseUnstored(directory: string): Promise<void> {
  const log = await openLog({
    directory,
    maxBytes: Number.MAX_SAFE_INTEGER,
    nowUs: () => Date.now() * 1000,
    lines: () => undefined,
  });
  const waiting = log.behind(log.consumer('telemetry').committed);
  await log.close();
  if (waiting === 0) return;
  throw new StartRefusal({
    zh: `日志中还有 ${waiting} 条记录尚未入库；请启动平台并正常停止一次，再迁移`,
    en: `The log holds ${waiting} records that are not stored yet. Start the platform and stop it in good order once, then move it`,
  });
}
