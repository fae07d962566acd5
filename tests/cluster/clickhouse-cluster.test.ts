import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseClickhouseAddress } from '../../server/src/telemetry/clickhouse-address.ts';
import { createClickhouseEngine } from '../../server/src/telemetry/clickhouse-engine.ts';
import { createRemovalStore } from '../../server/src/telemetry/removal-store.ts';
import { createRollupStore } from '../../server/src/telemetry/rollup-store.ts';
import { emptyColumns, type SampleColumns } from '../../server/src/telemetry/sample-columns.ts';
import type { TelemetryEngine } from '../../server/src/telemetry/telemetry-engine.ts';
import { createTelemetryStore, type TelemetryStore } from '../../server/src/telemetry/telemetry-store.ts';
import { missingOfOldCluster, startOldClickhouseCluster } from '../fixtures/cluster/old-clickhouse-cluster.ts';
import { until } from '../fixtures/until.ts';

/** Two shards: one goes on without one of its replicas, the other needs both. */
const replicas = [3, 2];
const tenant = 7;
const startUs = Date.UTC(2026, 0, 1) * 1000;
const seriesCount = 40;
const all = Array.from({ length: seriesCount }, (_, i) => i + 1);

if (missingOfOldCluster.length > 0 && process.env.CI)
  throw new Error(`this machine is expected to have ${missingOfOldCluster.join(', ')}`);
const title = 'the statements for a cluster on ClickHouse 18.16, two shards, replicated';
const skipped = missingOfOldCluster.length > 0;

/** `perSeries` samples of every series, the first at second `from`; `arrivalMs` after 2026 began. */
function rows(from: number, perSeries: number, arrivalMs: number): SampleColumns {
  const columns = emptyColumns(seriesCount * perSeries);
  columns.rows = seriesCount * perSeries;
  for (let i = 0; i < columns.rows; i++) {
    columns.tenant[i] = tenant;
    columns.series[i] = all[i % seriesCount]!;
    columns.time[i] = startUs + (from + Math.floor(i / seriesCount)) * 1_000_000;
    columns.value[i] = arrivalMs + i / 4;
    columns.arrival[i] = startUs + arrivalMs * 1000;
  }
  return columns;
}

