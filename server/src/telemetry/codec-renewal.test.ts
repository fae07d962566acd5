import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createChdbEngine } from './chdb-engine.ts';
import { emptyColumns } from './sample-columns.ts';
import { createTelemetryStore } from './telemetry-store.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const time = "DateTime64(6, 'UTC') CODEC(GCD, Delta, T64, ZSTD(1))";
const text = 'String CODEC(ZSTD(1))';
const arrival = "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))";
const decimal = "Int64 CODEC(Delta, T64('bit'), ZSTD(1))";

test.each([
  ['first', { time, text, arrival, decimal }],
  ['last', { arrival, decimal }],
])('a store of the %s earlier version gets the codecs of this one, once, and keeps its samples', async (_, earlier) => {
  const directory = await mkdtemp(join(tmpdir(), 'luban-codecs-'));
  ends.push(() => rm(directory, { recursive: true, force: true }));
  const engine = createChdbEngine({
    directory,
    memoryLimitBytes: 1 << 30,
    onFault: (fault) => {
      throw fault;
    },
  });
  await engine.start();
  ends.push(() => engine.stop());
  const store = createTelemetryStore(engine);
  await store.prepare();
  const codecs = async () =>
    (
      await engine.query(
        "SELECT compression_codec FROM system.columns WHERE table = 'samples' AND name IN ('arrival', 'decimal', 'text', 'time') ORDER BY name",
        {},
      )
    )[0];
  const wanted = await codecs();
  for (const [name, definition] of Object.entries(earlier))
    await engine.run(`ALTER TABLE samples MODIFY COLUMN ${name} ${definition}`);
  const rows = emptyColumns(2);
  rows.rows = 2;
  rows.tenant.fill(1);
  rows.series.set([7, 7]);
  rows.time.set([1_788_220_800_000_000, 1_788_220_801_000_000]);
  rows.value.set([1.25, 2.5]);
  rows.arrival.fill(1_788_220_801_000_000);
  await store.insert(rows, 'old');
  expect(await codecs()).not.toEqual(wanted);

  await store.prepare();
  expect(await codecs()).toEqual(wanted);
  rows.time.set([1_788_220_802_000_000, 1_788_220_803_000_000]);
  await store.insert(rows, 'new');
  await store.compact();
  const found = (await store.range(1, [7], 0, 9e15, 10)).get(7)!;
  expect(found.map(({ value }) => value)).toEqual([1.25, 2.5, 1.25, 2.5]);
});
