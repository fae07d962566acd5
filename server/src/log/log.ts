import { JournalError, type JournalFault, openJournal } from '@luban/journal';
import { Histogram } from '../platform/histogram.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.ts';

export type { LogRecord } from './log-record.ts';

/** What consumers read. The embedded engine is `journal`; a cluster's log stands behind the same words. */
export interface SampleLog {
  /** The oldest position that is kept, and the one that the next record gets. */
  readonly first: number;
  readonly next: number;
  read(from: number, limit: { records?: number; bytes?: number }): Promise<LogRecord[]>;
  /** True as soon as a record at or after `position` is durable; false when aborted or closed. */
  waitFor(position: number, signal: AbortSignal): Promise<boolean>;
}

/** A consumer's durable place: everything below is done. */
export interface OffsetStore {
  readonly committed: number;
  commit(position: number): Promise<void>;
}

export interface Log extends SampleLog {
  /** Resolves with the position once the batch is on disk; rejects with JournalError when it cannot be. */
  append(tenant: number, batch: Uint8Array): Promise<number>;
  consumer(name: string): OffsetStore;
  stats(): {
    bytes: number;
    next: number;
    healthy: boolean;
    fault: { code: string; message: string; sinceMs: number } | null;
    /** Records and bytes since the start. */
    appended: number;
    appendedBytes: number;
    /** Of one group of appends: write and sync. */
    syncs: Histogram;
  };
  /** The files that hold it, and how many bytes of each belong to it now. Only where they are files of ours. */
  files?(): { path: string; name: string; bytes: number }[];
  close(): Promise<void>;
}

/** Stored samples leave the log after this long: time enough to replay what a restored backup of the store lacks. */
const maxAgeMs = 10 * 60_000;
const trimIntervalMs = 5_000;

interface LogOptions {
  directory: string;
  maxBytes: number;
  nowUs: () => number;
  lines: LogLines;
}

/** The platform's durable log on the embedded journal. */
export async function openLog({ directory, maxBytes, nowUs, lines }: LogOptions): Promise<Log> {
  const onFault = (fault: JournalFault) => lines('error', 'log fault', { ...fault });
  const syncs = new Histogram();
  let appended = 0;
  let appendedBytes = 0;
  const journal = await openJournal({
    directory,
    maxBytes,
    maxAgeMs,
    onFault,
    onWritten({ records, bytes, milliseconds }) {
      appended += records;
      appendedBytes += bytes;
      syncs.observe(milliseconds / 1000);
    },
  });
  const [newest] = await journal.read(journal.next - 1, { records: 1 });
  let lastArrival = newest === undefined ? 0 : decodeLogRecord(newest.position, newest.payload).arrivalUs;
  const trim = () =>
    journal.trim().catch((error: unknown) => lines('error', 'log not trimmed', { cause: errorLine(error) }));
  const trimming = setInterval(trim, trimIntervalMs);
  trimming.unref();

  return {
    get first() {
      return journal.first;
    },
    get next() {
      return journal.next;
    },
    async append(tenant, batch) {
      lastArrival = Math.max(lastArrival + 1, nowUs());
      const record = encodeLogRecord(tenant, lastArrival, batch);
      try {
        return await journal.append(record);
      } catch (error) {
        // Full of what is stored already: make room and try once more; full of what is not must refuse.
        if (!(error instanceof JournalError) || error.code !== 'journal.full') throw error;
        await trim();
        return journal.append(record);
      }
    },
    async read(from, limit) {
      return (await journal.read(from, limit)).map(({ position, payload }) => decodeLogRecord(position, payload));
    },
    waitFor: (position, signal) => journal.waitFor(position, signal),
    consumer: (name) => journal.consumer(name),
    files: () => journal.files(),
    stats() {
      const { healthy, fault } = journal.state();
      const shown = fault === undefined ? null : { code: fault.code, message: fault.message, sinceMs: fault.since };
      return { bytes: journal.bytes, next: journal.next, healthy, fault: shown, appended, appendedBytes, syncs };
    },
    async close() {
      clearInterval(trimming);
      await journal.close();
    },
  };
}
