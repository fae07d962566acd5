import { cp, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TelemetryEngine } from './telemetry-engine.ts';

const name = 'luban';
const freezeTimeoutMs = 600_000;
/** Frozen first: work that goes on meanwhile then counts as not done, and is done once more. */
const saysWhatIsDone = "'rollup_progress', 'late_days', 'deletions'";

/** What a snapshot that was cut short has left in chDB's folder. */
export function removeOldSnapshot(directory: string): Promise<void> {
  return rm(join(directory, 'shadow'), { recursive: true, force: true });
}

/**
 * Makes `into` a folder that chDB can open: the tables' definitions, and their parts as hard links, which cost no room
 * as long as the parts live. Both folders on one disk. Nothing may be inserted meanwhile, or the tables do not fit
 * together; merges may run.
 */
export async function snapshotChdb(
  { run, query }: Pick<TelemetryEngine, 'run' | 'query'>,
  directory: string,
  into: string,
): Promise<void> {
  await removeOldSnapshot(directory);
  const [tables = [], paths = []] = (await query(
    `SELECT name, data_paths[1] FROM system.tables
     WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name IN (${saysWhatIsDone}) DESC, name`,
    {},
  )) as [string[]?, string[]?];
  // Names of our own making, and of the tables that a view keeps: never a stranger's.
  for (const table of tables)
    await run(`ALTER TABLE \`${table.replaceAll('`', '')}\` FREEZE WITH NAME '${name}'`, freezeTimeoutMs);

  await mkdir(into, { recursive: true });
  const frozen = join(directory, 'shadow', name, 'store');
  // A store without a single part leaves no such folder.
  await rename(frozen, join(into, 'store')).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await mkdir(join(into, 'store'));
  });
  await removeOldSnapshot(directory);
  for (const path of paths) {
    const inside = path.slice(path.indexOf('/store/') + 1);
    await mkdir(join(into, inside), { recursive: true });
    await cp(join(directory, inside, 'format_version.txt'), join(into, inside, 'format_version.txt'));
  }
  await copyDefinitions(directory, into);
}

/** `metadata/<database>` points into `store`, where a file for each table says how to make it. */
async function copyDefinitions(directory: string, into: string): Promise<void> {
  const from = join(directory, 'metadata');
  await mkdir(join(into, 'metadata'));
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = join(into, 'metadata', entry.name);
    if (!entry.isSymbolicLink()) {
      await cp(join(from, entry.name), target, { recursive: true });
      continue;
    }
    const link = await readlink(join(from, entry.name));
    await symlink(link, target);
    const definitions = join(into, 'metadata', link);
    await mkdir(dirname(definitions), { recursive: true });
    await cp(join(from, link), definitions, { recursive: true });
  }
}
