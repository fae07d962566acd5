import type { Bucket } from '@luban/contracts';
import type { BucketPart } from './bucket-part.ts';
import { addParts } from './sample-parts.ts';
import type { StoredSample } from './stored-sample.ts';

/** Samples of one series in order of time → its parts. What is before `fromUs` makes one part that starts before it. */
export function bucketParts(samples: readonly StoredSample[], fromUs: number, widthUs: number): BucketPart[] {
  const parts: BucketPart[] = [];
  const run = {
    time: Float64Array.from(samples, ({ timeUs }) => timeUs),
    value: Float64Array.from(samples, ({ value }) => Number(value)),
    status: Uint16Array.from(samples, ({ status }) => status),
    from: 0,
    to: samples.length,
  };
  addParts(parts, run, fromUs, widthUs);
  return parts;
}

/** Two parts of one bucket, every sample of `later` after every one of `earlier`. */
export function appendPart(earlier: BucketPart, later: BucketPart, widthUs: number): BucketPart {
  // The last value of the earlier part was taken to hold to the bucket's end; it holds to the next sample.
  const cutUs = earlier.holds === null ? 0 : earlier.startUs + widthUs - later.firstUs;
  return {
    startUs: earlier.startUs,
    count: earlier.count + later.count,
    bad: earlier.bad + later.bad,
    min: earlier.min === null ? later.min : later.min === null ? earlier.min : Math.min(earlier.min, later.min),
    max: earlier.max === null ? later.max : later.max === null ? earlier.max : Math.max(earlier.max, later.max),
    sum: earlier.sum + later.sum,
    first: earlier.first ?? later.first,
    last: later.last ?? earlier.last,
    firstUs: earlier.firstUs,
    lastUs: later.lastUs,
    holds: later.holds,
    weighted: earlier.weighted - (earlier.holds ?? 0) * cutUs + later.weighted,
    weightUs: earlier.weightUs - cutUs + later.weightUs,
  };
}

/** Parts of stretches of time that do not overlap, in any order → in order, one a bucket. */
export function mergeParts(parts: readonly BucketPart[], widthUs: number): BucketPart[] {
  const merged: BucketPart[] = [];
  for (const part of [...parts].sort((a, b) => a.firstUs - b.firstUs)) {
    const before = merged.at(-1);
    if (before?.startUs === part.startUs) merged[merged.length - 1] = appendPart(before, part, widthUs);
    else merged.push(part);
  }
  return merged;
}

/**
 * Stored and fresh parts of one series as one list; undefined when they overlap inside a bucket, so that one cannot be
 * put behind the other.
 */
export function joinParts(
  stored: readonly BucketPart[],
  fresh: readonly BucketPart[],
  widthUs: number,
): BucketPart[] | undefined {
  const joined = new Map(stored.map((part) => [part.startUs, part]));
  for (const part of fresh) {
    const before = joined.get(part.startUs);
    if (before && before.lastUs >= part.firstUs) return undefined;
    joined.set(part.startUs, before ? appendPart(before, part, widthUs) : part);
  }
  return [...joined.values()].sort((a, b) => a.startUs - b.startUs);
}

/**
 * Parts in order → the buckets that hold any sample, from `fromUs` on. Before a bucket's first sample the value of the
 * newest earlier part holds, if there is one and it did not end bad.
 */
export function toBuckets(parts: readonly BucketPart[], fromUs: number): Bucket[] {
  const buckets: Bucket[] = [];
  let carried: number | null = null;
  for (const part of parts) {
    if (part.startUs >= fromUs) {
      const carriedUs: number = carried === null ? 0 : part.firstUs - part.startUs;
      const weightUs = part.weightUs + carriedUs;
      const some = part.count > 0;
      buckets.push({
        start: part.startUs,
        count: part.count,
        bad: part.bad,
        min: part.min,
        max: part.max,
        mean: some ? part.sum / part.count : null,
        first: part.first,
        last: part.last,
        timeMean: some && weightUs > 0 ? (part.weighted + (carried ?? 0) * carriedUs) / weightUs : null,
      });
    }
    carried = part.holds;
  }
  return buckets;
}
