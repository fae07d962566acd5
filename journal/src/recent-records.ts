import type { JournalRecord, Position } from './journal-contract.ts';
import type { RecordBatch } from './record-batch.ts';

/** The newest records, in memory. */
export interface RecentRecords {
  /** The oldest position held; the next position to come when none is held. */
  readonly first: Position;
  add(batch: RecordBatch): void;
  /** Records from `from` on, which must not lie before `first`. */
  read(from: Position, mostRecords: number, mostBytes: number): JournalRecord[];
}

/** What a held record costs besides its payload: its header and three numbers. */
const RECORD_COST_BYTES = 40;
/** Small records are held many in one buffer. */
const SLAB_BYTES = 64 * 1024;
/** A large payload that is a small part of a larger buffer would keep all of it alive: from here on a copy is held. */
const SHARED_BYTES = 16 * 1024;
const SHARED_RATIO = 4;

export function createRecentRecords(next: Position, mostBytes: number): RecentRecords {
  // By record, from `head` on. Columns and not an object each: the garbage collector would carry them all along.
  let buffers: Buffer[] = [];
  let starts: number[] = [];
  let lengths: number[] = [];
  let head = 0;
  let first = next;
  let bytes = 0;
  let slab = EMPTY;
  let slabUsed = 0;

  function dropOldest(): void {
    bytes -= lengths[head]! + RECORD_COST_BYTES;
    buffers[head] = EMPTY;
    head++;
    first++;
    if (head >= 1024 && head * 2 >= buffers.length) {
      buffers = buffers.slice(head);
      starts = starts.slice(head);
      lengths = lengths.slice(head);
      head = 0;
    }
  }

  /** Copies what a batch has gathered into the slab; returns where it begins there. */
  function keep(gathered: Buffer): number {
    if (slabUsed + gathered.length > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, gathered.length));
      slabUsed = 0;
    }
    const start = slabUsed;
    gathered.copy(slab, start);
    slabUsed += gathered.length;
    return start;
  }

  return {
    get first() {
      return first;
    },
    add(batch) {
      const base = keep(batch.gathered());
      for (let i = 0; i < batch.lengths.length; i++) {
        const start = batch.startOf(i);
        const large = batch.large(i);
        buffers.push(large === undefined ? slab : heldAlone(large));
        starts.push(start === undefined ? 0 : base + start);
        lengths.push(batch.lengths[i]!);
        bytes += batch.lengths[i]! + RECORD_COST_BYTES;
      }
      while (bytes > mostBytes) dropOldest();
    },
    read(from, mostRecords, mostBytesRead) {
      const records: JournalRecord[] = [];
      let taken = 0;
      for (let i = head + from - first; i < buffers.length && records.length < mostRecords; i++) {
        taken += lengths[i]!;
        if (taken > mostBytesRead && records.length > 0) break;
        const payload = buffers[i]!.subarray(starts[i]!, starts[i]! + lengths[i]!);
        records.push({ position: first + i - head, payload });
      }
      return records;
    },
  };
}

function heldAlone(payload: Buffer): Buffer {
  const shared = payload.buffer.byteLength;
  return shared > SHARED_BYTES && shared > payload.length * SHARED_RATIO ? Buffer.from(payload) : payload;
}

const EMPTY = Buffer.alloc(0);
