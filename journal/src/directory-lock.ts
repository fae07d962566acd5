import type { FileSystem } from './file-system.ts';
import { asJournalError, JournalError, systemCode } from './journal-error.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

const LOCK_NAME = /^lock\.(\d+)$/;
const FREE = 'free';
const ATTEMPTS = 20;

/**
 * Keeps a second process (or a second call) out of the directory. A lock is a symbolic link `lock.<number>` whose target
 * names the owner: made in one step with its content, and also where the disk is full. An owner is its pid, its start
 * time and the boot that it ran under, so a pid used again is not taken for the dead owner.
 *
 * The highest number counts. It is never removed, only followed by the next: to take over from a dead owner is to make
 * the next link, which only one can do, so nobody ever removes a lock that somebody else has just taken.
 */
export async function lockDirectory(fileSystem: FileSystem, directory: string): Promise<DirectoryLock> {
  const mine = await ownerOf(fileSystem, process.pid);
  const pathOf = (number: number) => `${directory}/lock.${number}`;
  const numbers = async () =>
    (await fileSystem.readdir(directory)).flatMap((name) => {
      const match = LOCK_NAME.exec(name);
      return match ? [Number(match[1])] : [];
    });

  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const highest = Math.max(-1, ...(await numbers()));
    if (highest >= 0) {
      const owner = await unless(fileSystem.readlink(pathOf(highest)), 'ENOENT');
      if (owner === undefined) continue;
      const pid = Number(owner.split('.')[0]);
      if (isAlive(pid) && mayBe(owner, await ownerOf(fileSystem, pid))) {
        throw new JournalError('journal.locked', `${directory} is open in process ${pid}`);
      }
    }
    const number = highest + 1;
    const path = pathOf(number);
    if (
      (await unless(
        fileSystem.symlink(mine, path).then(() => true),
        'EEXIST',
      )) === undefined
    )
      continue;
    const all = await numbers();
    // While this one looked, others took a higher number and cleared this one away.
    const late = all.some((other) => other > number);
    for (const other of late ? [number] : all.filter((one) => one < number)) {
      await unless(fileSystem.unlink(pathOf(other)), 'ENOENT');
    }
    if (late) continue;
    return {
      async release() {
        await fileSystem.symlink(FREE, `${path}.${FREE}`);
        await fileSystem.rename(`${path}.${FREE}`, path);
      },
    };
  }
  throw new JournalError('journal.locked', `${directory} is being opened by others`);
}

/** What the operation gives, or undefined when it fails with this system code. */
async function unless<T>(operation: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (systemCode(error) === code) return undefined;
    throw error;
  }
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

/** A start time that can not be seen (no /proc, or a foreign process hidden in it) speaks for the owner. */
function mayBe(owner: string, living: string): boolean {
  const [, start, boot] = owner.split('.');
  const [, startNow, bootNow] = living.split('.');
  return boot === bootNow && (start === startNow || startNow === '0');
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
