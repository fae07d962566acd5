import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Journal, type JournalRecord, openJournal } from './journal.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const text = (records: JournalRecord[]) => records.map((record) => `${record.position}:${record.payload.toString()}`);

async function readAll(journal: Journal): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for (let at = journal.first; ; at = all.at(-1)!.position + 1) {
    const some = await journal.read(at, {});
    if (some.length === 0) return all;
    all.push(...some);
  }
}

describe('a journal', () => {
  it('gives positions in the order of the calls and reads the records back', async () => {
    const journal = await openJournal({ directory });
    const positions = await Promise.all(['a', 'b', 'c'].map((one) => journal.append(Buffer.from(one))));
    expect(positions).toEqual([0, 1, 2]);
    expect(journal.next).toBe(3);
    expect(text(await journal.read(1, {}))).toEqual(['1:b', '2:c']);
    expect(text(await journal.read(0, { records: 1 }))).toEqual(['0:a']);
    expect(await journal.read(3, {})).toEqual([]);
    await journal.close();
  });

  it('goes on after it was closed and opened again, over many segments', async () => {
    for (let round = 0; round < 3; round++) {
      const journal = await openJournal({ directory, segmentBytes: 4096 });
      expect(journal.next).toBe(round * 100);
      await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(Buffer.alloc(200 + i, round))));
      await journal.close();
    }
    const journal = await openJournal({ directory, segmentBytes: 4096 });
    const all = await readAll(journal);
    expect(all.map((record) => record.position)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(
      all.every(({ position, payload }) =>
        payload.equals(Buffer.alloc(200 + (position % 100), Math.floor(position / 100))),
      ),
    ).toBe(true);
    expect(journal.faults()).toEqual([]);
    await journal.close();
  });
});
