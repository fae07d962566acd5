import { describe, expect, it } from 'vitest';
import { type JournalFault, openJournal } from './journal.ts';
import { appendAll, asText, readAll, segmentFiles, useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();

describe('a journal', () => {
  it('gives positions in the order of the calls and reads the records back', async () => {
    const journal = await openJournal({ directory: directory() });
    expect(await appendAll(journal, ['a', 'b', 'c'])).toEqual([0, 1, 2]);
    expect(journal.next).toBe(3);
    expect(asText(await journal.read(1, {}))).toEqual(['1:b', '2:c']);
    expect(asText(await journal.read(0, { records: 1 }))).toEqual(['0:a']);
    expect(await journal.read(3, {})).toEqual([]);
    await journal.close();
  });

  it('goes on after it was closed and opened again, over many segments', async () => {
    for (let round = 0; round < 3; round++) {
      const journal = await openJournal({ directory: directory(), segmentBytes: 4096 });
      expect(journal.next).toBe(round * 100);
      await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(Buffer.alloc(200 + i, round))));
      await journal.close();
    }
    const journal = await openJournal({ directory: directory(), segmentBytes: 4096 });
    const all = await readAll(journal);
    expect(all.map((record) => record.position)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    for (const { position, payload } of all) {
      expect(payload).toEqual(Buffer.alloc(200 + (position % 100), Math.floor(position / 100)));
    }
    expect(journal.faults()).toEqual([]);
    expect((await segmentFiles(directory())).length).toBeGreaterThan(10);
    await journal.close();
  });

  it('hands the newest records out of memory, large ones as the bytes that were appended', async () => {
    const journal = await openJournal({ directory: directory() });
    const small = Buffer.alloc(10, 1);
    const large = Buffer.alloc(40_000, 2);
    await Promise.all([journal.append(small), journal.append(large)]);
    const [first, second] = await journal.read(0, {});
    expect(first?.payload).toEqual(small);
    expect(second?.payload).toEqual(large);
    expect(second?.payload.buffer).toBe(large.buffer);
    await journal.close();
  });

  it('has one promise for all that joined one write, and the next one for what came later', async () => {
    const journal = await openJournal({ directory: directory() });
    const first = journal.join(Buffer.from('a'));
    expect(journal.join(Buffer.from('b'))).toBe(first);
    expect(journal.append(Buffer.from('c'))).not.toBe(first);
    expect(await first).toBe(0);
    const later = journal.join(Buffer.from('d'));
    expect(later).not.toBe(first);
    expect(await later).toBe(3);
    expect(asText(await journal.read(0, {}))).toEqual(['0:a', '1:b', '2:c', '3:d']);
    await journal.close();
    await expect(journal.join(Buffer.from('e'))).rejects.toMatchObject({ code: 'journal.closed' });
  });

  it('reads older records from the disk with the same answer as from memory', async () => {
    const journal = await openJournal({ directory: directory() });
    for (let i = 0; i < 40; i++) await journal.append(Buffer.alloc(500_000, i));
    const all = await readAll(journal);
    expect(all.map(({ position, payload }) => [position, payload.length, payload[0], payload.at(-1)])).toEqual(
      Array.from({ length: 40 }, (_, i) => [i, 500_000, i, i]),
    );
    await journal.close();
  });

  it('reads at least one record however small the limit in bytes, from memory and from disk', async () => {
    const journal = await openJournal({ directory: directory() });
    await appendAll(journal, ['hello', 'world']);
    expect(asText(await journal.read(0, { bytes: 1 }))).toEqual(['0:hello']);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(asText(await again.read(0, { bytes: 1 }))).toEqual(['0:hello']);
    expect(asText(await again.read(1, { bytes: 1 }))).toEqual(['1:world']);
    expect(asText(await again.read(0, { records: 1 }))).toEqual(['0:hello']);
    await again.close();
  });

  it('keeps records that are empty, and records larger than a segment', async () => {
    const journal = await openJournal({ directory: directory(), segmentBytes: 4096 });
    await Promise.all([0, 100_000, 0, 5].map((size) => journal.append(Buffer.alloc(size, 7))));
    await journal.close();
    const again = await openJournal({ directory: directory(), segmentBytes: 4096 });
    expect((await readAll(again)).map((record) => record.payload.length)).toEqual([0, 100_000, 0, 5]);
    await again.close();
  });

  it('takes any Uint8Array, also a part of a larger buffer', async () => {
    const journal = await openJournal({ directory: directory() });
    const slab = new Uint8Array(100_000).fill(65);
    await journal.append(slab.subarray(3, 6));
    expect(asText(await journal.read(0, {}))).toEqual(['0:AAA']);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(asText(await again.read(0, {}))).toEqual(['0:AAA']);
    await again.close();
  });

  it('refuses a record above the limit and any use after closing', async () => {
    const journal = await openJournal({ directory: directory(), maxRecordBytes: 10 });
    await expect(journal.append(Buffer.alloc(11))).rejects.toMatchObject({ code: 'journal.too-large' });
    expect(await journal.append(Buffer.alloc(10))).toBe(0);
    const last = journal.append(Buffer.from('last'));
    await journal.close();
    expect(await last).toBe(1);
    await expect(journal.append(Buffer.alloc(1))).rejects.toMatchObject({ code: 'journal.closed' });
    await expect(journal.read(0, {})).rejects.toMatchObject({ code: 'journal.closed' });
    await expect(journal.trim()).rejects.toMatchObject({ code: 'journal.closed' });
    await journal.close();
  });

  it('wakes who waits for a position when it is durable, and lets go on abort and on close', async () => {
    const journal = await openJournal({ directory: directory() });
    const stop = new AbortController();
    const second = journal.waitFor(1, stop.signal);
    const never = journal.waitFor(9, stop.signal);
    await appendAll(journal, ['a', 'b']);
    expect(await second).toBe(true);
    expect(await journal.waitFor(0, stop.signal)).toBe(true);
    stop.abort();
    expect(await never).toBe(false);
    expect(await journal.waitFor(0, stop.signal)).toBe(false);
    const open = journal.waitFor(9, new AbortController().signal);
    await journal.close();
    expect(await open).toBe(false);
  });
});

