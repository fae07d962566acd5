import { z } from 'zod';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { OutboxLoss } from './losses.ts';

/** Samples lost since the outbox was made. */
const totals = z.object({
  refused: z.int(),
  dropped: z.int(),
  /** Of `dropped`: collected, and lost before the outbox had them. */
  neverKept: z.int(),
  /** Losses of which nobody can know how many samples they were. */
  unknown: z.int(),
});

export interface LossTotals {
  /** Durable when it resolves. */
  add(losses: readonly OutboxLoss[]): Promise<void>;
  current(): Readonly<z.infer<typeof totals>>;
}

/** The sums of the gap ledger's losses: its entries leave the edge, the sums stay. */
export async function openLossTotals(path: string): Promise<LossTotals> {
  let sums = (await readStateFile(path, totals)) ?? { refused: 0, dropped: 0, neverKept: 0, unknown: 0 };
  let writing: Promise<void> = Promise.resolve();
  return {
    async add(losses) {
      const next = { ...sums };
      for (const { why, samplesLost, neverKept } of losses) {
        if (samplesLost === null) next.unknown++;
        else if (why === 'platform-refused') next.refused += samplesLost;
        else next.dropped += samplesLost;
        if (neverKept) next.neverKept += samplesLost ?? 0;
      }
      sums = next;
      const write = () => writeStateFile(path, sums);
      writing = writing.then(write, write);
      await writing;
    },
    current: () => sums,
  };
}
