import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyTree, readTree, syncFolder } from './copy-tree.ts';
import { backupFormat, type CopiedFile, dataName, type Manifest, manifestName } from './manifest.ts';
import type { Staged } from './staging.ts';

export interface CopyProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
}

/**
 * Copies what is staged to `to`, which comes into being whole at the end: a folder of that name is a good backup, one
 * with `.partial` behind it is none. Rejects with the system's error, and leaves nothing then.
 */
export async function writeBackup(
  staged: Staged,
  { to, software, running, nowMs }: { to: string; software: string; running: boolean; nowMs: number },
  onProgress: (progress: CopyProgress) => void,
): Promise<Manifest> {
  const partial = `${to}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  try {
    const tree = await readTree(staged.folder, staged.limits);
    const total = tree.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const files: CopiedFile[] = [];
    let bytesDone = 0;
    const tell = () =>
      onProgress({ bytesDone, bytesTotal: total, filesDone: files.length, filesTotal: tree.files.length });
    tell();
    await copyTree(staged.folder, join(partial, dataName), tree, (file) => {
      files.push(file);
      bytesDone += file.bytes;
      tell();
    });
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const manifest: Manifest = {
      format: backupFormat,
      software,
      createdAt: new Date(nowMs).toISOString(),
      running,
      counts: { files: files.length, bytes: total, records: staged.records },
      files,
      links: [...tree.links],
    };
    const file = await open(join(partial, manifestName), 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await syncFolder(partial);
    // A rename puts a folder in the place of an empty one; anything else must not be touched.
    if (existsSync(join(to, manifestName))) throw new Error(`${to} has come into being meanwhile`);
    await rename(partial, to);
    await syncFolder(dirname(to));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
