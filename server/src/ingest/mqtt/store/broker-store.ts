import { type JournalFault, openJournal } from '@luban/journal';
import type { BrokerRecord, Step, StoredStep } from './broker-record.ts';
import { decodeEntry, encodeMark, encodeRecord } from './record-codec.ts';
import { ReplayedState } from './replayed-state.ts';

export interface BrokerStoreOptions {
  readonly directory: string;
  readonly onFault: (fault: JournalFault) => void;
}

export type BrokerStore = Awaited<ReturnType<typeof openBrokerStore>>;

/** Half a segment more is what a trim leaves. */
const SEGMENT_BYTES = 8 << 20;
const LEAST_COMPACTED_BYTES = 32 << 20;
/** Steps that could not be written; more are forgotten, so that some messages come twice after a restart. */
const MAX_HELD_STEPS = 100_000;
const READ_BYTES = 4 << 20;

/**
 * What must survive the platform, on a journal of its own: events, in the order of the calls. From time to time the
 * whole state is written again as a snapshot, and what is older goes. Rejects with JournalError.
 */
export async function openBrokerStore({ directory, onFault }: BrokerStoreOptions) {
  const journal = await openJournal({ directory, segmentBytes: SEGMENT_BYTES, onFault });
  const start = journal.consumer('snapshot');
  let compactAt = LEAST_COMPACTED_BYTES;
  let compacting = false;
  let waiting: StoredStep[] = [];
  let flushed: Promise<void> | undefined;
  let flushDue = false;

  /** Steps go before everything that comes after them: an identifier that is free again may be used in it. */
  function flush(): void {
    flushDue = false;
    if (waiting.length === 0) return;
    const steps = waiting;
    waiting = [];
    const written = journal.append(encodeRecord({ kind: 'steps', steps })).then(() => undefined);
    flushed = undefined;
    resolveFlush(written);
    written.catch(() => {
      const kept = steps.filter(({ step }) => step === 'done');
      waiting = [...kept, ...waiting].slice(0, MAX_HELD_STEPS);
    });
  }

  let resolveFlush: (written: Promise<void>) => void = () => undefined;

  function step(session: number, messageId: number, what: Step): void {
    waiting.push({ session, messageId, step: what });
    if (flushDue) return;
    flushDue = true;
    setImmediate(flush);
  }

  async function replay(): Promise<ReplayedState> {
    const state = new ReplayedState();
    let inSnapshot = false;
    let first = true;
    for (let at = start.committed; at < journal.next; ) {
      const records = await journal.read(at, { bytes: READ_BYTES });
      if (records.length === 0) break;
      for (const { payload } of records) {
        const entry = decodeEntry(payload);
        // Only the snapshot at the beginning counts: a later one was not finished or repeats what is known.
        if (entry.mark === 'snapshot-begin') inSnapshot = first;
        else if (entry.mark === 'snapshot-end') inSnapshot = false;
        else if (entry.mark === 'record' && (!entry.snapshot || inSnapshot)) state.apply(entry.record);
        first = false;
      }
      at = records.at(-1)!.position + 1;
    }
    return state;
  }

  return {
    replay,
    append(record: BrokerRecord): Promise<void> {
      flush();
      return journal.append(encodeRecord(record)).then(() => undefined);
    },
    step,
    stepDurably(session: number, messageId: number, what: Step): Promise<void> {
      step(session, messageId, what);
      flushed ??= new Promise((resolve) => {
        resolveFlush = resolve;
      });
      return flushed;
    },
    get wantsCompaction(): boolean {
      return !compacting && journal.bytes > compactAt;
    },
    /** Writes the whole state, in one turn, and lets go of what is older. */
    async compact(records: Iterable<BrokerRecord>): Promise<void> {
      compacting = true;
      try {
        flush();
        // Encoded first: a fault in it leaves nothing half written.
        const encoded = Array.from(records, (record) => encodeRecord(record, true));
        const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
        const written = [encodeMark('begin'), ...encoded, encodeMark('end')].map((one) => journal.append(one));
        const positions = await Promise.all(written);
        await start.commit(positions[0]!);
        await journal.trim();
        compactAt = Math.max(LEAST_COMPACTED_BYTES, 4 * bytes + 2 * SEGMENT_BYTES);
      } finally {
        compacting = false;
      }
    },
    stats() {
      const { healthy, fault } = journal.state();
      return { bytes: journal.bytes, healthy, fault: fault?.message };
    },
    async close(): Promise<void> {
      flush();
      await journal.close();
    },
  };
}
