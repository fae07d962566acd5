import type { Batch } from '@luban/contracts';

/** A sender has at most 64 messages under way; what comes again comes within so many batches. */
const remembered = 512;

const firstCapacity = 8;
const none = -1;

/**
 * The newest batches of one sender, to know one that comes again because its acknowledgement was lost. A ring of marks
 * and a hash table over it, in plain numbers: there may be tens of thousands of senders, each with little to remember.
 */
export class RecentBatches {
  /** Marks in the order of arrival, the newest over the oldest once it is full. */
  #ring = new Float64Array(firstCapacity);
  #count = 0;
  #at = 0;
  /** The newest place in the ring of each hash, and of each place the one before it with the same hash. */
  #heads = new Int16Array(2 * firstCapacity).fill(none);
  #before = new Int16Array(firstCapacity);

  /** True when the batch is one of those remembered; else it is remembered. */
  isRepeated(batch: Batch): boolean {
    const mark = markOf(batch);
    for (let i = this.#heads[this.#hash(mark)]!; i !== none; i = this.#before[i]!)
      if (this.#ring[i] === mark) return true;
    if (this.#count === this.#ring.length && this.#count < remembered) this.#grow();
    this.#put(mark);
    return false;
  }

  #hash(mark: number): number {
    return (mark >>> 0) & (this.#heads.length - 1);
  }

  #put(mark: number): void {
    const at = this.#at;
    if (this.#count === this.#ring.length) this.#forget(at);
    else this.#count++;
    const hash = this.#hash(mark);
    this.#ring[at] = mark;
    this.#before[at] = this.#heads[hash]!;
    this.#heads[hash] = at;
    this.#at = (at + 1) % this.#ring.length;
  }

  /** The oldest of all is the last of its hash. */
  #forget(at: number): void {
    const hash = this.#hash(this.#ring[at]!);
    if (this.#heads[hash] === at) {
      this.#heads[hash] = none;
      return;
    }
    let i = this.#heads[hash]!;
    while (this.#before[i] !== at) i = this.#before[i]!;
    this.#before[i] = none;
  }

  /** Full for the first time since it grew: the oldest lies at the beginning. */
  #grow(): void {
    const marks = this.#ring;
    this.#ring = new Float64Array(marks.length * 2);
    this.#heads = new Int16Array(marks.length * 4).fill(none);
    this.#before = new Int16Array(marks.length * 2);
    this.#count = 0;
    this.#at = 0;
    for (const mark of marks) this.#put(mark);
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
