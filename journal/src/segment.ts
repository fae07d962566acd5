import type { Position } from './journal-contract.ts';
import { SEGMENT_HEADER_BYTES } from './segment-format.ts';

/** A place in a segment file: the record with `position` begins at byte `offset`. */
export interface SegmentPlace {
  offset: number;
  position: Position;
}

export interface Segment {
  readonly path: string;
  readonly name: string;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly first: Position;
  /** One past the last durable position. */
  end: Position;
  /** Durable bytes, header included; whatever lies behind them in the file is nobody's. */
  bytes: number;
  /** Known places in ascending order, about one every 64 KiB of what was written or read. */
  readonly places: SegmentPlace[];
  /** Byte offsets of damage that was already reported. */
  readonly reported: Set<number>;
}

const PLACE_EVERY_BYTES = 64 * 1024;

/** The nearest known place at or before `position`. */
export function placeBefore(segment: Segment, position: Position): SegmentPlace {
  let low = 0;
  let high = segment.places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segment.places[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return segment.places[low - 1] ?? { offset: SEGMENT_HEADER_BYTES, position: segment.first };
}

/** Remembers a place when it lies far enough behind the last one known. */
export function notePlace(segment: Segment, offset: number, position: Position): void {
  const last = segment.places.at(-1);
  if (offset - (last?.offset ?? SEGMENT_HEADER_BYTES) >= PLACE_EVERY_BYTES) segment.places.push({ offset, position });
}
