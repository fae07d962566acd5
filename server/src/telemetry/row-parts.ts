import type { BucketPart } from './bucket-parts.ts';
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

/** Rows of a roll-up, `rowUs` wide each → a part for each row, as `rollupPartsSql` takes it up. */
export function partsOfSums(
  columns: readonly NumberColumn[],
  rowUs: number,
  fromUs: number,
  widthUs: number,
): Map<number, BucketPart[]> {
  const found = new Map<number, BucketPart[]>();
  for (let i = 0; i < (columns[0]?.length ?? 0); i++) {
    const [series, begin, count, bad, lo, hi, sum, head, tail, headUs, tailUs, held, area, areaUs] = columns.map(
      (column) => column[i]!,
    ) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const atUs = begin * 1_000_000;
    const startUs = Math.max(Math.floor(atUs / widthUs) * widthUs, fromUs - widthUs);
    const some = count > 0;
    // What holds at the end of the row is taken to hold to the end of the bucket.
    const heldUs = held === 1 ? startUs + widthUs - atUs - rowUs : 0;
    const part: BucketPart = {
      startUs,
      count,
      bad,
      min: some ? lo : null,
      max: some ? hi : null,
      sum,
      first: some ? head : null,
      last: some ? tail : null,
      firstUs: atUs + headUs,
      lastUs: atUs + tailUs,
      holds: held === 1 ? tail : null,
      weighted: area + tail * heldUs,
      weightUs: areaUs + heldUs,
    };
    const parts = found.get(series);
    if (parts) parts.push(part);
    else found.set(series, [part]);
  }
  return found;
}
