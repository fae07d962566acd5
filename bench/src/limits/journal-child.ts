import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openJournal } from '@luban/journal';
import { serveParent } from '../children.ts';

export interface JournalJob {
  readonly folder: string;
  readonly records: number;
  readonly recordBytes: number;
  /** Most appends that wait for the disk. */
  readonly window: number;
}

/** The log alone: the same records, durable by the same fdatasync, and nothing else. Answers with ms. */
async function appendAll({ folder, records, recordBytes, window }: JournalJob): Promise<number> {
  const directory = await mkdtemp(join(folder, 'journal-'));
  const journal = await openJournal({ directory });
  const record = Buffer.alloc(recordBytes, 'luban');
  const beganMs = performance.now();
  let sent = 0;
  const oneAfterAnother = async () => {
    while (sent++ < records) await journal.append(record);
  };
  await Promise.all(Array.from({ length: window }, oneAfterAnother));
  const tookMs = performance.now() - beganMs;
  await journal.close();
  await rm(directory, { recursive: true });
  return tookMs;
}

serveParent(appendAll);
