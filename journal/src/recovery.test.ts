import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openJournal } from './journal.ts';
import { appendAll, asText, readAll, segmentFiles, useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();
const HEADER = 64;
/** Header and payload of a record of one letter. */
const RECORD = 17;

async function journalOf(texts: string[], segmentBytes?: number): Promise<string[]> {
  const journal = await openJournal({ directory: directory(), ...(segmentBytes && { segmentBytes }) });
  for (const text of texts) await journal.append(Buffer.from(text));
  await journal.close();
  return await segmentFiles(directory());
}

function flip(path: string, byte: number): void {
  const bytes = readFileSync(path);
  bytes[byte]! ^= 0x10;
  writeFileSync(path, bytes);
}

describe('recovery', () => {
  it('cuts an incomplete record at the end and gives its position to the next', async () => {
    const [path] = await journalOf(['a', 'b', 'c']);
    truncateSync(path!, HEADER + 3 * RECORD - 1);
    const journal = await openJournal({ directory: directory() });
    expect(journal.next).toBe(2);
    expect(statSync(path!).size).toBe(HEADER + 2 * RECORD);
    expect(journal.faults()).toMatchObject([
      { kind: 'torn', fromByte: HEADER + 2 * RECORD, toByte: HEADER + 3 * RECORD - 1, positions: { from: 2, to: 2 } },
    ]);
    expect(await appendAll(journal, ['d'])).toEqual([2]);
    expect(asText(await readAll(journal))).toEqual(['0:a', '1:b', '2:d']);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('cuts zeros that a crash left where the file had grown', async () => {
    const [path] = await journalOf(['a', 'b']);
    appendFileSync(path!, Buffer.alloc(5000));
    const journal = await openJournal({ directory: directory() });
    expect(await appendAll(journal, ['c'])).toEqual([2]);
    expect(asText(await readAll(journal))).toEqual(['0:a', '1:b', '2:c']);
    await journal.close();
  });

  it('does not give the position of a complete but damaged last record again', async () => {
    const [path] = await journalOf(['a', 'b', 'c']);
    flip(path!, HEADER + 3 * RECORD - 1);
    const journal = await openJournal({ directory: directory() });
    expect(journal.faults()).toMatchObject([{ kind: 'torn', positions: { from: 2, to: 3 } }]);
    expect(await appendAll(journal, ['d'])).toEqual([3]);
    expect(asText(await readAll(journal))).toEqual(['0:a', '1:b', '3:d']);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(asText(await readAll(again))).toEqual(['0:a', '1:b', '3:d']);
    expect(again.faults()).toMatchObject([{ kind: 'corrupt', positions: { from: 2, to: 3 } }]);
    await again.close();
  });

  it('does not give the position of a last record again whose length is damaged', async () => {
    const [path] = await journalOf(['a', 'b', 'c']);
    flip(path!, HEADER + 2 * RECORD + 5);
    const journal = await openJournal({ directory: directory() });
    expect(await appendAll(journal, ['d'])).toEqual([3]);
    await journal.close();
  });

  it.each([
    ['checksum', 0],
    ['length', 4],
    ['top of the length', 7],
    ['position', 8],
    ['payload', 16],
  ])('serves everything around a record whose %s is damaged, and keeps the bytes', async (_, byte) => {
    const [path] = await journalOf(['a', 'b', 'c', 'd']);
    const damaged = HEADER + RECORD;
    flip(path!, damaged + byte);
    const bytes = readFileSync(path!).subarray(damaged, damaged + RECORD);
    const journal = await openJournal({ directory: directory() });
    expect(journal.next).toBe(4);
    expect(asText(await readAll(journal))).toEqual(['0:a', '2:c', '3:d']);
    expect(journal.faults()).toMatchObject([
      {
        kind: 'corrupt',
        segment: '0000000000000000.seg',
        fromByte: damaged,
        toByte: damaged + RECORD,
        positions: { from: 1, to: 2 },
      },
    ]);
    const [kept] = readdirSync(join(directory(), 'quarantine'));
    expect(readFileSync(join(directory(), 'quarantine', kept!))).toEqual(bytes);
    await journal.close();
  });

  it('finds damage in older segments when they are read, reports it once, and serves the rest', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => String(i).padStart(400, '.'));
    const paths = await journalOf(texts, 4096);
    expect(paths.length).toBeGreaterThan(5);
    flip(paths[2]!, HEADER + 16 + 400 + 5);
    const journal = await openJournal({ directory: directory(), segmentBytes: 4096 });
    expect(journal.faults()).toEqual([]);
    const all = await readAll(journal);
    expect((await readAll(journal)).length).toBe(59);
    expect(journal.faults()).toMatchObject([{ kind: 'corrupt' }]);
    const [fault] = journal.faults();
    const lost = fault?.kind === 'corrupt' ? fault.positions.from : -1;
    expect(all.map((record) => record.payload.toString())).toEqual(texts.filter((_, i) => i !== lost));
    await journal.close();
  });

  it('reports the end of an older segment, or a whole one, that is gone', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => String(i).padStart(400, '.'));
    const paths = await journalOf(texts, 4096);
    truncateSync(paths[1]!, HEADER + 2 * 416);
    rmSync(paths[3]!);
    const journal = await openJournal({ directory: directory(), segmentBytes: 4096 });
    const all = await readAll(journal);
    const gone = journal.faults().map((fault) => (fault.kind === 'missing' ? [fault.from, fault.to] : fault));
    expect(gone).toEqual([
      [11, 18],
      [27, 36],
    ]);
    expect(all.length).toBe(60 - 7 - 9);
    await journal.close();
  });

  it('serves the records of a segment whose header is damaged', async () => {
    const [path] = await journalOf(['a', 'b']);
    flip(path!, 13);
    const journal = await openJournal({ directory: directory() });
    expect(asText(await readAll(journal))).toEqual(['0:a', '1:b']);
    expect(journal.faults()).toMatchObject([{ kind: 'corrupt', fromByte: 0, toByte: 64 }]);
    expect(await appendAll(journal, ['c'])).toEqual([2]);
    await journal.close();
    rmSync(join(directory(), 'seed'));
  });

  it('does without the seed file as long as one segment header is whole', async () => {
    await journalOf(['a', 'b']);
    rmSync(join(directory(), 'seed'));
    const journal = await openJournal({ directory: directory() });
    expect(await appendAll(journal, ['c'])).toEqual([2]);
    expect(asText(await readAll(journal))).toEqual(['0:a', '1:b', '2:c']);
    await journal.close();
  });

  it('does not take a record inside a damaged payload for one of its own', async () => {
    const [path] = await journalOf(['a', 'b', 'c']);
    const foreign = readFileSync(path!).subarray(HEADER);
    rmSync(directory(), { recursive: true });
    const journal = await openJournal({ directory: directory() });
    await journal.append(foreign);
    await appendAll(journal, ['x']);
    await journal.close();
    flip((await segmentFiles(directory()))[0]!, HEADER);
    const again = await openJournal({ directory: directory() });
    expect(asText(await readAll(again))).toEqual(['1:x']);
    await again.close();
  });

  it('refuses a journal of a newer format and names it', async () => {
    const [path] = await journalOf(['a']);
    const bytes = readFileSync(path!);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
    writeFileSync(path!, bytes);
    await expect(openJournal({ directory: directory() })).rejects.toMatchObject({ code: 'journal.format' });
  });

  it('lets who waits at a hole sleep until something whole follows', async () => {
    const [path] = await journalOf(['a', 'b']);
    flip(path!, HEADER + 2 * RECORD - 1);
    const journal = await openJournal({ directory: directory() });
    expect(journal.next).toBe(2);
    expect(await journal.read(1, {})).toEqual([]);
    let woken = false;
    const waiting = journal.waitFor(1, new AbortController().signal).then((reached) => {
      woken = true;
      return reached;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).toBe(false);
    await appendAll(journal, ['c']);
    expect(await waiting).toBe(true);
    expect(asText(await journal.read(1, {}))).toEqual(['2:c']);
    await journal.close();
  });
});
