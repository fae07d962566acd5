import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Journal, JournalRecord } from './journal.ts';
import { parseSegmentName } from './segment-format.ts';

/** A directory of its own for each test. */
export function useTestDirectory(): () => string {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'luban-journal-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });
  return () => directory;
}

export async function readAll(journal: Journal, bytes = 64 * 1024): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for (let at = journal.first; ; at = all.at(-1)!.position + 1) {
    const some = await journal.read(at, { bytes });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

export const asText = (records: JournalRecord[]): string[] =>
  records.map((record) => `${record.position}:${record.payload.toString()}`);

export function appendAll(journal: Journal, texts: string[]): Promise<number[]> {
  return Promise.all(texts.map((text) => journal.append(Buffer.from(text))));
}

/** Paths of the segments, oldest first. */
export async function segmentFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  const segments = names.filter((name) => parseSegmentName(name) !== undefined).sort();
  return segments.map((name) => join(directory, name));
}
