import type { Position } from './journal-contract.ts';
import { asJournalError, type JournalError } from './journal-error.ts';
import { createBatchMaker, type RecordBatch } from './record-batch.ts';

export interface GroupCommit {
  /** The batch that the record became the last of: the one before `next` is its position once the batch is durable. */
  join(payload: Buffer): RecordBatch;
  /** Resolves when nothing is waiting to be written. */
  drained(): Promise<void>;
}

export interface GroupCommitParts {
  seed: number;
  next: Position;
  mostBatchBytes: number;
  /** Makes the batch durable, or leaves the disk as it was and throws. */
  write: (batch: RecordBatch) => Promise<void>;
  /** Called after `write`, before the appends resolve. */
  written: (batch: RecordBatch) => void;
  failed: (error: JournalError) => void;
}

/**
 * Gathers all appends that arrive while a write runs into the next one. Positions are given in the order of the calls;
 * after a failed write everything that waits is rejected with it and the positions are given anew, so the order of
 * what succeeds is always the order of the calls.
 */
export function createGroupCommit(parts: GroupCommitParts): GroupCommit {
  const makeBatch = createBatchMaker(parts.seed, parts.mostBatchBytes);
  let waiting: RecordBatch[] = [];
  let assigned = parts.next;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Appends of the same turn of the event loop go together.
    await Promise.resolve();
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
      try {
        await parts.write(batch);
        parts.written(batch);
      } catch (error) {
        const fault = asJournalError(error, 'append');
        const lost = [batch, ...waiting];
        waiting = [];
        assigned = batch.first;
        parts.failed(fault);
        for (const one of lost) one.fail(fault);
        continue;
      }
      batch.succeed();
    }
    running = undefined;
  }

  return {
    join(payload) {
      let batch = waiting.at(-1);
      if (!batch?.add(payload)) {
        batch = makeBatch(assigned);
        batch.add(payload);
        waiting.push(batch);
      }
      assigned++;
      running ??= run();
      return batch;
    },
    async drained() {
      while (running) await running;
    },
  };
}
