import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChdbEngine, createChdbEngine } from './chdb-engine.ts';
import { clusterStatements } from './cluster-statements.ts';
import { createRemovalStore } from './removal-store.ts';
import { createRollupStore } from './rollup-store.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTelemetryStore } from './telemetry-store.ts';

/** A parser of the ClickHouse that our statements are for: chDB. It runs none of them, there is no cluster. */
let chdb: ChdbEngine;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-cluster-sql-'));
  chdb = createChdbEngine({ directory, memoryLimitBytes: 1 << 29, onFault: () => undefined });
  await chdb.start();
});
afterAll(async () => {
  await chdb.stop();
  await rm(directory, { recursive: true, force: true });
});

const cluster = clusterStatements('plant', 'luban');

/** Every statement that the stores make, in the form for a cluster. */
async function recorded(): Promise<{ run: string[]; query: string[] }> {
  const found = { run: [] as string[], query: [] as string[] };
  const engine: TelemetryEngine = {
    state: 'ready',
    start: async () => undefined,
    stop: async () => undefined,
    run: async (sql) => void found.run.push(...cluster.run(sql)),
    insertNative: async () => undefined,
    selectNative: async () => new Uint8Array(),
    async query(sql) {
      found.query.push(cluster.query(sql));
      return [[1], [1]];
    },
    queryNumbers: async () => [],
  };
  const span = { fromUs: 0, toUs: 7_200_000_000 };
  const of = { tenant: 1, series: [1, 2] };
  const store = createTelemetryStore(engine);
  await store.prepare();
  await store.size();
  await store.compact();
  await store.rebuildLatest();
  const rollups = createRollupStore(engine);
  await rollups.prepare();
  await rollups.saveProgress(1, 2);
  await rollups.days();
  await rollups.rollUp(1, [1], span, true);
  await rollups.bytesPerRow('hours');
  const removals = createRemovalStore(engine);
  await removals.prepare();
  await removals.dropDay(20_000);
  await removals.deleteOfDay(20_000, [of]);
  await removals.deleteRollups('minutes', of, span);
  await removals.saveDeletion({ ...of, ...span, arrivalUs: 1 });
  await removals.deleteInPartition('20260101', { ...of, ...span, arrivalUs: 1 });
  await removals.deleteLatest(of, span);
  return found;
}

test('every definition and every piece of upkeep has a form for a cluster that ClickHouse’s parser takes', async () => {
  const { run } = await recorded();
  expect(run.length).toBeGreaterThan(20);
  for (const sql of run.filter((one) => !one.startsWith('INSERT'))) {
    expect(sql).toMatch(/_local ON CLUSTER 'plant'|ON CLUSTER 'plant' AS \w+_local/);
    await expect(chdb.query(`EXPLAIN AST ${sql}`, {}), sql).resolves.toBeDefined();
  }
});

test('each table is replicated on every server, and spread by its series', async () => {
  const { run } = await recorded();
  const made = run.filter((sql) => sql.startsWith('CREATE'));
  const local = made.filter((sql) => sql.includes('_local ON CLUSTER'));
  expect(local.length).toBe(made.length / 2);
  for (const sql of local)
    expect(sql).toMatch(
      /ENGINE = Replicated(Replacing)?MergeTree\('\/clickhouse\/tables\/\{shard\}\/luban\/\w+_local', '\{replica\}'/,
    );
  expect(local.find((sql) => sql.includes('samples_local'))).toContain("'{replica}', arrival)");
  expect(local.join()).not.toContain('non_replicated_deduplication_window');
  const keys = made.flatMap(
    (sql) => /Distributed\('plant', 'luban', '(\w+)_local', cityHash64\((.*)\)\)/.exec(sql)?.slice(1).join(': ') ?? [],
  );
  expect(keys.sort()).toEqual([
    'deletions: tenant, series',
    'hours: tenant, series',
    'late_days: tenant, series',
    'latest: tenant, series',
    'minutes: tenant, series',
    'rollup_progress: id',
    'samples: tenant, series',
  ]);
});

test('what asks for parts on the disk asks one replica of each shard', async () => {
  const { query } = await recorded();
  const parts = query.filter((sql) => sql.includes('system.parts'));
  expect(parts.length).toBe(3);
  for (const sql of parts) {
    expect(sql).toContain("cluster('plant', system.parts)");
    expect(sql).toMatch(/database = 'luban' AND table = '\w+_local'/);
    await expect(chdb.query(`EXPLAIN AST ${sql}`, {}), sql).resolves.toBeDefined();
  }
});

test('a statement of a kind that it does not know is refused, not sent as it is', () => {
  expect(() => cluster.run('DROP TABLE samples')).toThrow('no statement for a cluster');
});
