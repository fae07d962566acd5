import type { Bucket, SampleValue } from '@luban/contracts';

const hourUs = 3_600_000_000;

export interface Point {
  time: number;
  value: SampleValue;
  bad: boolean;
}

/** The definition, word by word and slowly: for every bucket look at every sample. */
export function model(points: Point[], fromUs: number, toUs: number, width: number): Bucket[] {
  const kept = [...new Map(points.map((point) => [point.time, point])).values()]
    .filter((point) => point.bad || typeof point.value === 'number' || typeof point.value === 'boolean')
    .sort((a, b) => a.time - b.time);
  const from = Math.floor(fromUs / width) * width;
  const to = Math.ceil(toUs / width) * width;
  const lookBack = from - Math.max(hourUs, width);
  const buckets: Bucket[] = [];
  for (let start = from; start < to; start += width) {
    const inside = kept.filter((point) => point.time >= start && point.time < start + width);
    if (inside.length === 0) continue;
    const values = inside.filter((point) => !point.bad).map((point) => Number(point.value));
    const before = kept.filter((point) => point.time < start && point.time >= lookBack).at(-1);
    let weighted = 0;
    let weight = 0;
    const holders = before ? [{ ...before, time: start }, ...inside] : inside;
    holders.forEach((point, i) => {
      if (point.bad) return;
      const held = (holders[i + 1]?.time ?? start + width) - point.time;
      weighted += Number(point.value) * held;
      weight += held;
    });
    const some = values.length > 0;
    buckets.push({
      start,
      count: values.length,
      bad: inside.length - values.length,
      min: some ? Math.min(...values) : null,
      max: some ? Math.max(...values) : null,
      mean: some ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
      first: values[0] ?? null,
      last: values.at(-1) ?? null,
      timeMean: some ? weighted / weight : null,
    });
  }
  return buckets;
}

/** Sums are the same up to rounding. */
export function close(bucket: Bucket): unknown {
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1e6) / 1e6);
  return { ...bucket, mean: round(bucket.mean), timeMean: round(bucket.timeMean) };
}
