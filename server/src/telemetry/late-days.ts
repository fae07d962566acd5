import type { Batch } from '@luban/contracts';
import type { LateDay } from './rollup-store.ts';

/** Hours of series whose roll-ups lack samples that came late, by tenant and day. */
export interface LateDays {
  readonly size: number;
  /** `hour`: since 1970. Series 0 stands for all of the tenant. */
  mark(tenant: number, series: number, hour: number): void;
  /** Marks the hours of all samples before `beforeUs` that are not before `fromHour`. */
  markBatch(tenant: number, batch: Pick<Batch, 'count' | 'series' | 'time'>, fromHour: number, beforeUs: number): void;
  load(days: readonly LateDay[]): void;
  /** Hours of any of these series in [fromHour, toHour), in order, each once. */
  hours(tenant: number, series: ReadonlySet<number>, fromHour: number, toHour: number): number[];
  hasDay(day: number): boolean;
  /** What changed since it was last asked, as it is now. */
  takeChanged(): LateDay[];
  /** Gives changes back that could not be stored. */
  putBack(days: readonly LateDay[]): void;
  /** Takes one day out, the one marked longest ago, if that was before `beforeMs`; it still counts until `done`. */
  take(beforeMs: number): { tenant: number; day: number; marks: ReadonlyMap<number, number> } | undefined;
  /** The day that was taken is rolled up; or it is not, and is late as before. */
  done(rolledUp: boolean): void;
}

const everyHour = 0xff_ffff;
const hourUs = 3_600_000_000;
const dayUs = 24 * hourUs;
/** Late samples come in runs of the same series: most marks are there already, which these many places tell at a look. */
const places = 16_384;
/** A day with more series than this counts as late as a whole, so that memory is bounded however much comes late. */
const maxSeriesOfDay = 5_000;

interface Day {
  readonly tenant: number;
  readonly day: number;
  /** No other has it. */
  readonly serial: number;
  markedMs: number;
  marks: Map<number, number>;
}

