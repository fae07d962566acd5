/**
 * The order of `count` rows of which a few runs are in order already: neighbouring runs are merged until one is left, in
 * time that grows with the logarithm of their number. Undefined: all are in order as they are.
 */
export function orderOf(count: number, compare: (a: number, b: number) => number): Uint32Array | undefined {
  let starts = [0];
  for (let i = 1; i < count; i++) if (compare(i - 1, i) > 0) starts.push(i);
  if (starts.length === 1) return undefined;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let merged = new Uint32Array(count);
  while (starts.length > 1) {
    for (let i = 0; i < starts.length; i += 2)
      mergeRuns(order, merged, starts[i]!, starts[i + 1] ?? count, starts[i + 2] ?? count, compare);
    [order, merged] = [merged, order];
    starts = starts.filter((_, i) => i % 2 === 0);
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
