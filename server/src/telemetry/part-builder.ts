import type { BucketPart } from './bucket-parts.ts';

/** Makes parts of the samples of one series, which come in order of time. */
export interface PartBuilder {
  /** A number or a boolean; `bad`: whatever its value is. */
  add(timeUs: number, value: number, bad: boolean): void;
  /** What comes next is a part of its own, also in the same bucket: other samples may lie between. */
  cut(): void;
  /** All parts so far. */
  end(): BucketPart[];
}

/** What is before `fromUs` makes one part that starts before it. Numbers in place, because samples are many. */
export function createPartBuilder(fromUs: number, widthUs: number): PartBuilder {
  const parts: BucketPart[] = [];
  let any = false;
  let startUs = 0;
  let endUs = 0;
  let count = 0;
  let bad = 0;
  let min = 0;
  let max = 0;
  let sum = 0;
  let first = 0;
  let last = 0;
  let firstUs = 0;
  let lastUs = 0;
  let holds = false;
  let weighted = 0;
  let weightUs = 0;

  function hold(untilUs: number): void {
    if (!holds) return;
    weighted += last * (untilUs - lastUs);
    weightUs += untilUs - lastUs;
  }

  function cut(): void {
    if (!any) return;
    hold(endUs);
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
      weighted,
      weightUs,
    });
    any = false;
  }

  function open(timeUs: number): void {
    any = true;
    startUs = Math.max(Math.floor(timeUs / widthUs) * widthUs, fromUs - widthUs);
    endUs = startUs + widthUs;
    firstUs = timeUs;
    count = bad = sum = weighted = weightUs = 0;
    holds = false;
  }

  return {
    add(timeUs, value, isBad) {
      if (any && timeUs >= endUs) cut();
      if (!any) open(timeUs);
      hold(timeUs);
      if (isBad) bad++;
      else {
        if (count === 0) first = min = max = value;
        else if (value < min) min = value;
        else if (value > max) max = value;
        count++;
        sum += value;
        last = value;
      }
      holds = !isBad;
      lastUs = timeUs;
    },
    cut,
    end() {
      cut();
      return parts;
    },
  };
}
