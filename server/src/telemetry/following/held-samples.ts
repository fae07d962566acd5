import type { LogRecord } from '../../log/log.ts';
import type { DeletedSamples } from '../deleted-samples.ts';
import type { LatestTable } from '../latest-table.ts';
import { createReadProgress } from '../read-progress.ts';
import type { StoreState } from './followed-store.ts';
import type { TailSamples } from './tail-samples.ts';

interface HeldSamplesOptions {
  /** The latest values hold what lies before it in the log. */
  readonly position: number;
  readonly said: StoreState;
  readonly latest: LatestTable;
  readonly fresh: TailSamples;
  readonly deleted: DeletedSamples;
}

/** What a follower holds of the log, and how far it has come. */
export function createHeldSamples({ position, said, latest, fresh, deleted }: HeldSamplesOptions) {
  const progress = createReadProgress(position);
  let { inserted } = said;
  let heardMs = performance.now();

  return {
    latest,
    fresh,
    deletions: said.deletions,
    /** Everything before it has been read. */
    get read() {
      return progress.position;
    },
    /** When the server that stores was heard of last, by `performance.now()`. */
    get heardMs() {
      return heardMs;
    },
    take(record: LogRecord): void {
      const kept = deleted.filter(record);
      latest.apply(kept);
      if (record.position >= inserted) fresh.append(kept);
      progress.come(record.position + 1);
    },
    /** Nothing that can be read lies before `to`. */
    pass: progress.come,
    reaches: progress.reaches,
    heard(now: StoreState): void {
      heardMs = performance.now();
      // The next one that stores begins where the last had committed: what that one had stored is there all the same.
      inserted = Math.max(inserted, now.inserted);
      fresh.dropBefore(inserted);
    },
  };
}
export type HeldSamples = ReturnType<typeof createHeldSamples>;
