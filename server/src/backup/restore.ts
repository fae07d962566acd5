import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, normalize, resolve } from 'node:path';
import { z } from 'zod';
import { StartRefusal } from '../platform/start-refusal.ts';
import { copyTree, readTree, syncFolder } from './copy-tree.ts';
import { dataName, type Manifest, manifest, manifestName } from './manifest.ts';
import type { CopyProgress } from './write-backup.ts';

/**
 * Makes a data directory of a backup. Every file is compared with the manifest while it is copied; `to` comes into being
 * whole at the end. Throws StartRefusal, in the user's words, for a target that is not empty and for a backup that is
 * not one, not whole or changed.
 */
export async function restoreBackup(
  from: string,
  to: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<Manifest> {
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new StartRefusal({
      zh: `目标目录 ${to} 不为空，未做任何改动；请指定新的目录`,
      en: `The target ${to} is not empty, and nothing has been changed: name a new folder`,
    });
  const listed = await readManifest(from);
  const source = join(from, dataName);
  await compareLists(source, listed);

  const partial = `${resolve(to)}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o755 });
  try {
    const sums = new Map(listed.files.map(({ path, sha256 }) => [path, sha256]));
    const total = listed.counts.bytes;
    let bytesDone = 0;
    let filesDone = 0;
    await copyTree(source, partial, listed, ({ path, bytes, sha256 }) => {
      if (sums.get(path) !== sha256) throw damaged(join(source, path));
      bytesDone += bytes;
      filesDone++;
      onProgress({ bytesDone, bytesTotal: total, filesDone, filesTotal: listed.files.length });
    });
    await rename(partial, to);
    await syncFolder(dirname(resolve(to)));
    return listed;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function readManifest(from: string): Promise<Manifest> {
  const path = join(from, manifestName);
  try {
    return manifest.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).slice(0, 500) : String(cause);
    throw new StartRefusal(
      {
        zh: `${from} 不是可用的备份（无法读取 ${manifestName}）：${why}`,
        en: `${from} is not a backup that can be used (${manifestName}): ${why}`,
      },
      { cause },
    );
  }
}

/** Nothing may be missing, be shorter or longer, or have been put there; and no link may point out of the backup. */
async function compareLists(source: string, listed: Manifest): Promise<void> {
  const found = await readTree(source).catch(() => {
    throw damaged(source);
  });
  const lengths = new Map(found.files.map(({ path, bytes }) => [path, bytes]));
  for (const { path, bytes } of listed.files) if (lengths.get(path) !== bytes) throw damaged(join(source, path));
  const known = new Set([...listed.files, ...listed.links].map(({ path }) => path));
  for (const { path } of [...found.files, ...found.links]) if (!known.has(path)) throw damaged(join(source, path));
  for (const { path, link } of listed.links) {
    const target = normalize(join(dirname(path), link));
    if (link.startsWith('/') || target.startsWith('..')) throw damaged(join(source, path));
  }
}

function damaged(path: string): StartRefusal {
  return new StartRefusal({
    zh: `备份已损坏或被改动：${path} 与清单不符；未写入任何数据`,
    en: `The backup is damaged or was changed: ${path} is not as the manifest says. Nothing has been written`,
  });
}
