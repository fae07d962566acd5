import { describe, expect, it } from 'vitest';
import { openJournal } from './journal.ts';
import { useTestDirectory } from './journal-fixtures.ts';

const directory = useTestDirectory();
const record = Buffer.alloc(2000, 1);

describe('trimming', () => {
  it('removes whole segments that are old, but nothing that a consumer has not committed', async () => {
    let now = 1_000_000;
    const options = { directory: directory(), segmentBytes: 8192, maxAgeMs: 1000, clock: () => now };
    const journal = await openJournal(options);
    const slow = journal.consumer('slow');
    const fast = journal.consumer('fast');
    for (let i = 0; i < 40; i++) await journal.append(record);
    await fast.commit(40);
    now += 5000;
    expect(await journal.trim()).toEqual({ removed: 0 });
    await slow.commit(10);
    const { removed } = await journal.trim();
    expect(removed).toBeGreaterThan(4);
    expect(removed).toBeLessThanOrEqual(10);
    expect(journal.first).toBe(removed);
    expect((await journal.read(0, {}))[0]?.position).toBe(removed);
    await journal.close();

    const again = await openJournal(options);
    expect([again.first, again.next]).toEqual([removed, 40]);
    expect(await again.trim()).toEqual({ removed });
    await again.consumer('slow').commit(40);
    const rest = await again.trim();
    expect(rest.removed).toBeGreaterThan(30);
    expect(await again.append(record)).toBe(40);
    await again.close();
  });

  it('keeps young segments for replay', async () => {
    let now = 1_000_000;
    const journal = await openJournal({ directory: directory(), segmentBytes: 8192, maxAgeMs: 1000, clock: () => now });
    for (let i = 0; i < 20; i++) await journal.append(record);
    now += 600;
    for (let i = 0; i < 20; i++) await journal.append(record);
    now += 600;
    const { removed } = await journal.trim();
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThanOrEqual(20);
    await journal.close();
  });

  it('without limits removes what is committed, and nothing where nobody consumes', async () => {
    const journal = await openJournal({ directory: directory(), segmentBytes: 8192 });
    for (let i = 0; i < 40; i++) await journal.append(record);
    expect(await journal.trim()).toEqual({ removed: 0 });
    await journal.consumer('only').commit(40);
    expect((await journal.trim()).removed).toBeGreaterThan(30);
    expect(journal.next).toBe(40);
    await journal.close();
  });

  it('never gives a position again, also when all but an empty segment is gone', async () => {
    const options = { directory: directory(), maxBytes: 16 * 1024 };
    const journal = await openJournal(options);
    for (let i = 0; i < 50; i++) {
      expect(await journal.append(record)).toBe(i);
      await journal.consumer('only').commit(i + 1);
    }
    await journal.close();
    const again = await openJournal(options);
    expect(await again.append(record)).toBe(50);
    await again.close();
  });
});
