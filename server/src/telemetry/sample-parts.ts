import type { BucketPart } from './bucket-part.ts';

/** Samples of one series in order of time, in [from, to) of columns. Numbers in place, because samples are many. */
export interface SampleRun {
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint16Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Adds the parts of a run to `parts`, each as one of its own, also where the last of `parts` is of the same bucket. What
 * is before `fromUs` makes one part that starts before it.
 */
export function addParts(
  parts: BucketPart[],
  { time, value, status, from, to }: SampleRun,
  fromUs: number,
  widthUs: number,
): void {
  for (let i = from; i < to; ) {
    const startUs = Math.max(Math.floor(time[i]! / widthUs) * widthUs, fromUs - widthUs);
    const endUs = startUs + widthUs;
    let count = 0;
    let bad = 0;
    let min = 0;
    let max = 0;
    let sum = 0;
    let first = 0;
    let last = 0;
    let firstUs = -1;
    let lastUs = 0;
    let holds = false;
    let weighted = 0;
    let weightUs = 0;
    for (; i < to && time[i]! < endUs; i++) {
      const isBad = (status[i]! & 0x80) !== 0;
      if (!isBad && status[i]! >= 0x400) continue;
      const timeUs = time[i]!;
      if (firstUs < 0) firstUs = timeUs;
      if (holds) {
        weighted += last * (timeUs - lastUs);
        weightUs += timeUs - lastUs;
      }
      holds = !isBad;
      lastUs = timeUs;
      if (isBad) {
        bad++;
        continue;
      }
      last = value[i]!;
      if (count === 0) first = min = max = last;
      else if (last < min) min = last;
      else if (last > max) max = last;
      count++;
      sum += last;
    }
    if (firstUs < 0) continue;
    const some = count > 0;
    parts.push({
      startUs,
      count,
      bad,
      min: some ? min : null,
      max: some ? max : null,
      sum,
      first: some ? first : null,
      last: some ? last : null,
      firstUs,
      lastUs,
      holds: holds ? last : null,
      weighted: weighted + (holds ? last * (endUs - lastUs) : 0),
      weightUs: weightUs + (holds ? endUs - lastUs : 0),
    });
  }
}