export function createLateDays(nowMs: () => number): LateDays {
  const days = new Map<string, Day>();
  const changed = new Map<string, { tenant: number; day: number; series: number }>();
  let taken: Day | undefined;
  /** The day of the last mark: late samples in a row are mostly of one day. */
  let recent: Day | undefined;
  let serial = 0;
  const placeSeries = new Uint32Array(places);
  const placeDay = new Float64Array(places);
  const placeHours = new Uint32Array(places);

  const keyOf = (tenant: number, day: number) => `${tenant}/${day}`;
  function noteChange(tenant: number, day: number, series: number): void {
    changed.set(`${tenant}/${day}/${series}`, { tenant, day, series });
  }

  function dayOf(tenant: number, day: number): Day {
    if (recent?.day === day && recent.tenant === tenant) return recent;
    const key = keyOf(tenant, day);
    recent = days.get(key);
    if (!recent) {
      recent = { tenant, day, serial: ++serial, markedMs: 0, marks: new Map() };
      days.set(key, recent);
    }
    return recent;
  }

  function add(tenant: number, day: number, series: number, hours: number): boolean {
    const found = dayOf(tenant, day);
    found.markedMs = nowMs();
    const { marks } = found;
    const before = (marks.get(series) ?? 0) | (marks.get(0) ?? 0);
    if ((before | hours) === before) return false;
    if (series !== 0 && marks.size >= maxSeriesOfDay) {
      for (const one of marks.keys()) noteChange(tenant, day, one);
      marks.clear();
      marks.set(0, everyHour);
      noteChange(tenant, day, 0);
      return true;
    }
    marks.set(series, (marks.get(series) ?? 0) | hours);
    noteChange(tenant, day, series);
    return true;
  }

  /** Neighbours of one day lie side by side, those of the next elsewhere. */
  const placeOf = (series: number, { serial }: Day) => (series + serial * 4099) % places;

  function addFirst(day: Day, series: number, hours: number): void {
    add(day.tenant, day.day, series, hours);
    const place = placeOf(series, day);
    const same = placeSeries[place] === series && placeDay[place] === day.serial;
    placeHours[place] = (same ? placeHours[place]! : 0) | hours;
    placeSeries[place] = series;
    placeDay[place] = day.serial;
  }

  function hoursOf(tenant: number, day: number, series: ReadonlySet<number>): number {
    let hours = 0;
    for (const one of [days.get(keyOf(tenant, day)), taken?.tenant === tenant && taken.day === day ? taken : undefined])
      for (const [marked, mask] of one?.marks ?? []) if (marked === 0 || series.has(marked)) hours |= mask;
    return hours;
  }

  return {
    get size() {
      return days.size + (taken ? 1 : 0);
    },
    mark(tenant, series, hour) {
      add(tenant, Math.floor(hour / 24), series, 1 << (hour % 24));
    },
    markBatch(tenant, { count, series, time }, fromHour, beforeUs) {
      const now = nowMs();
      let day: Day | undefined;
      let dayFromUs = 0;
      for (let i = 0; i < count; i++) {
        const at = time[i]!;
        if (at >= beforeUs || at < fromHour * hourUs) continue;
        if (day === undefined || at < dayFromUs || at >= dayFromUs + dayUs) {
          day = dayOf(tenant, Math.floor(at / dayUs));
          day.markedMs = now;
          dayFromUs = day.day * dayUs;
        }
        const one = series[i]!;
        const hours = 1 << ((at - dayFromUs) / hourUs);
        const place = placeOf(one, day);
        const isMarked =
          placeSeries[place] === one && placeDay[place] === day.serial && (placeHours[place]! & hours) !== 0;
        if (!isMarked && day.marks.get(0) !== everyHour) addFirst(day, one, hours);
      }
    },
    load(all) {
      for (const { tenant, day, series, hours } of all) add(tenant, day, series, hours);
      changed.clear();
    },
    hours(tenant, series, fromHour, toHour) {
      const found: number[] = [];
      const late = new Set<number>();
      for (const one of [...days.values(), ...(taken ? [taken] : [])])
        if (one.tenant === tenant && (one.day + 1) * 24 > fromHour && one.day * 24 < toHour) late.add(one.day);
      for (const day of [...late].sort((a, b) => a - b)) {
        const mask = hoursOf(tenant, day, series);
        for (let hour = 0; hour < 24; hour++) {
          const at = day * 24 + hour;
          if ((mask & (1 << hour)) !== 0 && at >= fromHour && at < toHour) found.push(at);
        }
      }
      return found;
    },
    hasDay(day) {
      if (taken?.day === day) return true;
      for (const one of days.values()) if (one.day === day) return true;
      return false;
    },
    takeChanged() {
      const all = [...changed.values()].map(({ tenant, day, series }) => ({
        tenant,
        day,
        series,
        hours:
          (days.get(keyOf(tenant, day))?.marks.get(series) ?? 0) |
          (taken?.tenant === tenant && taken.day === day ? (taken.marks.get(series) ?? 0) : 0),
      }));
      changed.clear();
      return all;
    },
    putBack(all) {
      for (const { tenant, day, series } of all) noteChange(tenant, day, series);
    },
    take(beforeMs) {
      let oldest: Day | undefined;
      for (const one of days.values()) if (!oldest || one.markedMs < oldest.markedMs) oldest = one;
      if (!oldest || oldest.markedMs > beforeMs || taken) return undefined;
      taken = oldest;
      if (recent === oldest) recent = undefined;
      days.delete(keyOf(oldest.tenant, oldest.day));
      return oldest;
    },
    done(rolledUp) {
      const { tenant, day, marks } = taken!;
      taken = undefined;
      for (const [series, hours] of marks) {
        if (rolledUp) noteChange(tenant, day, series);
        else add(tenant, day, series, hours);
      }
    },
  };
}
