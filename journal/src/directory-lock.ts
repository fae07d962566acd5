import { randomBytes } from 'node:crypto';
import type { FileSystem } from './file-system.ts';
import { asJournalError, JournalError, systemCode } from './journal-error.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Keeps a second process (or a second call) out of the directory. The lock is a symbolic link whose target names the
 * owner: made in one step with its content, and also where the disk is full. An owner is its pid, its start time and
 * the boot that it ran under, so a pid used again is not taken for the dead owner.
 */
export async function lockDirectory(fileSystem: FileSystem, directory: string): Promise<DirectoryLock> {
  const path = `${directory}/lock`;
  const mine = await ownerOf(fileSystem, process.pid);
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await fileSystem.symlink(mine, path);
      return { release: () => fileSystem.unlink(path) };
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw asJournalError(error, `lock ${directory}`);
    }
    const owner = await readOwner(fileSystem, path);
    if (owner === undefined) continue;
    const pid = Number(owner.split('.')[0]);
    if (isAlive(pid) && (await ownerOf(fileSystem, pid)) === owner) {
      throw new JournalError('journal.locked', `${directory} is open in process ${pid}`);
    }
    await removeStale(fileSystem, path, owner);
  }
  throw new JournalError('journal.locked', `${directory} is being opened by others`);
}

async function readOwner(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  try {
    return await fileSystem.readlink(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw asJournalError(error, `read ${path}`);
  }
}

/** Moves the lock aside before it is judged for good: whoever moved it is the only one who can remove it. */
async function removeStale(fileSystem: FileSystem, path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await fileSystem.rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw asJournalError(error, `take over ${path}`);
  }
  // Another process took the stale lock over in between and this is its new one: give it back.
  if ((await fileSystem.readlink(aside)) !== stale) await fileSystem.rename(aside, path);
  else await fileSystem.unlink(aside);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** `<pid>.<start, ticks since boot>.<first part of the boot id>`; zeros where the system has no /proc. */
async function ownerOf(fileSystem: FileSystem, pid: number): Promise<string> {
  const stat = await readProc(fileSystem, `/proc/${pid}/stat`);
  const boot = await readProc(fileSystem, '/proc/sys/kernel/random/boot_id');
  // The command name in parentheses may hold spaces; the start time is the 20th field after it.
  const start = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid}.${start ?? 0}.${boot?.slice(0, 8) ?? 0}`;
}

async function readProc(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  try {
    return await fileSystem.readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
    throw asJournalError(error, `read ${path}`);
  }
}
