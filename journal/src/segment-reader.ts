import { type OpenFile, readFully } from './file-system.ts';
import type { JournalRecord, Position } from './journal-contract.ts';
import type { SegmentPlace } from './segment.ts';
import {
  RECORD_HEADER_BYTES,
  recordChecksOut,
  recordHeaderChecksOut,
  recordLength,
  recordPosition,
  SEGMENT_HEADER_BYTES,
} from './segment-format.ts';

/** The part of a segment file that counts. */
export interface SegmentSpan {
  seed: number;
  /** One past the last byte. */
  bytes: number;
  /** One past the last position; `Infinity` where that is what the reader is to find out. */
  end: Position;
}

export interface BadRange {
  fromByte: number;
  toByte: number;
  from: Position;
  /** Excluded; equal to `from` when nothing whole follows and the end is not known. */
  to: Position;
}

export interface SegmentChunk {
  records: JournalRecord[];
  /** Byte offset of each record. */
  offsets: number[];
  /** Damage found after the records. */
  bad?: BadRange;
  /** Where to go on; undefined at the end of the segment. */
  next?: SegmentPlace;
}

const SCAN_BYTES = 1024 * 1024;

/**
 * Reads about `chunkBytes` of records from `at` on, checks each, and stops at the first that is damaged. The file may
 * be shorter than the span says: what is missing counts as damage.
 */
export async function readChunk(
  file: OpenFile,
  span: SegmentSpan,
  at: SegmentPlace,
  chunkBytes: number,
): Promise<SegmentChunk> {
  const records: JournalRecord[] = [];
  const offsets: number[] = [];
  const left = span.bytes - at.offset;
  if (at.position >= span.end || (left <= 0 && span.end === Number.POSITIVE_INFINITY)) return { records, offsets };

  let bytes = await readFully(file, at.offset, Math.max(0, Math.min(left, chunkBytes)));
  let position = at.position;
  let o = 0;
  while (position < span.end) {
    const leftHere = left - o;
    if (leftHere === 0 && span.end === Number.POSITIVE_INFINITY) return { records, offsets };
    const header = o + RECORD_HEADER_BYTES <= bytes.length;
    const meant = !header || recordHeaderChecksOut(bytes, o, span.seed);
    const size = header ? RECORD_HEADER_BYTES + recordLength(bytes, o) : 0;
    const whole = header && o + size <= bytes.length;
    const more = bytes.length < left && bytes.length === Math.min(left, chunkBytes);
    if (!whole && more && meant && size <= leftHere) {
      if (o > 0) break;
      chunkBytes = Math.max(size, RECORD_HEADER_BYTES);
      bytes = await readFully(file, at.offset, Math.min(left, chunkBytes));
      if (bytes.length === Math.min(left, chunkBytes)) continue;
    }
    if (!whole || recordPosition(bytes, o) !== position || !recordChecksOut(bytes, o, span.seed)) {
      const from = { offset: at.offset + o, position };
      const next = await nextWholeRecord(file, span, from);
      const bad = {
        fromByte: from.offset,
        toByte: next?.offset ?? Math.max(from.offset, span.bytes),
        from: position,
        to: next?.position ?? (span.end === Number.POSITIVE_INFINITY ? position : span.end),
      };
      return { records, offsets, bad, ...(next && { next }) };
    }
    records.push({ position, payload: bytes.subarray(o + RECORD_HEADER_BYTES, o + size) });
    offsets.push(at.offset + o);
    position++;
    o += size;
  }
  return position < span.end ? { records, offsets, next: { offset: at.offset + o, position } } : { records, offsets };
}

/** The first record behind damaged bytes whose checksum is right and whose position can be meant. */
async function nextWholeRecord(
  file: OpenFile,
  span: SegmentSpan,
  damaged: SegmentPlace,
): Promise<SegmentPlace | undefined> {
  const most = damaged.position + Math.ceil((span.bytes - damaged.offset) / RECORD_HEADER_BYTES);
  const end = Math.min(span.end, most);
  let base = Math.max(damaged.offset + 1, SEGMENT_HEADER_BYTES);
  while (base + RECORD_HEADER_BYTES <= span.bytes) {
    const window = await readFully(file, base, Math.min(span.bytes - base, SCAN_BYTES));
    if (window.length < RECORD_HEADER_BYTES) return undefined;
    for (let i = 0; i + RECORD_HEADER_BYTES <= window.length; i++) {
      const position = recordPosition(window, i);
      if (position < damaged.position || position >= end || !recordHeaderChecksOut(window, i, span.seed)) continue;
      const size = RECORD_HEADER_BYTES + recordLength(window, i);
      if (base + i + size > span.bytes) continue;
      const inside = i + size <= window.length;
      const record = inside ? window : await readFully(file, base + i, size);
      if (
        inside ? recordChecksOut(window, i, span.seed) : record.length === size && recordChecksOut(record, 0, span.seed)
      ) {
        return { offset: base + i, position };
      }
    }
    base += window.length - RECORD_HEADER_BYTES + 1;
  }
  return undefined;
}