describe.skipIf(skipped)(skipped ? `${title} [SKIPPED: needs ${missingOfOldCluster.join(', ')}]` : title, () => {
  let cluster: Awaited<ReturnType<typeof startOldClickhouseCluster>>;
  let engine: TelemetryEngine;
  let store: TelemetryStore;
  /** Of every server its own part, asked of itself; in the order of `cluster.servers`: 0.0, 0.1, 0.2, 1.0, 1.1. */
  let each: TelemetryEngine[];

  const open = (address: string) =>
    createClickhouseEngine({
      address: parseClickhouseAddress(address)!,
      onFault: () => undefined,
      onRestart: () => undefined,
    });
  const own = async (at: number, what: string, final = '') =>
    (
      await each[at]!.query(`SELECT ${what} FROM samples_local ${final} WHERE tenant = {tenant:UInt32}`, { tenant })
    )[0]?.[0];
  /** Rows of one replica of each shard, those that merges would replace too: whatever is stored twice counts twice. */
  const countAll = async () => Number(await own(0, 'count()')) + Number(await own(3, 'count()'));
  const series = (at: number) => own(at, 'arraySort(groupUniqArray(series))');
  const content = (at: number) =>
    own(at, 'concat(toString(count()), toString(sum(cityHash64(series, time, value))))', 'FINAL');
  async function alike(...servers: number[]): Promise<void> {
    await until(
      async () => new Set(await Promise.all(servers.map(content))).size === 1,
      `replicas ${servers.join()} hold the same`,
      60_000,
    );
  }

  beforeAll(async () => {
    cluster = await startOldClickhouseCluster(replicas);
    engine = open(`${cluster.servers[0]!.address()}?cluster=plant`);
    each = cluster.servers.map((server) => open(server.address()));
    for (const one of [engine, ...each]) await one.start();
    store = createTelemetryStore(engine);
    await store.prepare();
    await createRollupStore(engine).prepare();
    await createRemovalStore(engine).prepare();
    // Of the two that are counted, which are never killed.
    for (const at of [0, 3]) await each[at]!.run('SYSTEM STOP MERGES');
  });
  afterAll(async () => {
    for (const one of [engine, ...(each ?? [])]) await one?.stop();
    await cluster?.remove();
  });

  test('one statement makes each table on every server: replicated, and one over all', async () => {
    for (const one of each) {
      const [names, engines] = (await one.query(
        "SELECT name, engine FROM system.tables WHERE database = 'default' ORDER BY name",
        {},
      )) as [string[], string[]];
      const made = ['deletions', 'hours', 'late_days', 'latest', 'minutes', 'rollup_progress', 'samples'];
      expect(names).toEqual(made.flatMap((name) => [name, `${name}_local`]));
      expect(engines.filter((kind) => kind === 'Distributed').length).toBe(made.length);
      expect(engines.filter((kind) => /^Replicated(Replacing)?MergeTree$/.test(kind)).length).toBe(made.length);
    }
    await store.prepare(); // again at each start
  });

  test('rows of one series lie on one shard, on all of its replicas, and are read through any server’s table over all', async () => {
    await store.insert(rows(0, 50, 1), '0-1');
    await alike(0, 1, 2);
    await alike(3, 4);
    const [first, second] = (await Promise.all([series(0), series(3)])) as [number[], number[]];
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(0);
    expect([...first, ...second].sort((a, b) => a - b)).toEqual(all);
    expect(await countAll()).toBe(seriesCount * 50);
    for (const one of each) expect(await one.query('SELECT count() FROM samples', {})).toEqual([[seriesCount * 50]]);
    expect(await store.count(tenant, all, startUs, startUs + 10_000_000)).toBe(seriesCount * 10);
    const found = await store.range(tenant, all, startUs, startUs + 1_000_000, 10);
    expect(found.size).toBe(seriesCount);
    expect(found.get(all[4]!)).toEqual([{ timeUs: startUs, arrivalUs: startUs + 1000, value: 2, status: 0 }]);
    expect((await store.size()).rows).toBe(seriesCount * 50); // of each shard one replica's
  });

  test('a block that is sent again, through another server too, is stored once; a later arrival replaces where it lies', async () => {
    await store.insert(rows(0, 50, 1), '0-1');
    const other = open(`${cluster.server(1, 1).address()}?cluster=plant`);
    await other.start();
    await createTelemetryStore(other).insert(rows(0, 50, 1), '0-1');
    await other.stop();
    expect(await countAll()).toBe(seriesCount * 50);
    await store.insert(rows(0, 1, 9), '1-2');
    expect(await countAll()).toBe(seriesCount * 51);
    const found = await store.range(tenant, all, startUs, startUs + 50_000_000, 100);
    for (const samples of found.values()) {
      expect(samples.length).toBe(50);
      expect(samples[0]!.arrivalUs).toBe(startUs + 9000);
    }
  });

  test('one of three replicas is killed among inserts: it goes on, and the replica catches up, with nothing lost or double', async () => {
    const before = await countAll();
    for (let block = 0; block < 6; block++) {
      const sent = store.insert(rows(100 + block * 10, 10, 20 + block), `b-${block}`);
      if (block === 2) await cluster.server(0, 2).kill();
      // What the kill met is sent again, as the writer does.
      await sent.catch(() => until(() => again(block), 'the block is stored', 60_000, 500));
    }
    async function again(block: number): Promise<boolean> {
      await store.insert(rows(100 + block * 10, 10, 20 + block), `b-${block}`);
      return true;
    }
    expect(await countAll()).toBe(before + seriesCount * 60);
    await cluster.server(0, 2).start();
    await until(() => each[2]!.state === 'ready', 'the killed server answers');
    await alike(0, 1, 2);
    expect(await countAll()).toBe(before + seriesCount * 60);
  });

  test('one of two replicas is killed: nothing counts as stored until it is back, then the same block is there once', async () => {
    const before = await countAll();
    await cluster.server(1, 1).kill();
    const block = rows(200, 10, 30);
    let stored = false;
    const sent = store.insert(block, 'c-1').then(
      () => (stored = true),
      () => false,
    );
    await Promise.race([sent, setTimeout(1000)]);
    expect(stored).toBe(false);
    await cluster.server(1, 1).start();
    await sent;
    await until(
      () =>
        store.insert(block, 'c-1').then(
          () => true,
          () => false,
        ),
      'the block is stored',
      60_000,
      500,
    );
    await alike(0, 1, 2);
    await alike(3, 4);
    expect(await countAll()).toBe(before + seriesCount * 10);
  });

  test('what is dropped and emptied is so on every server', async () => {
    await createRemovalStore(engine).dropDay(startUs / 86_400_000_000);
    for (const at of each.keys())
      await until(async () => Number(await own(at, 'count()')) === 0, `${at} has dropped it`);
    await engine.run('TRUNCATE TABLE latest');
  });
});
