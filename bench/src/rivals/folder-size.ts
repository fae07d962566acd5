import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Bytes that all files below a folder take of the disk: what is laid out ahead and still empty takes none. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ blocks }) => blocks * 512,
        () => 0, // removed meanwhile
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Waits until a folder has had the same size for ten seconds, at most `seconds`. */
export async function settledBytes(folder: string, seconds: number): Promise<number> {
  let last = await folderBytes(folder);
  for (let second = 0, same = 0; second < seconds && same < 10; second++) {
    await setTimeout(1000);
    const now = await folderBytes(folder);
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}
