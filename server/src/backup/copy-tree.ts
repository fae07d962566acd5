import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CopiedFile, CopiedLink } from './manifest.ts';

/** What is to be copied of a folder: files with the bytes that count, and symbolic links. */
export interface Tree {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly mode: number }[];
  readonly links: readonly CopiedLink[];
}

/** Copies are made side by side: each waits for the disk most of its time. */
const lanes = 6;

/** `limits`: how many bytes of a file count, by its path, where that is not all of it. */
export async function readTree(root: string, limits: ReadonlyMap<string, number> = new Map()): Promise<Tree> {
  const files: { path: string; bytes: number; mode: number }[] = [];
  const links: CopiedLink[] = [];
  async function walk(folder: string): Promise<void> {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isSymbolicLink()) links.push({ path, link: await readlink(join(root, path)) });
      else if (entry.isFile()) {
        const { size, mode } = await lstat(join(root, path));
        files.push({ path, bytes: Math.min(size, limits.get(path) ?? size), mode: mode & 0o777 });
      }
    }
  }
  await walk('');
  return { files, links };
}

/**
 * Copies a tree; what resolves is on disk. `copied` hears of each file with its checksum, and may throw to end it all.
 * Rejects with the system's error.
 */
export async function copyTree(
  from: string,
  to: string,
  { files, links }: Tree,
  copied: (file: CopiedFile) => void,
): Promise<void> {
  const folders = new Set([...files, ...links].map(({ path }) => dirname(path)));
  for (const folder of folders) await mkdir(join(to, folder), { recursive: true, mode: 0o700 });
  const waiting = files.values();
  let failed = false;
  async function lane(): Promise<void> {
    for (const file of waiting) {
      if (failed) return;
      copied({ ...file, sha256: await copyFile(join(from, file.path), join(to, file.path), file) });
    }
  }
  const ends = Array.from({ length: lanes }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // All of them have ended before anybody hears of a failure: nothing is written any more into what is then removed.
  for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason;
  for (const { path, link } of links) await symlink(link, join(to, path));
  for (const folder of folders) await syncFolder(join(to, folder));
}

/** Returns the checksum of what was written. */
async function copyFile(from: string, to: string, { bytes, mode }: { bytes: number; mode: number }): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'wx', mode);
  try {
    await target.chmod(mode);
    let at = 0;
    if (bytes > 0) {
      for await (const chunk of createReadStream(from, { end: bytes - 1, highWaterMark: 1 << 20 })) {
        hash.update(chunk as Buffer);
        await target.writeFile(chunk as Buffer);
        at += (chunk as Buffer).length;
      }
    }
    if (at !== bytes) throw new Error(`${from} ends after ${at} of ${bytes} bytes`);
    await target.datasync();
  } finally {
    await target.close();
  }
  return hash.digest('hex');
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
