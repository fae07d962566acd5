import type { Position } from './journal-contract.ts';
import { RECORD_HEADER_BYTES, writeRecordHeader } from './segment-format.ts';

interface PendingRecord {
  payload: Buffer;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/** Records that are written with one writev and synced together. */
export interface RecordBatch {
  readonly first: Position;
  /** Encoded size. */
  readonly bytes: number;
  readonly records: readonly PendingRecord[];
  /** False when the record must go into another batch; a batch takes its first record whatever its size. */
  add(record: PendingRecord): boolean;
  /** What to write, in order: headers and small payloads gathered, large payloads where they are. */
  buffers(): Buffer[];
  /** Gives the gathering buffer back once the batch is written or given up. */
  release(): void;
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
    const records: PendingRecord[] = [];
    let bytes = 0;
    let used = 0;
    let flushed = 0;

    return {
      first,
      get bytes() {
        return bytes;
      },
      records,
      add(record) {
        const { payload } = record;
        const gather = payload.length < GATHER_BELOW_BYTES;
        const arenaNeed = RECORD_HEADER_BYTES + (gather ? payload.length : 0);
        const size = RECORD_HEADER_BYTES + payload.length;
        if (records.length > 0 && (bytes + size > mostBytes || used + arenaNeed > ARENA_BYTES)) return false;
        writeRecordHeader(arena, used, seed, first + records.length, payload);
        if (gather) payload.copy(arena, used + RECORD_HEADER_BYTES);
        used += arenaNeed;
        if (!gather) {
          parts.push(arena.subarray(flushed, used), payload);
          flushed = used;
        }
        bytes += size;
        records.push(record);
        return true;
      },
      buffers() {
        return flushed < used ? [...parts, arena.subarray(flushed, used)] : parts;
      },
      release() {
        if (free.length < ARENAS_KEPT) free.push(arena);
      },
    };
  };
}
