/** Half open: `to` is not in it. */
export interface Range {
  from: number;
  to: number;
}

/**
 * Which positions the platform has: everything below `prefix`, and ranges above it, because live data and the backlog
 * are acknowledged side by side. Pure bookkeeping.
 */
export interface Acknowledged {
  readonly prefix: number;
  add(from: number, to: number): void;
  has(position: number): boolean;
  /** What is missing below `end`, in order. */
  missing(end: number): Range[];
  /** The ranges above `prefix`. */
  ranges(): readonly Range[];
}

export function createAcknowledged(start: number, known: readonly Range[] = []): Acknowledged {
  let prefix = start;
  let above: Range[] = [];

  function add(from: number, to: number): void {
    if (to <= prefix || to <= from) return;
    const merged = { from, to };
    const rest: Range[] = [];
    for (const range of above) {
      if (range.to < merged.from || range.from > merged.to) rest.push(range);
      else {
        merged.from = Math.min(merged.from, range.from);
        merged.to = Math.max(merged.to, range.to);
      }
    }
    if (merged.from <= prefix) prefix = merged.to;
    else rest.push(merged);
    above = rest.filter((range) => range.to > prefix).sort((a, b) => a.from - b.from);
    // Taking up a range may have reached the next one.
    while (above[0] && above[0].from <= prefix) prefix = Math.max(prefix, above.shift()!.to);
  }

  for (const { from, to } of known) add(from, to);
  return {
    get prefix() {
      return prefix;
    },
    add,
    has: (position) => position < prefix || above.some(({ from, to }) => position >= from && position < to),
    missing(end) {
      const holes: Range[] = [];
      let at = prefix;
      for (const { from, to } of above) {
        if (from >= end) break;
        if (from > at) holes.push({ from: at, to: from });
        at = to;
      }
      if (at < end) holes.push({ from: at, to: end });
      return holes;
    },
    ranges: () => above,
  };
}
