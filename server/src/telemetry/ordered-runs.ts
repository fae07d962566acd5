/**
 * The order of `count` rows that are runs in order, which begin at `starts`: neighbouring runs are merged until one is
 * left, in time that grows with the logarithm of their number.
 */
export function mergedOrder(
  starts: readonly number[],
  count: number,
  compare: (a: number, b: number) => number,
): Uint32Array {
  let runs = starts;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let merged = new Uint32Array(count);
  while (runs.length > 1) {
    for (let i = 0; i < runs.length; i += 2)
      mergeRuns(order, merged, runs[i]!, runs[i + 1] ?? count, runs[i + 2] ?? count, compare);
    [order, merged] = [merged, order];
    runs = runs.filter((_, i) => i % 2 === 0);
  }
  return order;
}

/** [from, middle) and [middle, to) of `order`, each in order → `merged`. */
function mergeRuns(
  order: Uint32Array,
  merged: Uint32Array,
  from: number,
  middle: number,
  to: number,
  compare: (a: number, b: number) => number,
): void {
  let left = from;
  let right = middle;
  for (let at = from; at < to; at++) {
    const takesLeft = right >= to || (left < middle && compare(order[left]!, order[right]!) <= 0);
    merged[at] = order[takesLeft ? left++ : right++]!;
  }
}
