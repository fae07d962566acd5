import type { BucketPart } from './bucket-part.ts';

/**
 * The SQL of bucket parts: from samples, and from parts of narrower buckets (roll-ups). Both give the same columns, so
 * that either can be read as parts or written as a roll-up.
 */
export const micros = (column: string) => `toUnixTimestamp64Micro(${column})`;
const number = '(status < 0x400 AND bitAnd(status, 0x80) = 0)';
const bad = 'bitAnd(status, 0x80) != 0';

const bucketStart = (us: string) =>
  `greatest(intDiv(${us}, {width:Int64}) * {width:Int64}, {from:Int64} - {width:Int64})`;
const nextIn = (us: string) =>
  `least(leadInFrame(${us}, 1, end) OVER (PARTITION BY series, start, segment ORDER BY ${us} ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), end)`;

/**
 * Parts of samples that `where` names, in buckets of `{width}`; what lies before `{from}` makes one part that starts
 * before it. `segment` keeps stretches of time apart between which others will be put.
 */
export function samplePartsSql(where: string, segment = '0'): string {
  return `SELECT series, start, countIf(good) AS n, countIf(NOT good) AS bad,
      minIf(value, good) AS min, maxIf(value, good) AS max, sumIf(value, good) AS sum,
      argMinIf(value, t, good) AS first, argMaxIf(value, t, good) AS last,
      min(t) AS first_us, max(t) AS last_us, argMax(good, t) AS holds,
      sumIf(value * (until - t), good) AS weighted, sumIf(until - t, good) AS weight_us
    FROM (
      SELECT series, value, t, good, start, segment, ${nextIn('t')} AS until
      FROM (
        SELECT series, value, ${micros('time')} AS t, ${number} AS good, ${bucketStart('t')} AS start,
          start + {width:Int64} AS end, ${segment} AS segment
        FROM samples FINAL
        WHERE ${where} AND (${number} OR ${bad})
      )
    )
    GROUP BY series, start, segment`;
}

/** The same from the roll-up `table`, whose rows are `rowUs` wide; `{width}` is a whole multiple of it. */
export function rollupPartsSql(table: 'minutes' | 'hours', rowUs: number, where: string, segment = '0'): string {
  return `SELECT series, start, sum(samples) AS n, sum(bads) AS bad,
      minIf(lo, samples > 0) AS min, maxIf(hi, samples > 0) AS max, sum(total) AS sum,
      argMinIf(head, t, samples > 0) AS first, argMaxIf(tail, t, samples > 0) AS last,
      min(head_t) AS first_us, max(tail_t) AS last_us, argMax(held, t) AS holds,
      sum(area + if(held, tail * (until - t - ${rowUs}), 0)) AS weighted,
      sum(area_us + if(held, until - t - ${rowUs}, 0)) AS weight_us
    FROM (
      SELECT *, ${nextIn('head_t')} AS until
      FROM (
        SELECT series, samples, bads, lo, hi, total, head, tail, held, area, toInt64(area_us) AS area_us,
          toInt64(toUnixTimestamp(begin)) * 1000000 AS t, t + head_us AS head_t, t + tail_us AS tail_t,
          ${bucketStart('t')} AS start, start + {width:Int64} AS end, ${segment} AS segment
        FROM ${table} FINAL
        WHERE ${where}
      )
    )
    GROUP BY series, start, segment`;
}

/** Half open, µs. */
export interface TimeSpan {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Which of the spans `t` lies in, as SQL: spans in order and apart from each other. */
export function segmentOf(spans: readonly TimeSpan[]): string {
  if (spans.length === 1) return '0';
  return `arrayCount(x -> x <= t, [${spans.map(({ fromUs }) => fromUs).join(', ')}]::Array(Int64))`;
}

/** An answer with the columns above → parts by series, in order of time. */
export function toParts(answer: readonly (readonly unknown[])[]): Map<number, BucketPart[]> {
  const columns = answer as readonly (readonly number[])[];
  const found = new Map<number, BucketPart[]>();
  for (let i = 0; i < (columns[0]?.length ?? 0); i++) {
    const at = (column: number) => columns[column]![i]!;
    const some = at(2) > 0;
    let parts = found.get(at(0));
    if (!parts) {
      parts = [];
      found.set(at(0), parts);
    }
    parts.push({
      startUs: at(1),
      count: at(2),
      bad: at(3),
      min: some ? at(4) : null,
      max: some ? at(5) : null,
      sum: at(6),
      first: some ? at(7) : null,
      last: some ? at(8) : null,
      firstUs: at(9),
      lastUs: at(10),
      holds: at(11) === 1 ? at(8) : null,
      weighted: at(12),
      weightUs: at(13),
    });
  }
  return found;
}
