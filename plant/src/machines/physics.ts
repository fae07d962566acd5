export const clamp = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value;

/** First-order lag: `value` after `stepS` on its way to `target` with the time constant `tauS`. */
export function lag(value: number, target: number, tauS: number, stepS: number): number {
  const next = value + ((target - value) * stepS) / (tauS + stepS);
  // Arrives, instead of coming nearer for ever in numbers that are too small to mean anything and slow to count with.
  return Math.abs(target - next) < 1e-9 ? target : next;
}
