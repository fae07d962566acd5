import type { Cause } from '@luban/contracts';
import type { Journal } from '@luban/journal';
import { z } from 'zod';
import { EdgeError, edgeCause } from '../edge-errors.ts';
import { pause } from '../pause.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { type Acknowledged, createAcknowledged } from './acknowledged.ts';

const rangesSchema = z.array(z.object({ from: z.int(), to: z.int() }));
const commitEveryMs = 100;
const writeRangesEveryMs = 2000;

export interface Offsets {
  readonly acknowledged: Acknowledged;
  /** Writes what is acknowledged, at most ten times a second, however often it is called. */
  commitSoon(): Promise<void>;
  /** Writes it now and gives free what nobody needs any more. */
  commit(): Promise<void>;
}

/**
 * What the platform has acknowledged, on disk: the prefix as the journal's consumer, the ranges above it in a file.
 * Both lag behind a little: a crash only sends again what the platform has already.
 */
export async function openOffsets(options: {
  journal: Journal;
  path: string;
  stopping: AbortSignal;
  onFault(cause: Cause): void;
  now(): number;
}): Promise<Offsets> {
  const { journal, path, stopping, onFault, now } = options;
  const consumer = journal.consumer('platform');
  // Ranges above the journal's end belong to another journal: taken for ours they would hide samples.
  const known = (await readRanges()).filter(({ to }) => to <= journal.next);
  const acknowledged = createAcknowledged(Math.max(consumer.committed, journal.first), known);
  await writeStateFile(path, acknowledged.ranges());
  let rangesAtMs = now();
  let committing = false;
  let again = false;

  async function readRanges(): Promise<z.infer<typeof rangesSchema>> {
    try {
      return (await readStateFile(path, rangesSchema)) ?? [];
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      onFault(edgeCause('state.damaged', error.message)); // costs only that some records are sent twice
      return [];
    }
  }

  async function commit(): Promise<void> {
    if (now() - rangesAtMs > writeRangesEveryMs || stopping.aborted) {
      await writeStateFile(path, acknowledged.ranges());
      rangesAtMs = now();
    }
    const prefix = Math.min(acknowledged.prefix, journal.next);
    if (prefix <= consumer.committed) return;
    await consumer.commit(prefix);
    await journal.trim();
  }

  async function commitSoon(): Promise<void> {
    again = true;
    if (committing) return;
    committing = true;
    try {
      while (again) {
        again = false;
        await commit();
        await pause(commitEveryMs, stopping);
      }
    } finally {
      committing = false;
    }
  }

  return { acknowledged, commitSoon, commit };
}
