import type { BucketPart } from './bucket-parts.ts';
import type { NumberColumn } from './native-numbers.ts';
import { orderOf } from './ordered-runs.ts';
import { createPartBuilder } from './part-builder.ts';
import type { TimeSpan } from './part-sql.ts';

/** Rows of the table `samples`, each series and time once, in any order. */
export interface SampleRows {
  readonly series: NumberColumn;
  /** µs. */
  readonly time: NumberColumn;
  readonly value: NumberColumn;
  readonly status: NumberColumn;
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
  for (let i = 0; i < series.length; ) {
    const one = series[i]!;
    const builder = createPartBuilder(fromUs, widthUs);
    let span = 0;
    for (; i < series.length && series[i] === one; i++) {
      for (; span < spans.length - 1 && time[i]! >= spans[span]!.toUs; span++) builder.cut();
      const bad = (status[i]! & 0x80) !== 0;
      if (bad || status[i]! < 0x400) builder.add(time[i]!, value[i]!, bad);
    }
    const parts = builder.end();
    if (parts.length > 0) found.set(one, parts);
  }
  return found;
}

/** Rows come in order from one part of the table, and in a few ordered runs from several. */
function inOrder(rows: SampleRows): SampleRows {
  const { series, time } = rows;
  const order = orderOf(series.length, (a, b) => series[a]! - series[b]! || time[a]! - time[b]!);
  if (order === undefined) return rows;
  const pick = (column: NumberColumn) => {
    const picked = new Float64Array(order.length);
    for (let i = 0; i < order.length; i++) picked[i] = column[order[i]!]!;
    return picked;
  };
  return { series: pick(series), time: pick(time), value: pick(rows.value), status: pick(rows.status) };
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
