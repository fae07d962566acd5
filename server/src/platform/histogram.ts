/** Upper bounds in seconds that fit both a disk's sync and a slow query. */
export const durationBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Counts how long something took, by class of duration. An observation costs a short loop and no memory. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: the last counts what is above them all. */
  readonly counts: number[];
  sumSeconds = 0;

  constructor(bounds: readonly number[] = durationBounds) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(seconds: number): void {
    let at = 0;
    while (at < this.bounds.length && seconds > this.bounds[at]!) at++;
    this.counts[at]!++;
    this.sumSeconds += seconds;
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}
