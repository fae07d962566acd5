import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StartRefusal } from '../start-refusal.ts';

/**
 * What wrote a data directory, in `version.json`:
 * - `format`: how the directory is laid out; 0 where there is no such file (before 26 November 2026);
 * - `telemetry`: the tables of the time series store;
 * - `records`: the newest migration of the records.
 * A whole number or a name that this software does not know was written by a newer one.
 */
const schema = z.object({
  format: z.int().min(0),
  telemetry: z.int().min(0),
  records: z.string(),
  software: z.string(),
});
export type DataVersion = z.infer<typeof schema>;

/** The layout that this software writes. */
export const dataFormat = 1;

const fileName = 'version.json';

/** Null when there is no such file. Throws StartRefusal for one that cannot be read. */
export async function readDataVersion(directory: string): Promise<DataVersion | null> {
  const path = join(directory, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartRefusal(
      {
        zh: `无法读取数据目录的版本文件 ${path}；请从备份恢复该文件`,
        en: `The version of the data directory cannot be read: ${path}. Bring the file back from a backup`,
      },
      { cause },
    );
  }
}

/** Durable when it resolves. */
export async function writeDataVersion(directory: string, version: DataVersion): Promise<void> {
  const path = join(directory, fileName);
  const file = await open(`${path}.new`, 'w', 0o644);
  try {
    await file.writeFile(`${JSON.stringify(version, null, 2)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
