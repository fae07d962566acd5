/** The middle of some numbers, and how far they lie apart. */
export interface Measure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
  /** In the order in which they were measured. */
  readonly rounds: readonly number[];
}

export function measure(values: readonly number[]): Measure {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    least: sorted[0]!,
    most: sorted[sorted.length - 1]!,
    count: sorted.length,
    rounds: values,
  };
}

/** Of sorted numbers, between neighbours where it falls between them. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1);
}
