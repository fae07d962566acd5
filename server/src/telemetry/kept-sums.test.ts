import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeptSums, type HourOfSums } from './kept-sums.ts';
import type { NumberColumn } from './native-numbers.ts';
import { sumFields } from './row-parts.ts';

const hourUs = 3_600_000_000;
const spanOf = (hour: number) => ({ fromUs: hour * hourUs, toUs: (hour + 1) * hourUs });

/** A table of sums, of which the first number of each hour's second minute tells how often it was changed. */
function makeTable() {
  const versions = new Map<string, number>();
  const asked: string[] = [];
  const read = async (series: readonly number[], spans: readonly { fromUs: number; toUs: number }[]) => {
    const rows: number[][] = [];
    for (const one of series)
      for (const { fromUs, toUs } of spans)
        for (let hour = fromUs / hourUs; hour * hourUs < toUs; hour++) {
          asked.push(`${one}/${hour}`);
          const version = versions.get(`${one}/${hour}`);
          if (version !== undefined) rows.push([one, hour * 3600 + 60, version, ...new Array<number>(11).fill(0)]);
        }
    await null;
    const fields = rows.length === 0 ? 0 : 2 + sumFields;
    return Array.from({ length: fields }, (_, i): NumberColumn => Float64Array.from(rows, (row) => row[i]!));
  };
  const change = (series: number, hour: number) =>
    versions.set(`${series}/${hour}`, (versions.get(`${series}/${hour}`) ?? 0) + 1);
  return { versions, asked, read, change };
}

const versionsIn = (hours: readonly HourOfSums[]) => hours.map((sums) => sums[sumFields]);

test('what is kept is what the table says after every change that is told, also when both run at once', async () => {
  const one = fc.record({
    kind: fc.constantFrom('read' as const, 'change' as const),
    series: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    hours: fc
      .uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })
      .map((hours) => hours.sort((a, b) => a - b)),
    waits: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 30 }), fc.constantFrom(0, 20_000, 1 << 20), async (steps, maxBytes) => {
      const kept = createKeptSums(maxBytes);
      const { versions, read, change } = makeTable();
      const under: Promise<unknown>[] = [];
      for (const { kind, series, hours, waits } of steps) {
        if (kind === 'change') {
          change(series[0]!, hours[0]!);
          kept.forget(1, series.slice(0, 1), spanOf(hours[0]!));
        } else under.push(kept.read(1, series, hours, read));
        if (waits) await Promise.all(under);
      }
      await Promise.all(under);
      const all = [1, 2, 3, 4];
      const hours = Array.from({ length: 10 }, (_, hour) => hour);
      const found = await kept.read(1, all, hours, read);
      for (const series of all)
        expect(versionsIn(found.get(series)!)).toEqual(hours.map((hour) => versions.get(`${series}/${hour}`) ?? 0));
    }),
    { numRuns: 300 },
  );
});

test('hours that are kept are not asked for again, of each tenant its own', async () => {
  const kept = createKeptSums();
  const { asked, read, change } = makeTable();
  change(7, 2);
  await kept.read(1, [7], [1, 2, 3], read);
  await kept.read(1, [7], [2, 3, 4], read);
  expect(asked.splice(0)).toEqual(['7/1', '7/2', '7/3', '7/4']);
  await kept.read(2, [7], [2], read);
  kept.forget(1, [7], { fromUs: 2.5 * hourUs, toUs: 3.5 * hourUs });
  expect(versionsIn((await kept.read(1, [7], [1, 2, 3, 4], read)).get(7)!)).toEqual([0, 1, 0, 0]);
  expect(asked).toEqual(['7/2', '7/2', '7/3']);
});

test('one that follows another store keeps nothing past a change there', async () => {
  const [led, kept] = [createKeptSums(), createKeptSums()];
  const { asked, read } = makeTable();
  for (const changed of [false, false, true]) {
    if (changed) led.forget(1, [9], spanOf(0));
    kept.follow(led.state);
    await kept.read(1, [7], [1], read);
  }
  expect(asked).toEqual(['7/1', '7/1']);
});
