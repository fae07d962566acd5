/**
 * Numbers as machines send them are mostly short decimals, and as whole numbers with a scale they take half the disk:
 * value = decimal / 10^scale, or `binary` where `scale` is `binaryScale`. Exact: what does not come back bit for bit
 * stays binary (only −0 becomes 0).
 */
export interface DecimalValues {
  /** Whole, |decimal| < 2⁵³; 0 where the value is binary. */
  readonly decimal: Float64Array;
  readonly scale: Uint8Array;
  /** 0 where the value is decimal. */
  readonly binary: Float64Array;
}

export const binaryScale = 255;
const powers = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const none = powers.length;
const places = 1 << 16;

/** One scale for all values of a series, so that neighbours on disk stay close; series share a place now and then. */
export function toDecimals(series: Uint32Array, value: Float64Array, rows: number): DecimalValues {
  const scales = new Uint8Array(places);
  for (let i = 0; i < rows; i++) {
    const place = series[i]! % places;
    let scale = scales[place]!;
    while (scale < none && !fits(value[i]!, powers[scale]!)) scale++;
    scales[place] = scale;
  }
  const decimal = new Float64Array(rows);
  const scale = new Uint8Array(rows);
  const binary = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const of = scales[series[i]! % places]!;
    if (of < none && fits(value[i]!, powers[of]!)) {
      decimal[i] = Math.round(value[i]! * powers[of]!);
      scale[i] = of;
    } else {
      binary[i] = value[i]!;
      scale[i] = binaryScale;
    }
  }
  return { decimal, scale, binary };
}

function fits(value: number, power: number): boolean {
  const whole = Math.round(value * power);
  return whole / power === value && whole <= Number.MAX_SAFE_INTEGER && whole >= -Number.MAX_SAFE_INTEGER;
}
