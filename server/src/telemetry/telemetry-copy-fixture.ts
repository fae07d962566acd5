import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChdbEngine, createChdbEngine } from './chdb-engine.ts';
import { createRemovalStore } from './removal-store.ts';
import { createRollupStore } from './rollup-store.ts';
import type { TelemetryEngine } from './telemetry-engine.ts';
import { createTelemetryStore } from './telemetry-store.ts';

const folders = new Map<ChdbEngine, string>();

/** A chDB with a folder of its own, and nothing in it. */
export async function openEngine(): Promise<ChdbEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-copy-'));
  const engine = createChdbEngine({ directory, memoryLimitBytes: 1 << 30, onFault: () => undefined });
  folders.set(engine, directory);
  await engine.start();
  return engine;
}

export async function removeEngine(engine: ChdbEngine): Promise<void> {
  await engine.stop();
  await rm(folders.get(engine)!, { recursive: true, force: true });
  folders.delete(engine);
}

/** All tables, and what writes them. */
export async function prepareTables(engine: TelemetryEngine) {
  const store = createTelemetryStore(engine);
  const rollups = createRollupStore(engine);
  const removals = createRemovalStore(engine);
  await store.prepare();
  await rollups.prepare();
  await removals.prepare();
  return { store, rollups, removals };
}

/** The engine, cut off when it has taken so many blocks. */
export function cutOffAfter(blocks: number, engine: TelemetryEngine): TelemetryEngine & { readonly inserts: number } {
  let inserts = 0;
  return {
    ...engine,
    get state() {
      return engine.state;
    },
    get inserts() {
      return inserts;
    },
    async insertNative(...block) {
      if (inserts++ >= blocks) throw new Error('cut off');
      await engine.insertNative(...block);
    },
  };
}

/** Nobody looks. */
export const noProgress = { expect: () => undefined, done: () => undefined, now: () => undefined };
