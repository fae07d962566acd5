import type { Batch } from '@luban/contracts';

/** A sender has at most 64 messages under way; what comes again comes within so many batches. */
const remembered = 512;

/** The newest batches of one sender, to know one that comes again because its acknowledgement was lost. */
export class RecentBatches {
  readonly #ring = new Float64Array(remembered);
  readonly #known = new Set<number>();
  #at = 0;

  /** True when the batch is one of those remembered; else it is remembered. */
  isRepeated(batch: Batch): boolean {
    const mark = markOf(batch);
    if (this.#known.has(mark)) return true;
    this.#known.delete(this.#ring[this.#at]!);
    this.#ring[this.#at] = mark;
    this.#known.add(mark);
    this.#at = (this.#at + 1) % remembered;
    return false;
  }
}

/**
 * A batch by its sequence, its count, and the points and times of its first and last sample: 52 bits. Parts of a batch
 * that was split have one sequence and differ in the rest.
 */
function markOf({ sequence, count, series, time }: Batch): number {
  const words = [sequence, count, series[0]!, series[count - 1]!, time[0]!, time[count - 1]!];
  let high = 0x811c9dc5;
  let low = 0x01234567;
  for (const word of words)
    for (const half of [(word % 0x1_0000_0000) | 0, Math.floor(word / 0x1_0000_0000) | 0]) {
      high = Math.imul(high ^ half, 0x01000193);
      high ^= high >>> 15;
      low = Math.imul(low ^ half ^ high, 0x85ebca6b);
      low ^= low >>> 13;
    }
  return (high >>> 0) * 0x10_0000 + (low >>> 12) + 1;
}
