import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFaultyFileSystem } from './faulty-file-system.ts';
import { openJournal } from './journal.ts';
import { appendAll, useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();

describe('a consumer', () => {
  it('finds its offset again after a restart', async () => {
    const journal = await openJournal({ directory: directory() });
    await appendAll(journal, ['a', 'b', 'c']);
    const consumer = journal.consumer('rules');
    expect(consumer.committed).toBe(0);
    await consumer.commit(2);
    expect(consumer.committed).toBe(2);
    expect(journal.consumer('rules').committed).toBe(2);
    await journal.close();
    const again = await openJournal({ directory: directory() });
    expect(again.consumer('rules').committed).toBe(2);
    expect(again.consumer('other').committed).toBe(0);
    await again.close();
  });

  it('shares a write between commits that come together, and the last one stands', async () => {
    const journal = await openJournal({ directory: directory() });
    await appendAll(journal, Array.from({ length: 100 }, String));
    const consumer = journal.consumer('rules');
    await Promise.all(Array.from({ length: 101 }, (_, i) => consumer.commit(i)));
    expect(consumer.committed).toBe(100);
    expect(await readFile(join(directory(), 'consumers', 'rules'), 'utf8')).toMatch(/^100 /);
    await consumer.commit(5);
    expect(consumer.committed).toBe(5);
    await journal.close();
    expect(await readdir(join(directory(), 'consumers'))).toEqual(['rules']);
  });

  it('can not commit what is not there, nor carry a name that is a path', async () => {
    const journal = await openJournal({ directory: directory() });
    const consumer = journal.consumer('rules');
    await expect(consumer.commit(1)).rejects.toMatchObject({ code: 'journal.position' });
    await expect(consumer.commit(-1)).rejects.toMatchObject({ code: 'journal.position' });
    expect(() => journal.consumer('../x')).toThrow(/can not name a consumer/);
    await journal.close();
    await expect(consumer.commit(0)).rejects.toMatchObject({ code: 'journal.closed' });
  });

  it('starts again at the first record when its offset is damaged, and that is reported', async () => {
    const journal = await openJournal({ directory: directory() });
    await appendAll(journal, ['a', 'b', 'c']);
    await journal.consumer('rules').commit(3);
    await journal.close();
    await writeFile(join(directory(), 'consumers', 'rules'), '2 deadbeef\n');
    const again = await openJournal({ directory: directory() });
    expect(again.consumer('rules').committed).toBe(0);
    expect(again.faults()).toMatchObject([{ kind: 'offset', consumer: 'rules' }]);
    await again.close();
  });

  it('keeps the old offset when the write fails, and commits once the disk works again', async () => {
    const disk = createFaultyFileSystem();
    const journal = await openJournal({ directory: directory() }, disk.fileSystem);
    await appendAll(journal, ['a', 'b', 'c']);
    const consumer = journal.consumer('rules');
    await consumer.commit(1);
    disk.fail('sync', 'ENOSPC', 'consumers/rules');
    await expect(Promise.all([consumer.commit(2), consumer.commit(3)])).rejects.toMatchObject({ code: 'journal.full' });
    expect(consumer.committed).toBe(1);
    disk.mend();
    await consumer.commit(3);
    expect(consumer.committed).toBe(3);
    await journal.close();
  });

  it('that is ahead of a log that lost its end never sees a position twice', async () => {
    const journal = await openJournal({ directory: directory() });
    await appendAll(journal, ['a', 'b', 'c']);
    await journal.consumer('rules').commit(3);
    await journal.close();
    const { truncate } = await import('node:fs/promises');
    await truncate(join(directory(), '0000000000000000.seg'), 64);
    const again = await openJournal({ directory: directory() });
    expect(again.faults()).toMatchObject([{ kind: 'missing', from: 0, to: 3 }]);
    expect(await again.append(Buffer.from('d'))).toBe(3);
    await again.close();
  });
});
