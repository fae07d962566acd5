import { type JournalFault, type JournalRecord, openJournal } from '@luban/journal';
import { Histogram } from '../platform/histogram.ts';
import { errorLine } from '../platform/log-lines.ts';
import type { Log, LogOptions } from './log-contract.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.ts';
import { maxAgeMs, trimIntervalMs } from './log-retention.ts';

/** The durable log on the embedded journal, which belongs to this process alone. */
export async function openJournalLog({ directory, maxBytes, nowUs, lines }: Omit<LogOptions, 'address'>): Promise<Log> {
  let damage: { message: string; atMs: number } | null = null;
  function onFault(fault: JournalFault): void {
    lines('error', 'log fault', { ...fault });
    if (fault.kind === 'dropped' || fault.kind === 'offset') return;
    const { from, to } = 'positions' in fault ? fault.positions : fault;
    if (to > from) damage = { message: `${fault.kind}: records ${from} to ${to - 1}`, atMs: fault.at };
  }
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

  /** Consumers follow each other closely: what one has just read need not be decoded again for the next. */
  let newestRead: LogRecord[] = [];

  function nextRecord(tenant: number, batch: Uint8Array): Uint8Array {
    lastArrival = Math.max(lastArrival + 1, nowUs());
    return encodeLogRecord(tenant, lastArrival, batch);
  }

  return {
    get first() {
      return journal.first;
    },
    get next() {
      return journal.next;
    },
    behind: (position) => Math.max(0, journal.next - Math.max(position, journal.first)),
    get newestArrivalUs() {
      return lastArrival;
    },
    append: (tenant, batch) => journal.append(nextRecord(tenant, batch)),
    join: (tenant, batch) => journal.join(nextRecord(tenant, batch)),
    async read(from, limit) {
      const found = await journal.read(from, limit);
      newestRead = decodeUnless(newestRead, found);
      return newestRead;
    },
    // The journal's positions are its records' numbers.
    positionBefore: async (position, records) => Math.max(journal.first, Math.min(position, journal.next) - records),
    waitFor: (position, signal) => journal.waitFor(position, signal),
    consumer(name) {
      const place = journal.consumer(name);
      return {
        get committed() {
          return place.committed;
        },
        commit: (position) => place.commit(position),
        // The journal belongs to this process: nobody else commits.
        reload: async () => undefined,
      };
    },
    files: () => journal.files(),
    stats() {
      const { healthy, fault } = journal.state();
      const shown = fault === undefined ? null : { code: fault.code, message: fault.message, sinceMs: fault.since };
      return {
        bytes: journal.bytes,
        next: journal.next,
        healthy,
        fault: shown,
        damage,
        appended,
        appendedBytes,
        syncs,
      };
    },
    async close() {
      clearInterval(trimming);
      await journal.close();
    },
  };
}

function decodeUnless(known: readonly LogRecord[], found: readonly JournalRecord[]): LogRecord[] {
  let at = 0;
  return found.map(({ position, payload }) => {
    while (at < known.length && known[at]!.position < position) at++;
    const record = known[at];
    return record?.position === position ? record : decodeLogRecord(position, payload);
  });
}