describe('a journal with a limit in bytes', () => {
  const kilobyte = Buffer.alloc(1024, 1);

  it('refuses at the limit, says so, and takes records again once a consumer has committed', async () => {
    const journal = await openJournal({ directory: directory(), maxBytes: 64 * 1024 });
    const consumer = journal.consumer('uplink');
    const fill = async () => {
      for (;;) await journal.append(kilobyte);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'journal.full' });
    expect(journal.next).toBeGreaterThan(50);
    expect(journal.bytes).toBeLessThanOrEqual(64 * 1024);
    expect(journal.state()).toMatchObject({ healthy: false, fault: { code: 'journal.full' } });
    expect((await readAll(journal)).length).toBe(journal.next);

    const before = journal.next;
    await consumer.commit(before);
    expect(await journal.append(kilobyte)).toBe(before);
    expect(journal.state()).toEqual({ healthy: true });
    expect(journal.first).toBeGreaterThan(0);
    expect(journal.faults()).toEqual([]);
    await journal.close();
  });

  it('drops whole oldest segments where it is told to, and reports what nobody had committed', async () => {
    const told: JournalFault[] = [];
    const journal = await openJournal({
      directory: directory(),
      maxBytes: 64 * 1024,
      overflow: 'drop-oldest',
      onFault: (fault) => told.push(fault),
    });
    const consumer = journal.consumer('uplink');
    for (let i = 0; i < 20; i++) await journal.append(kilobyte);
    await consumer.commit(20);
    for (let i = 20; i < 300; i++) await journal.append(kilobyte);
    expect(journal.bytes).toBeLessThanOrEqual(64 * 1024);
    const dropped = journal.faults().map((fault) => (fault.kind === 'dropped' ? [fault.from, fault.to] : fault));
    expect(dropped[0]?.[0 as never]).toBe(20);
    const joined = dropped.map((range) => range as [number, number]);
    for (let i = 1; i < joined.length; i++) expect(joined[i]![0]).toBe(joined[i - 1]![1]);
    expect(joined.at(-1)![1]).toBe(journal.first);
    expect(told).toEqual(journal.faults());
    expect((await readAll(journal))[0]?.position).toBe(journal.first);
    await journal.close();
    const again = await openJournal({ directory: directory(), maxBytes: 64 * 1024 });
    expect([again.first, again.next]).toEqual([joined.at(-1)![1], 300]);
    await again.close();
  });
});
