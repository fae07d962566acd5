import type { JournalRecord, Position } from './journal-contract.ts';

/** The newest records, in memory. */
export interface RecentRecords {
  /** The oldest position held; the next position to come when none is held. */
  readonly first: Position;
  add(payload: Buffer): void;
  /** Records from `from` on, which must not lie before `first`. */
  read(from: Position, mostRecords: number, mostBytes: number): JournalRecord[];
}

/** What a held record costs besides its bytes, roughly. */
const RECORD_COST_BYTES = 100;
/** A payload that is a small part of a large buffer would keep all of it alive: from here on a copy is held. */
const SLAB_BYTES = 16 * 1024;
const SLAB_RATIO = 4;

export function createRecentRecords(next: Position, mostBytes: number): RecentRecords {
  let payloads: Buffer[] = [];
  let head = 0;
  let first = next;
  let bytes = 0;

  function dropOldest(): void {
    bytes -= payloads[head]!.length + RECORD_COST_BYTES;
    payloads[head] = EMPTY;
    head++;
    first++;
    if (head >= 1024 && head * 2 >= payloads.length) {
      payloads = payloads.slice(head);
      head = 0;
    }
  }

  return {
    get first() {
      return first;
    },
    add(payload) {
      const slab = payload.buffer.byteLength;
      payloads.push(slab > SLAB_BYTES && slab > payload.length * SLAB_RATIO ? Buffer.from(payload) : payload);
      bytes += payload.length + RECORD_COST_BYTES;
      while (bytes > mostBytes) dropOldest();
    },
    read(from, mostRecords, mostBytesRead) {
      const records: JournalRecord[] = [];
      let taken = 0;
      for (let i = head + from - first; i < payloads.length && records.length < mostRecords; i++) {
        const payload = payloads[i]!;
        taken += payload.length;
        if (taken > mostBytesRead && records.length > 0) break;
        records.push({ position: first + i - head, payload });
      }
      return records;
    },
  };
}

const EMPTY = Buffer.alloc(0);
