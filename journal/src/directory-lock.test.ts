import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
    await (await openJournal({ directory: directory() })).close();
  });

  it('is taken over from a process that has ended', async () => {
    await symlink(`${await endedProcess()}.1.abcdefgh`, join(directory(), 'lock'));
    const journal = await openJournal({ directory: directory() });
    expect(await readlink(join(directory(), 'lock'))).toMatch(new RegExp(`^${process.pid}\\.`));
    await journal.close();
  });

  it('is taken over when its pid lives but is another process than the owner was', async () => {
    await symlink(`${process.pid}.1.abcdefgh`, join(directory(), 'lock'));
    await (await openJournal({ directory: directory() })).close();
  });

  it('is given to exactly one of many who take a stale lock over at the same time', async () => {
    await symlink(`${await endedProcess()}.1.abcdefgh`, join(directory(), 'lock'));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal({ directory: directory() })));
    const opened = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened.length).toBe(1);
    await opened[0]!.close();
  });
});
