import { execFileSync } from 'node:child_process';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFaultyFileSystem, type FaultyCall } from './faulty-file-system.ts';
import { openJournal } from './journal.ts';
import { appendAll, asText, readAll, segmentFiles, useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();

describe('a journal on a failing disk', () => {
  it.each<[FaultyCall, string, string]>([
    ['writev', 'ENOSPC', 'journal.full'],
    ['writev', 'EIO', 'journal.io'],
    ['datasync', 'EIO', 'journal.io'],
    ['datasync', 'ENOSPC', 'journal.full'],
  ])('rejects what is in flight when %s fails with %s, and works again afterwards', async (call, system, code) => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    await appendAll(journal, ['a', 'b']);
    const [segment] = await segmentFiles(directory());
    const durable = statSync(segment!).size;

    disk.fail(call, system, '.seg');
    const results = await Promise.allSettled(['x', 'y', 'z'].map((one) => journal.append(Buffer.from(one))));
    expect(results.map((one) => one.status === 'rejected' && one.reason.code)).toEqual([code, code, code]);
    expect(journal.next).toBe(2);
    expect(journal.state()).toMatchObject({ healthy: false, fault: { code } });
    expect(asText(await journal.read(0, {}))).toEqual(['0:a', '1:b']);
    await expect(journal.append(Buffer.from('x'))).rejects.toMatchObject({ code });

    disk.mend();
    expect(await appendAll(journal, ['c', 'd'])).toEqual([2, 3]);
    expect(journal.state()).toEqual({ healthy: true });
    expect(statSync(segment!).size).toBeLessThanOrEqual(durable + 60);
    expect((await segmentFiles(directory())).length).toBe(2);
    await journal.close();

    const again = await openJournal({ directory: directory() });
    expect(asText(await readAll(again))).toEqual(['0:a', '1:b', '2:c', '3:d']);
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('never shows the remains of a failed write, also when its tail could not be cut', async () => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    await appendAll(journal, ['a', 'b']);
    disk.fail('datasync', 'EIO');
    disk.fail('truncate', 'EIO');
    await expect(journal.append(Buffer.from('rejected'))).rejects.toMatchObject({ code: 'journal.io' });
    disk.mend();
    expect(await appendAll(journal, ['c'])).toEqual([2]);
    await journal.close();
    const [segment] = await segmentFiles(directory());
    expect(statSync(segment!).size).toBe(64 + 2 * 17 + 16 + 'rejected'.length);
    const again = await openJournal({ directory: directory() });
    expect(asText(await readAll(again))).toEqual(['0:a', '1:b', '2:c']);
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('never takes a later sync for proof of what an earlier one failed to bring to the disk', async () => {
    const disk = createFaultyFileSystem();
    disk.loseWhatFailsToSync();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    const acknowledged = ['a', 'b'];
    await appendAll(journal, acknowledged);
    for (let round = 0; round < 5; round++) {
      disk.fail('datasync', 'EIO', '.seg');
      const results = await Promise.allSettled(['x', 'y'].map((one) => journal.append(Buffer.from(one + round))));
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      disk.mend();
      await appendAll(journal, [`c${round}`]);
      acknowledged.push(`c${round}`);
    }
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect((await readAll(again)).map(({ payload }) => payload.toString())).toEqual(acknowledged);
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('goes on when not even a new segment can be begun, until it can', async () => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    await appendAll(journal, ['a']);
    disk.fail('writev', 'ENOSPC');
    for (let i = 0; i < 3; i++) {
      await expect(journal.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'journal.full' });
    }
    disk.mend();
    disk.fail('rename', 'EIO', '.seg');
    await expect(journal.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'journal.io' });
    disk.mend();
    expect(await appendAll(journal, ['b'])).toEqual([1]);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(asText(await readAll(again))).toEqual(['0:a', '1:b']);
    await again.close();
  });

  it('keeps order and loses nothing acknowledged while the disk fails again and again under many writers', async () => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory(), segmentBytes: 64 * 1024 }, disk.fileSystem);
    const acknowledged = new Map<number, string>();
    let rejected = 0;
    const write = async (writer: number) => {
      for (let i = 0; i < 100; i++) {
        const text = `${writer}.${i} `.repeat(1 + ((writer * i) % 400));
        try {
          const position = await journal.append(Buffer.from(text));
          expect(acknowledged.has(position)).toBe(false);
          acknowledged.set(position, text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'journal.io' });
          rejected++;
        }
        if (writer > 0) continue;
        if (i % 5 === 1) disk.fail(i % 2 ? 'datasync' : 'writev', 'EIO', '.seg');
        if (i % 5 === 3) disk.mend();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    disk.mend();
    await journal.close();
    expect(rejected).toBeGreaterThan(20);
    const again = await openJournal({ directory: directory() });
    const found = (await readAll(again)).map((record) => [record.position, record.payload.toString()]);
    expect(found).toEqual([...acknowledged].sort(([a], [b]) => a - b));
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('finishes short writes', async () => {
    const disk = createFaultyFileSystem();
    disk.shortWrites(7);
    const journal = await openJournal({ directory: directory(), segmentBytes: 4096 }, disk.fileSystem);
    const texts = Array.from({ length: 30 }, (_, i) => `${i} `.repeat(i * 20));
    await appendAll(journal, texts);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect((await readAll(again)).map((record) => record.payload.toString())).toEqual(texts);
    expect(again.faults()).toEqual([]);
    await again.close();
  });

  it('names the fault when older records can not be read', async () => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    await appendAll(journal, ['a']);
    await journal.close();
    const again = await openJournal({ directory: directory() }, disk.fileSystem);
    disk.fail('read', 'EIO');
    await expect(again.read(0, {})).rejects.toMatchObject({ code: 'journal.io' });
    disk.mend();
    expect(asText(await again.read(0, {}))).toEqual(['0:a']);
    await again.close();
  });
});

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

describe.skipIf(!isRoot)('a journal on a disk that is really full (needs root to mount a tmpfs)', () => {
  const mounted: string[] = [];
  afterEach(() => {
    for (const path of mounted.splice(0)) execFileSync('umount', [path]);
  });

  it('makes room of what every consumer has taken before it rejects', async () => {
    const disk = directory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]);
    mounted.push(disk);
    const journal = await openJournal({ directory: join(disk, 'journal'), segmentBytes: 256 * 1024 });
    const consumer = journal.consumer('reader');
    for (let i = 0; i < 1000; i++) {
      expect(await journal.append(Buffer.alloc(5000, i))).toBe(i);
      if (i % 100 === 0) await consumer.commit(journal.next);
    }
    expect(journal.first).toBeGreaterThan(500);
    expect(journal.state()).toEqual({ healthy: true });
    await journal.close();
  });

  it('rejects, keeps all that it acknowledged, opens while full, and goes on when there is space', async () => {
    const disk = directory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]);
    mounted.push(disk);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(600_000));
    const options = { directory: join(disk, 'journal'), segmentBytes: 256 * 1024 };
    const payload = (position: number) => Buffer.alloc(5000 + (position % 7), position % 251);

    let journal = await openJournal(options);
    const acknowledged: number[] = [];
    const fill = async () => {
      for (;;) acknowledged.push(await journal.append(payload(journal.next)));
    };
    await expect(fill()).rejects.toMatchObject({ code: 'journal.full' });
    await expect(fill()).rejects.toMatchObject({ code: 'journal.full' });
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(journal.state()).toMatchObject({ healthy: false, fault: { code: 'journal.full' } });
    await journal.close();

    journal = await openJournal(options);
    expect((await readAll(journal)).length).toBe(acknowledged.length);
    await expect(fill()).rejects.toMatchObject({ code: 'journal.full' });
    rmSync(ballast);
    acknowledged.push(await journal.append(payload(journal.next)));
    expect(journal.state()).toEqual({ healthy: true });
    await expect(fill()).rejects.toMatchObject({ code: 'journal.full' });
    await journal.close();

    journal = await openJournal(options);
    const all = await readAll(journal);
    expect(all.map((record) => record.position)).toEqual(acknowledged);
    for (const record of all) expect(record.payload.equals(payload(record.position))).toBe(true);
    expect(journal.faults()).toEqual([]);
    await journal.close();
  });
});
