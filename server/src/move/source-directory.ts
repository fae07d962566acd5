import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataDirectory } from '../platform/data-directory/data-directory.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { version } from '../platform/version.ts';
import { telemetryFormat } from '../telemetry/telemetry.ts';

/** Does `work` while the data directory of a stopped platform on embedded engines belongs to this process. */
export async function withSource<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  if (!existsSync(join(directory, 'version.json')) || !existsSync(join(directory, 'records.sqlite')))
    throw new StartRefusal({
      zh: `${directory} 不是使用内置引擎的平台数据目录`,
      en: `${directory} is no data directory of a platform on embedded engines`,
    });
  const data = await openDataDirectory({
    directory,
    telemetryFormat,
    software: version,
    nowMs: Date.now,
    lines: () => undefined,
  });
  try {
    return await work();
  } finally {
    await data.release();
  }
}
