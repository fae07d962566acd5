export const clamp = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value;

/** First-order lag: `value` after `stepS` on its way to `target` with the time constant `tauS`. */
export const lag = (value: number, target: number, tauS: number, stepS: number): number =>
  value + ((target - value) * stepS) / (tauS + stepS);
