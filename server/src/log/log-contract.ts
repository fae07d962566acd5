import type { Histogram } from '../platform/histogram.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { LogRecord } from './log-record.ts';

/** What consumers read. */
export interface SampleLog {
  /**
   * The oldest position that is kept, and the one that the next record gets at least. Positions grow from record to
   * record; whether they leave numbers out is the engine's affair: go on from the last record's position + 1.
   */
  readonly first: number;
  readonly next: number;
  /** At least so many records wait from `position` on; exactly 0 when none does. */
  behind(position: number): number;
  /**
   * Records from `from` on, in order; at least one where there is one, whatever `limit` says, and none only when nothing
   * readable lies between `from` and what `next` was at the call. Rejects while the log cannot be read.
   */
  read(from: number, limit: { records?: number; bytes?: number }): Promise<LogRecord[]>;
  /** True as soon as a record at or after `position` is durable; false when aborted or closed. */
  waitFor(position: number, signal: AbortSignal): Promise<boolean>;
}

/** A consumer's durable place: everything below is done. A new consumer begins at the first record. */
export interface OffsetStore {
  /** As of this server's last commit or reload. */
  readonly committed: number;
  /**
   * Durable when it resolves. Rejects with the code `….position` for a position beyond `next`, and when another server
   * has committed since `committed` was read: then nothing is changed.
   */
  commit(position: number): Promise<void>;
  /** Takes what another server has committed. Nothing to do where no other can. */
  reload(): Promise<void>;
  /** Undefined where log and place are in this process's own folder. */
  readonly tenure?: Tenure | undefined;
}

/**
 * Who goes on from a place, written in the place itself: what a server keeps of its work elsewhere holds only as long as
 * nobody else has gone on from there, and the place is not that of a copy which was made before.
 */
export interface Tenure {
  /** Of this process. */
  readonly own: string;
  /** Whether whoever had it was the last to go on from the place, as of the last commit or reload. */
  isLast(tenure: string): boolean;
  /** From now on it is this process; `after`: whose work it completes. Rejects as a commit does. */
  begin(after?: string): Promise<void>;
}

export interface Log extends SampleLog {
  /** µs since 1970 UTC; 0 before the first record that is known. No later record's arrival is before it. */
  readonly newestArrivalUs: number;
  /** Resolves with the position once the batch is durable; rejects with an Error with a `code` when it cannot be. */
  append(tenant: number, batch: Uint8Array): Promise<number>;
  /**
   * The same for who appends tens of thousands a second: what becomes durable together may have one promise, which
   * resolves with the position of the first of it.
   */
  join(tenant: number, batch: Uint8Array): Promise<number>;
  /**
   * The position of the record so many (1 or more) before `position`, however positions grow; `first` where fewer are
   * kept. Damaged records may count or not. Rejects while the log cannot be read.
   */
  positionBefore(position: number, records: number): Promise<number>;
  consumer(name: string): OffsetStore;
  stats(): {
    bytes: number;
    next: number;
    healthy: boolean;
    fault: { code: string; message: string; sinceMs: number } | null;
    /** The newest damage that was found since the start: records that were durable and cannot be read any more. */
    damage: { message: string; atMs: number } | null;
    /** Records and bytes since the start. */
    appended: number;
    appendedBytes: number;
    /** Of one group of appends: until it was durable. */
    syncs: Histogram;
  };
  /** Rejects when it could not take a record now. Only where its files are not ours. */
  probe?(): Promise<void>;
  /** The files that hold it, and how many bytes of each belong to it now. Only where they are files of ours. */
  files?(): { path: string; name: string; bytes: number }[];
  close(): Promise<void>;
}

export interface LogOptions {
  /** `nats://…`; absent: the embedded journal. */
  address?: string | undefined;
  /** Of the journal. */
  directory: string;
  /** Full of what no consumer has taken, it refuses. */
  maxBytes: number;
  nowUs: () => number;
  lines: LogLines;
}
