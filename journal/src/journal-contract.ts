import type { JournalErrorCode } from './journal-error.ts';

/** Logical offset: record number 0, 1, 2, …; given once, never again, also after trimming. */
export type Position = number;

export interface JournalRecord {
  position: Position;
  /** May be a view of a larger buffer, or the very buffer that was appended: do not write into it. */
  payload: Buffer;
}

/** A range of positions, `to` excluded. */
export interface PositionRange {
  from: Position;
  to: Position;
}

/**
 * Something that is not as it was acknowledged. `at` is milliseconds since 1970.
 * - `corrupt`: bytes of a segment are damaged; a copy lies in `quarantine/`, `positions` can not be read any more
 *   (an empty range when only a segment's header suffered).
 * - `torn`: the end of the newest segment was incomplete or damaged and was cut (an append that was never
 *   acknowledged, as a rule); `positions` that may have been given out are skipped, an empty range otherwise.
 * - `missing`: a segment file, or the end of one, is gone.
 * - `dropped`: `maxBytes` was reached with `overflow: 'drop-oldest'`; records not yet committed were removed.
 * - `offset`: a consumer's offset was damaged; the consumer starts again at the first record.
 */
export type JournalFault =
  | {
      kind: 'corrupt' | 'torn';
      at: number;
      segment: string;
      fromByte: number;
      toByte: number;
      positions: PositionRange;
    }
  | { kind: 'missing' | 'dropped'; at: number; from: Position; to: Position }
  | { kind: 'offset'; at: number; consumer: string };

export interface JournalOptions {
  directory: string;
  /** 64 MiB; never more than a quarter of `maxBytes`. */
  segmentBytes?: number;
  /** Most bytes on disk; no limit when absent. */
  maxBytes?: number;
  /** Committed segments are kept this long, for replay. */
  maxAgeMs?: number;
  /** 16 MiB. */
  maxRecordBytes?: number;
  /** At `maxBytes`: reject the append (`refuse`, the default), or remove the oldest segment and report it. */
  overflow?: 'refuse' | 'drop-oldest';
  /** Milliseconds since 1970. */
  clock?: () => number;
  /** Called once for each fault, after the call that found it has gone on. */
  onFault?: (fault: JournalFault) => void;
  /** Called after each write of a group of appends that became durable; it must be quick and not throw. */
  onWritten?: (write: { records: number; bytes: number; milliseconds: number }) => void;
}

export interface Consumer {
  readonly name: string;
  /** The next position to read: everything below is done. */
  readonly committed: Position;
  /**
   * Durable when it resolves; calls that arrive while one is written share the next write. May go back, for a replay.
   * Rejects with `journal.position` (beyond `next`), `journal.io`, `journal.full`, `journal.closed`.
   */
  commit(position: Position): Promise<void>;
}

export interface Journal {
  /**
   * Resolves when the record is durable. The payload is not copied: leave its bytes alone after the call.
   * Rejects with `journal.full`, `journal.io`, `journal.too-large`, `journal.closed`; after `full` and `io` the next
   * append tries again on a new segment.
   */
  append(payload: Uint8Array): Promise<Position>;
  /**
   * The same, with one promise for all records that become durable together, which resolves with the position of the
   * first of them: for who appends tens of thousands a second.
   */
  join(payload: Uint8Array): Promise<Position>;
  /** The oldest position that is kept. */
  readonly first: Position;
  /** The position that the next record gets; everything below is durable. */
  readonly next: Position;
  /** Bytes of all segments on disk. */
  readonly bytes: number;
  /**
   * Records from `max(from, first)` on, in order; at least one where there is one, whatever `limit.bytes` says
   * (default 4 MiB), and empty where there is none. Positions may jump over damage: go on from the last one + 1.
   */
  read(from: Position, limit: { records?: number; bytes?: number }): Promise<JournalRecord[]>;
  /** True as soon as something at or after `position` is durable; false when aborted or closed. */
  waitFor(position: Position, signal: AbortSignal): Promise<boolean>;
  /** The consumer of this name; a new one begins at `first`. Names: letters, digits, `.`, `_`, `-`, up to 64. */
  consumer(name: string): Consumer;
  /**
   * Removes whole oldest segments that every consumer has committed and that are older than `maxAgeMs` or above
   * `maxBytes`; with neither limit, all that are committed. `removed` is the new `first`.
   */
  trim(): Promise<{ removed: Position }>;
  /**
   * The segment files, oldest first, and how many bytes of each hold records at this moment: a copy of so much of each is
   * a journal that ends at `next`.
   */
  files(): { path: string; name: string; bytes: number }[];
  /** The newest thousand faults, oldest first. */
  faults(): JournalFault[];
  /** Unhealthy from a failed write on, until an append succeeds. `since` is milliseconds since 1970. */
  state(): { healthy: boolean; fault?: { code: JournalErrorCode; message: string; since: number } };
  /** Writes what was appended, then closes and gives the directory free. */
  close(): Promise<void>;
}
