import type { Position } from './journal-contract.ts';
import type { JournalError } from './journal-error.ts';
import { RECORD_HEADER_BYTES, writeRecordHeader } from './segment-format.ts';

/**
 * Records that are written with one writev and synced together, and have one promise: tens of thousands a second wait
 * here, and what each of them keeps alive meanwhile is what the garbage collector copies.
 */
export interface RecordBatch {
  readonly first: Position;
  /** The position after its last record. */
  readonly next: Position;
  /** Encoded size. */
  readonly bytes: number;
  /** Payload bytes of each record. */
  readonly lengths: readonly number[];
  /** Resolves with `first` when all its records are durable. */
  readonly durable: Promise<Position>;
  /** False when the payload must go into another batch; a batch takes its first one whatever its size. */
  add(payload: Buffer): boolean;
  /** What to write, in order: headers and small payloads gathered, large payloads where they are. */
  buffers(): Buffer[];
  /** The headers and small payloads, up to the release. */
  gathered(): Buffer;
  /** Where the payload of a record begins in what is gathered; undefined for a large one. */
  startOf(record: number): number | undefined;
  /** The payload of a large record. */
  large(record: number): Buffer | undefined;
  /** It is written: gives the gathering buffer back. */
  succeed(): void;
  /** It is given up. */
  fail(error: JournalError): void;
}

const ARENA_BYTES = 512 * 1024;
/** Below this, copying is cheaper than one more buffer in the writev. */
const GATHER_BELOW_BYTES = 1024;
const ARENAS_KEPT = 2;

/** Makes batches whose checksums are computed as records come in, so while the disk is busy with the batch before. */
export function createBatchMaker(seed: number, mostBytes: number): (first: Position) => RecordBatch {
  const free: Buffer[] = [];

  return (first) => {
    const arena = free.pop() ?? Buffer.allocUnsafeSlow(ARENA_BYTES);
    const parts: Buffer[] = [];
    const lengths: number[] = [];
    /** Of each record; -1 for a large one. */
    const starts: number[] = [];
    const large = new Map<number, Buffer>();
    let bytes = 0;
    let used = 0;
    let flushed = 0;
    let resolve!: (first: Position) => void;
    let reject!: (error: JournalError) => void;
    const durable = new Promise<Position>((whenWritten, whenGivenUp) => {
      resolve = whenWritten;
      reject = whenGivenUp;
    });

    function release(): void {
      if (free.length < ARENAS_KEPT) free.push(arena);
    }

    return {
      first,
      get next() {
        return first + lengths.length;
      },
      get bytes() {
        return bytes;
      },
      lengths,
      durable,
      add(payload) {
        const { length } = payload;
        const gather = length < GATHER_BELOW_BYTES;
        const arenaNeed = RECORD_HEADER_BYTES + (gather ? length : 0);
        const size = RECORD_HEADER_BYTES + length;
        if (lengths.length > 0 && (bytes + size > mostBytes || used + arenaNeed > ARENA_BYTES)) return false;
        writeRecordHeader(arena, used, seed, first + lengths.length, payload);
        if (gather) payload.copy(arena, used + RECORD_HEADER_BYTES);
        starts.push(gather ? used + RECORD_HEADER_BYTES : -1);
        used += arenaNeed;
        if (!gather) {
          parts.push(arena.subarray(flushed, used), payload);
          flushed = used;
          large.set(lengths.length, payload);
        }
        bytes += size;
        lengths.push(length);
        return true;
      },
      buffers() {
        return flushed < used ? [...parts, arena.subarray(flushed, used)] : parts;
      },
      gathered: () => arena.subarray(0, used),
      startOf(record) {
        const start = starts[record]!;
        return start < 0 ? undefined : start;
      },
      large: (record) => large.get(record),
      succeed() {
        release();
        resolve(first);
      },
      fail(error) {
        release();
        reject(error);
      },
    };
  };
}
