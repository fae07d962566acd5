import { copyFile, link, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders and files of a data directory that a backup takes in a way of their own. */
const known = /^(records\.sqlite(-wal|-shm)?|log|telemetry)$/;
/**
 * What a backup leaves out: what belongs to a running process, copies of other times, and the demo's own edge and plant,
 * which are other processes with data of their own.
 */
const leftOut =
  /^(lock\..*|operator|backup-staging|before-upgrade|health\.probe|launcher\.json|edge|plant|.*\.(new|partial|tmp))$/;

/**
 * Whatever else lies in the data directory: keys, certificates, journals of sessions. Plain files are copied; a
 * journal's segments only grow, so a link and its length now are a copy. Offsets come before segments: one that is a
 * little old repeats, one that is too new would leave out. Returns the lengths, by path.
 */
export async function stageOtherParts(directory: string, staging: string): Promise<Map<string, number>> {
  const limits = new Map<string, number>();
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (!known.test(entry.name) && !leftOut.test(entry.name)) await stage(directory, staging, entry.name, limits);
  return limits;
}

async function stage(directory: string, staging: string, path: string, limits: Map<string, number>): Promise<void> {
  const from = join(directory, path);
  const entries = await unlessGone(readdir(from, { withFileTypes: true }).catch(isFile));
  if (entries === undefined) return;
  if (entries === 'file') {
    if (path.endsWith('.seg')) {
      await unlessGone(link(from, join(staging, path)));
      // The last record may be half there: whoever opens the copy cuts it off, as after a crash.
      const length = await unlessGone(lstat(from));
      if (length !== undefined) limits.set(path, length.size);
    } else await unlessGone(copyFile(from, join(staging, path)));
    return;
  }
  await mkdir(join(staging, path), { recursive: true, mode: 0o700 });
  const inOrder = entries.filter(({ name }) => !leftOut.test(name)).sort((a, b) => rank(a) - rank(b));
  for (const { name } of inOrder) await stage(directory, staging, `${path}/${name}`, limits);
}

function rank(entry: { isDirectory(): boolean }): number {
  return entry.isDirectory() ? 0 : 1;
}

function isFile(error: NodeJS.ErrnoException): 'file' {
  if (error.code === 'ENOTDIR') return 'file';
  throw error;
}

/** What was trimmed or replaced while we looked is not needed any more. */
async function unlessGone<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
