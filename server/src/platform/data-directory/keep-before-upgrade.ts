import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyDatabase, type Database } from '../database/database.ts';
import { StartRefusal } from '../start-refusal.ts';

/** Copies of so many upgrades stay. */
const keptUpgrades = 3;

/**
 * Copies the records as they are into `before-upgrade/<date>_<from>_to_<to>/records.sqlite`, with
 * `version.json` beside it, and returns that folder. An
 * upgrade that was cut short and begins again keeps the copy of its first attempt. Throws StartRefusal when there is
 * no room for the copy.
 */
export async function keepBeforeUpgrade(options: {
  directory: string;
  database: Database;
  /** Newest migrations before and after. */
  from: string;
  to: string;
  nowMs: number;
}): Promise<string> {
  const { directory, database, from, to, nowMs } = options;
  const folder = join(directory, 'before-upgrade');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const all = (await readdir(folder)).filter((name) => !name.endsWith('.partial')).sort();
  const step = `_${from}_to_${to}`;
  const before = all.find((name) => name.endsWith(step));
  if (before !== undefined) return join(folder, before);

  const kept = join(folder, `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-')}${step}`);
  const partial = `${kept}.partial`;
  try {
    if (existsSync(partial)) await rm(partial, { recursive: true });
    await mkdir(partial, { mode: 0o700 });
    const copy = join(partial, 'records.sqlite');
    await copyDatabase(database, copy);
    await chmod(copy, 0o600);
    const version = join(directory, 'version.json');
    if (existsSync(version)) await copyFile(version, join(partial, 'version.json'));
    await rename(partial, kept);
  } catch (cause) {
    throw new StartRefusal(
      {
        zh: `升级前无法备份业务数据到 ${folder}，升级未开始；请检查磁盘空间与权限`,
        en: `The records cannot be copied to ${folder} before the upgrade, so it has not begun. Check disk space and rights`,
      },
      { cause },
    );
  }
  for (const name of all.slice(0, Math.max(0, all.length + 1 - keptUpgrades)))
    await rm(join(folder, name), { recursive: true, force: true });
  return kept;
}
