import fc from 'fast-check';
import { expect, test } from 'vitest';
import { samplesBefore, scanSeries } from './series-scan.ts';
import type { StoredSample } from './stored-sample.ts';

const sample = (timeUs: number, value = 1): StoredSample => ({ timeUs, arrivalUs: 0, value, status: 0 });

/** Answers from a list as the store does, and counts the questions. */
function reader(all: readonly StoredSample[]) {
  const asked: number[] = [];
  const read = async (fromUs: number, toUs: number, limit: number) => {
    const found = all.filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs);
    asked.push(found.length);
    return { samples: found.slice(0, limit), more: found.length > limit };
  };
  return { read, asked };
}

async function collect(pages: AsyncIterable<readonly StoredSample[]>): Promise<StoredSample[]> {
  const all: StoredSample[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

test('every sample of the range comes once and in order, however they lie in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 9e15 }), { maxLength: 60 }),
      fc.integer({ min: 0, max: 1e15 }),
      async (times, fromUs) => {
        const all = times.sort((a, b) => a - b).map((timeUs) => sample(timeUs));
        const found = await collect(scanSeries(reader(all).read, fromUs, 8e15));
        expect(found).toEqual(all.filter(({ timeUs }) => timeUs >= fromUs && timeUs < 8e15));
      },
    ),
    { numRuns: 50 },
  );
});

test('a dense series is read in pages, and no question covers much more than one', async () => {
  const all = Array.from({ length: 150_000 }, (_, i) => sample(i * 10_000));
  const { read, asked } = reader(all);
  expect(await collect(scanSeries(read, 0, 1e12))).toHaveLength(150_000);
  expect(Math.max(...asked.slice(8))).toBeLessThan(100_000);
});

test('what holds before a time is found far back, with the state since', async () => {
  const day = 86_400_000_000;
  const holds = ({ value }: StoredSample) => value === 1;
  const all = [sample(day, 1), sample(2 * day, 0), sample(3 * day, 0), sample(4 * day, 0)];
  const { read } = reader(all);
  expect(await samplesBefore(read, 5 * day, holds)).toEqual([all[0], all[1], all[3]]);
  expect(await samplesBefore(read, 40 * day, holds)).toEqual([]);
  expect(await samplesBefore(read, 1, holds)).toEqual([]);
  expect(await samplesBefore(read, 1 + day, holds)).toEqual([all[0]]);
});

test('it ends when nobody waits any more', async () => {
  const gone = new AbortController();
  const { read } = reader(Array.from({ length: 50_000 }, (_, i) => sample(i)));
  const pages = scanSeries(read, 0, 1e9, gone.signal);
  await pages.next();
  gone.abort();
  await expect(pages.next()).rejects.toThrow();
});
