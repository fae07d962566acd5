import { randomUUID } from 'node:crypto';
import type { BucketPart } from './bucket-part.ts';
import type { NumberColumn } from './native-numbers.ts';
import type { TimeSpan } from './part-sql.ts';
import { partOfSums, type SumPlace, sumFields } from './row-parts.ts';

/** The sums of a series by minute in one hour: `sumFields` numbers for each minute, all 0 where there are no samples. */
export type HourOfSums = Float64Array;

/** Columns as `sumColumns` names them, of whole hours. */
type ReadSums = (series: readonly number[], spans: readonly TimeSpan[]) => Promise<readonly NumberColumn[]>;

/**
 * Sums by minute that were asked for lately, in memory: charts ask for the same hours again and again, and hours that are
 * over seldom change. What changes them says so by `forget`, once it is done.
 */
export interface KeptSums {
  /** Hours since 1970, in order → for each series the same hours. */
  read(
    tenant: number,
    series: readonly number[],
    hours: readonly number[],
    read: ReadSums,
  ): Promise<Map<number, readonly HourOfSums[]>>;
  forget(tenant: number, series: readonly number[], span: TimeSpan): void;
  /** Another whenever something was forgotten. */
  readonly state: string;
  /** For a store that another server changes: all is forgotten when that one's `state` is another. */
  follow(state: string): void;
}

interface Series {
  readonly hours: Map<number, HourOfSums>;
  bytes: number;
}

const hourUs = 3_600_000_000;
const minutes = 60;
const none: HourOfSums = new Float64Array(minutes * sumFields);
/** Of an hour without samples, which shares its numbers with all others. */
const noneBytes = 64;

export function createKeptSums(maxBytes = 64 << 20): KeptSums {
  const id = randomUUID();
  /** The one that was asked for longest ago first. */
  const kept = new Map<string, Series>();
  let bytes = 0;
  let changes = 0;
  let followed = '';

  function take(key: string): Series {
    const found = kept.get(key) ?? { hours: new Map<number, HourOfSums>(), bytes: 0 };
    kept.delete(key);
    kept.set(key, found);
    return found;
  }

  function put(key: string, hour: number, sums: HourOfSums): void {
    const size = sums === none ? noneBytes : sums.byteLength;
    const of = take(key);
    of.hours.set(hour, sums);
    of.bytes += size;
    bytes += size;
    for (const [oldest, { bytes: gone }] of kept) {
      if (bytes <= maxBytes || oldest === key) return;
      kept.delete(oldest);
      bytes -= gone;
    }
  }

  function clear(): void {
    kept.clear();
    bytes = 0;
    changes++;
  }

  return {
    async read(tenant, series, hours, read) {
      const asOf = changes;
      const keyOf = (one: number) => `${tenant}/${one}`;
      const found = new Map(series.map((one) => [one, new Map(take(keyOf(one)).hours)]));
      const lacking = series.filter((one) => hours.some((hour) => !found.get(one)!.has(hour)));
      if (lacking.length > 0) {
        const missing = hours.filter((hour) => lacking.some((one) => !found.get(one)!.has(hour)));
        const columns = await read(lacking, spansOf(missing));
        const got = byHour(columns);
        for (const one of lacking)
          for (const hour of missing) {
            const sums = got.get(`${one}/${hour}`) ?? none;
            found.get(one)!.set(hour, sums);
            // What changed meanwhile may be in the answer or not.
            if (asOf === changes && !kept.get(keyOf(one))?.hours.has(hour)) put(keyOf(one), hour, sums);
          }
      }
      return new Map(Array.from(found, ([one, of]) => [one, hours.map((hour) => of.get(hour)!)]));
    },
    forget(tenant, series, { fromUs, toUs }) {
      changes++;
      if (kept.size === 0) return;
      const [first, end] = [Math.floor(fromUs / hourUs), Math.ceil(toUs / hourUs)];
      for (const one of series) {
        const of = kept.get(`${tenant}/${one}`);
        for (const [hour, sums] of of?.hours ?? []) {
          if (hour < first || hour >= end) continue;
          const size = sums === none ? noneBytes : sums.byteLength;
          of!.hours.delete(hour);
          of!.bytes -= size;
          bytes -= size;
        }
      }
    },
    get state() {
      return `${id}/${changes}`;
    },
    follow(state) {
      if (state !== followed) clear();
      followed = state;
    },
  };
}

/** The parts of an hour's minutes that lie in any of the spans. */
export function partsOfHour(sums: HourOfSums, hour: number, spans: readonly TimeSpan[], place: SumPlace): BucketPart[] {
  const parts: BucketPart[] = [];
  if (sums === none) return parts;
  for (let minute = 0; minute < minutes; minute++) {
    const at = minute * sumFields;
    const atUs = hour * hourUs + minute * place.rowUs;
    if (sums[at] === 0 && sums[at + 1] === 0) continue;
    if (spans.some(({ fromUs, toUs }) => atUs >= fromUs && atUs < toUs)) parts.push(partOfSums(sums, at, atUs, place));
  }
  return parts;
}

/** Hours in order → spans, neighbours as one. */
function spansOf(hours: readonly number[]): TimeSpan[] {
  const spans: { fromUs: number; toUs: number }[] = [];
  for (const hour of hours) {
    const last = spans.at(-1);
    if (last?.toUs === hour * hourUs) last.toUs += hourUs;
    else spans.push({ fromUs: hour * hourUs, toUs: (hour + 1) * hourUs });
  }
  return spans;
}

/** By series and hour; an hour without rows is absent. */
function byHour(columns: readonly NumberColumn[]): Map<string, HourOfSums> {
  const found = new Map<string, HourOfSums>();
  const [series, begin, ...fields] = columns;
  for (let i = 0; i < (series?.length ?? 0); i++) {
    const minute = Math.floor(begin![i]! / 60);
    const key = `${series![i]!}/${Math.floor(minute / minutes)}`;
    let sums = found.get(key);
    if (!sums) {
      sums = new Float64Array(minutes * sumFields);
      found.set(key, sums);
    }
    const at = (minute % minutes) * sumFields;
    for (let f = 0; f < sumFields; f++) sums[at + f] = fields[f]![i]!;
  }
  return found;
}
