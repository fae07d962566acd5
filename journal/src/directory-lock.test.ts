import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockDirectory } from './directory-lock.ts';
import { nodeFileSystem } from './file-system.ts';
import { openJournal } from './journal.ts';
import { useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

describe('the lock of a directory', () => {
  it('keeps a second journal out until the first is closed', async () => {
    const journal = await openJournal({ directory: directory() });
    await expect(openJournal({ directory: directory() })).rejects.toMatchObject({ code: 'journal.locked' });
    await journal.close();
    for (let i = 0; i < 3; i++) await (await openJournal({ directory: directory() })).close();
  });

  it('is taken over from a process that has ended', async () => {
    await symlink(`${await endedProcess()}.1.abcdefgh`, join(directory(), 'lock.0'));
    const journal = await openJournal({ directory: directory() });
    expect(await readlink(join(directory(), 'lock.1'))).toMatch(new RegExp(`^${process.pid}\\.`));
    await journal.close();
  });

  it('is taken over when its pid lives but is another process than the owner was', async () => {
    await symlink(`${process.pid}.1.abcdefgh`, join(directory(), 'lock.0'));
    await (await openJournal({ directory: directory() })).close();
  });

  it('is given to exactly one of many who take a stale lock over at the same time', async () => {
    const ended = await endedProcess();
    for (let round = 0; round < 20; round++) {
      const path = join(directory(), String(round));
      await mkdir(path);
      await symlink(`${ended}.1.abcdefgh`, join(path, 'lock.3'));
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(nodeFileSystem, path)));
      expect(tries.filter((one) => one.status === 'fulfilled').length).toBe(1);
      expect((await readdir(path)).length).toBe(1);
    }
  });
});
