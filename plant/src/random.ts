/** A repeatable stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Triangular around 0, within (-width, width): cheap measurement noise that is bounded. */
  noise(width: number): number;
  /** True on average once in `meanS` simulated seconds, when asked once every `stepS`. */
  happens(meanS: number, stepS: number): boolean;
}

/** FNV-1a, so that each machine has a stream of its own and adding a machine leaves the others as they were. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** sfc32 (Chris Doty-Humphrey, public domain), seeded by a number and a label. */
export function createRandom(seed: number, label: string): Random {
  let a = seed >>> 0;
  let b = Math.floor(seed / 0x1_0000_0000) >>> 0;
  let c = hash(label);
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 15; i += 1) next();
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    noise: (width) => (next() + next() - 1) * width,
    happens: (meanS, stepS) => next() * meanS < stepS,
  };
}
