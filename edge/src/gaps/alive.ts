import { join } from 'node:path';
import { z } from 'zod';
import { edgeCause } from '../edge-errors.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { GapLedger } from './gaps.ts';

const everyMs = 5000;
const stateSchema = z.object({ timeMs: z.int(), stopped: z.boolean() });

/**
 * Writes down every 5 s that the edge lives, so that the next start knows since when it did not, and writes that time
 * as a gap into the ledger. A power cut makes the gap at most 5 s too long.
 */
export async function startAlive(options: {
  directory: string;
  gaps: GapLedger;
  now(): number;
  onFault(error: unknown): void;
}): Promise<{ lastMs: number | null; stop(): Promise<void> }> {
  const path = join(options.directory, 'alive.json');
  const before = await readStateFile(path, stateSchema).catch((error: unknown) => {
    options.onFault(error); // a damaged file costs one gap entry, never the start
    return null;
  });
  const startedMs = options.now();
  if (before && startedMs > before.timeMs) {
    const cause = edgeCause(before.stopped ? 'edge.stopped' : 'edge.crashed');
    const span = { fromMs: before.timeMs, toMs: startedMs };
    await options.gaps.write({ device: null, series: null, ...span, why: 'edge-stopped', samplesLost: null, cause });
  }
  await writeStateFile(path, { timeMs: startedMs, stopped: false });
  let writing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing
      .then(() => writeStateFile(path, { timeMs: options.now(), stopped: false }))
      .catch(options.onFault);
  }, everyMs);
  return {
    lastMs: before?.timeMs ?? null,
    async stop() {
      clearInterval(timer);
      await writing;
      await writeStateFile(path, { timeMs: options.now(), stopped: true });
    },
  };
}
