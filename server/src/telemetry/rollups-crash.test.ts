import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { mergeParts } from './bucket-parts.ts';
import { createChdbEngine } from './chdb-engine.ts';
import { createRollupStore, dayUs, hourUs } from './rollup-store.ts';
import { createRollups, type Rollups } from './rollups.ts';
import { emptyColumns } from './sample-columns.ts';
import { TelemetryFault } from './telemetry-fault.ts';
import { createTelemetryStore } from './telemetry-store.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const t0 = Date.UTC(2026, 8, 1) * 1000;
const series = [1, 2, 3];
const days = 6;

test('chDB killed again and again while it sums up: the sums are those of the samples, each once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'luban-rollups-crash-'));
  ends.push(() => rm(directory, { recursive: true, force: true }));
  const engine = createChdbEngine({ directory, memoryLimitBytes: 1 << 30, onFault: () => undefined });
  await engine.start();
  ends.push(() => engine.stop());
  const store = createTelemetryStore(engine);
  await store.prepare();
  // A store from before sums existed: days of samples, a sample in ten seconds, every thirtieth bad.
  for (let day = 0; day < days; day++) {
    const rows = emptyColumns(series.length * 8640);
    rows.rows = series.length * 8640;
    for (let i = 0; i < rows.rows; i++) {
      rows.tenant[i] = 1;
      rows.series[i] = series[i % series.length]!;
      rows.time[i] = t0 + day * dayUs + Math.floor(i / series.length) * 10_000_000 + (i % 7) * 1000;
      rows.value[i] = (i * 7919) % 1000;
      rows.status[i] = i % 30 === 0 ? 0x80 : 0;
      rows.arrival[i] = t0 + days * dayUs;
    }
    await store.insert(rows, `day-${day}`);
  }

  const position = { read: 0, inserted: 0 };
  let rollups!: Rollups;
  const open = async () => {
    rollups = createRollups({
      store: createRollupStore(engine),
      nowUs: () => t0 + days * dayUs + hourUs,
      position: () => position,
      onFault: () => undefined,
      rawFromUs: () => 0,
    });
    await rollups.start();
  };
  await open();
  ends.push(() => rollups.stop());
  for (let kill = 0; kill < 3; kill++) {
    await expect.poll(() => engine.state, { timeout: 20_000, interval: 10 }).toBe('ready');
    const settling = rollups.settle().catch((error: unknown) => {
      if (!(error instanceof TelemetryFault)) throw error;
    });
    await setTimeout(150 + kill * 200);
    process.kill(engine.pid!, 'SIGKILL');
    // Summing may be over before: its end does not say that the engine's is known.
    await expect.poll(() => engine.state, { timeout: 20_000, interval: 1 }).toBe('recovering');
    await settling;
  }
  await expect.poll(() => engine.state, { timeout: 20_000, interval: 10 }).toBe('ready');
  // And the platform with it: what was learnt before is in the store.
  await rollups.stop();
  await open();
  await rollups.settle();

  const whole = { fromUs: t0, toUs: t0 + days * dayUs };
  expect(rollups.rawSpans(1, new Set(series), whole)).toEqual([]);
  for (const widthUs of [hourUs / 4, 6 * hourUs]) {
    const sums = await rollups.parts(1, series, [whole], t0, widthUs);
    const samples = await store.bucketParts(1, series, [whole], t0, widthUs);
    for (const one of series) {
      const rounded = (parts: ReturnType<typeof mergeParts>) =>
        parts.map((part) => ({ ...part, sum: Math.round(part.sum), weighted: Math.round(part.weighted / 1e6) }));
      expect(rounded(mergeParts(sums.get(one)!, widthUs))).toEqual(rounded(samples.get(one)!));
    }
  }
}, 90_000);
