import type { BucketPart } from './bucket-part.ts';
import type { NumberColumn } from './native-numbers.ts';
import { mergedOrder } from './ordered-runs.ts';
import type { TimeSpan } from './part-sql.ts';
import { addParts } from './sample-parts.ts';

/** Rows of the table `samples`, each series and time once, in any order. */
export interface SampleRows {
  readonly series: Uint32Array;
  /** µs. */
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint16Array;
}

/**
 * The columns time, value, status and series of an answer; without the last all rows are of `one` series. Each of one
 * type, because loops over them are hot.
 */
export function toSampleRows(columns: readonly NumberColumn[], one?: number): SampleRows {
  const [time, value, status, of] = columns;
  const series = one === undefined ? of : new Uint32Array(time?.length ?? 0).fill(one);
  if (
    series instanceof Uint32Array &&
    time instanceof Float64Array &&
    value instanceof Float64Array &&
    status instanceof Uint16Array
  )
    return { series, time, value, status };
  throw new Error('columns that are not those of samples');
}

/** The same parts as `samplePartsSql` makes, of rows that all lie in `spans`. */
export function partsOfRows(
  rows: SampleRows,
  spans: readonly TimeSpan[],
  fromUs: number,
  widthUs: number,
): Map<number, BucketPart[]> {
  const { series, time, value, status } = inOrder(rows);
  const found = new Map<number, BucketPart[]>();
  for (let from = 0; from < series.length; ) {
    const one = series[from]!;
    const parts: BucketPart[] = [];
    for (const { toUs } of spans) {
      let to = from;
      while (to < series.length && series[to] === one && time[to]! < toUs) to++;
      addParts(parts, { time, value, status, from, to }, fromUs, widthUs);
      from = to;
    }
    if (parts.length > 0) found.set(one, parts);
  }
  return found;
}

/** Rows come in order from one part of the table, and in a few ordered runs from several. */
function inOrder(rows: SampleRows): SampleRows {
  const { series, time, value, status } = rows;
  const starts = [0];
  for (let i = 1; i < series.length; i++)
    if (series[i]! < series[i - 1]! || (series[i] === series[i - 1] && time[i]! < time[i - 1]!)) starts.push(i);
  if (starts.length === 1) return rows;
  const order = mergedOrder(starts, series.length, (a, b) => series[a]! - series[b]! || time[a]! - time[b]!);
  const ordered = {
    series: new Uint32Array(order.length),
    time: new Float64Array(order.length),
    value: new Float64Array(order.length),
    status: new Uint16Array(order.length),
  };
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    ordered.series[i] = series[row]!;
    ordered.time[i] = time[row]!;
    ordered.value[i] = value[row]!;
    ordered.status[i] = status[row]!;
  }
  return ordered;
}

/** The columns of a roll-up's rows, in the order that `sumColumns` names them. */
export const sumColumns =
  'series, toUnixTimestamp(begin), samples, bads, lo, hi, total, head, tail, head_us, tail_us, held, area, area_us';

/** Of these the numbers behind series and begin. */
export const sumFields = 12;

/** Where the parts of rows go. */
export interface SumPlace {
  /** How wide a row is. */
  readonly rowUs: number;
  readonly fromUs: number;
  readonly widthUs: number;
}

/** Rows of a roll-up → a part for each row, as `rollupPartsSql` takes it up. */
export function partsOfSums(columns: readonly NumberColumn[], place: SumPlace): Map<number, BucketPart[]> {
  const found = new Map<number, BucketPart[]>();
  const [series, begin, ...fields] = columns;
  const row = new Float64Array(sumFields);
  for (let i = 0; i < (series?.length ?? 0); i++) {
    for (let f = 0; f < sumFields; f++) row[f] = fields[f]![i]!;
    const part = partOfSums(row, 0, begin![i]! * 1_000_000, place);
    const parts = found.get(series![i]!);
    if (parts) parts.push(part);
    else found.set(series![i]!, [part]);
  }
  return found;
}

/** The row that begins at `atUs`; its numbers stand in `sums` from `at` on. */
export function partOfSums(
  sums: Float64Array,
  at: number,
  atUs: number,
  { rowUs, fromUs, widthUs }: SumPlace,
): BucketPart {
  const count = sums[at]!;
  const tail = sums[at + 6]!;
  const held = sums[at + 9] === 1;
  const startUs = Math.max(Math.floor(atUs / widthUs) * widthUs, fromUs - widthUs);
  const some = count > 0;
  // What holds at the end of the row is taken to hold to the end of the bucket.
  const heldUs = held ? startUs + widthUs - atUs - rowUs : 0;
  return {
    startUs,
    count,
    bad: sums[at + 1]!,
    min: some ? sums[at + 2]! : null,
    max: some ? sums[at + 3]! : null,
    sum: sums[at + 4]!,
    first: some ? sums[at + 5]! : null,
    last: some ? tail : null,
    firstUs: atUs + sums[at + 7]!,
    lastUs: atUs + sums[at + 8]!,
    holds: held ? tail : null,
    weighted: sums[at + 10]! + tail * heldUs,
    weightUs: sums[at + 11]! + heldUs,
  };
}
