import type { Batch } from '@luban/contracts';

/** One acknowledged batch in the platform's log. */
export interface LogRecord {
  /** Counts up by one from record to record. */
  readonly position: number;
  /** The tenant's number in storage, u32. */
  readonly tenant: number;
  /** When the platform took it, µs since 1970 UTC. */
  readonly arrivalUs: number;
  readonly batch: Batch;
}

/** What the store needs of the log. */
export interface SampleLog {
  /** The oldest record that is still there. */
  readonly first: number;
  /** The position that the next record will get. */
  readonly next: number;
  /** Records from `from` on, in order; none when there is nothing yet. */
  read(from: number, limit: { records?: number; bytes?: number }): Promise<LogRecord[]>;
  /** True when the record at `position` can be read, false when `signal` aborted first. */
  waitFor(position: number, signal: AbortSignal): Promise<boolean>;
}

/** The durable place of one reader of the log: everything before `committed` may be trimmed. */
export interface OffsetStore {
  readonly committed: number;
  commit(position: number): Promise<void>;
}
