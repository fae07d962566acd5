import type { LogRecord } from '../log/log.ts';
import { pause } from '../platform/pause.ts';
import type { BucketPart } from './bucket-part.ts';
import { createLateDays } from './late-days.ts';
import type { TimeSpan } from './part-sql.ts';
import { hourUs, minuteUs, type RollupStore } from './rollup-store.ts';
import { type TelemetryFault, toTelemetryFault } from './telemetry-fault.ts';

export interface RollupsOptions {
  readonly store: RollupStore;
  readonly nowUs: () => number;
  /** The writer's places in the log: read up to, and stored up to. */
  readonly position: () => { readonly read: number; readonly inserted: number };
  readonly onFault: (fault: TelemetryFault) => void;
  /** Samples before it have expired or are about to: there the sums are read, also where some came late. */
  readonly rawFromUs: (tenant: number, series: number) => number;
}

/**
 * Sums by minute and by hour, made in the background from the stored samples. Every hour that is over is rolled up once;
 * hours for which samples come later are rolled up again. What is not rolled up is known, and read from the samples.
 */
export interface Rollups {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Hears every record that the writer takes, before its samples can be seen. */
  note(record: LogRecord): void;
  /** Makes durable what `note` learnt: before the log may forget those records. */
  save(): Promise<void>;
  /** The samples of these hours are no longer what was rolled up. */
  markLate(tenant: number, series: number, hour: number): void;
  /** Which of [fromUs, toUs) must be read from the samples; the rest is in the roll-ups. Both are whole minutes. */
  rawSpans(tenant: number, series: ReadonlySet<number>, span: TimeSpan): TimeSpan[];
  parts(
    tenant: number,
    series: readonly number[],
    spans: readonly TimeSpan[],
    fromUs: number,
    widthUs: number,
  ): Promise<Map<number, BucketPart[]>>;
  /** True when nothing of this day is left to be rolled up. */
  isDone(day: number): boolean;
  /** Rolls up all that is due, late samples at once. Throws what goes wrong. */
  settle(): Promise<void>;
  stats(): { readonly fromUs: number; readonly toUs: number; readonly lateDays: number };
}

/** An hour is rolled up when it is over for so long: most samples come within. */
const graceUs = 5 * minuteUs;
/** Late samples come in runs: a day is rolled up again once it was quiet for so long. */
const quietMs = 30_000;
const turnMs = 5_000;
const rowsAtOnce = 2_000_000;
const seriesAtOnce = 2_000;
/** More stretches than this are read as one. */
const maxSpans = 40;
/** Partitions before it are whole years, of clocks that were never set: never rolled up. */
const firstHour = Date.UTC(2020, 0, 1) / 3_600_000;

export function createRollups(options: RollupsOptions): Rollups {
  const { store, nowUs, position, onFault, rawFromUs } = options;
  const late = createLateDays(() => Date.now());
  /** Rolled up: [fromHour, toHour). Samples of hours before `closingHour` are late from then on. */
  let fromHour = 0;
  let toHour = 0;
  let closingHour = 0;
  /** Hours from here on are watched: those rolled up, and the day that is being rolled up. */
  let watchedFrom = 0;
  let stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  let failing: string | undefined;
  let working: Promise<void> = Promise.resolve();

  const currentHour = () => Math.floor((nowUs() - graceUs) / hourUs);

  /** All samples that were read from the log until now are in the store. Throws when aborted: there is nothing more to do. */
  async function stored(signal: AbortSignal): Promise<void> {
    const target = position().read;
    while (position().inserted < target) {
      signal.throwIfAborted();
      await pause(50, signal);
    }
  }

  async function rollSpan(
    span: TimeSpan,
    keepFuller: boolean,
    only?: { tenant: number; series?: ReadonlySet<number> },
  ) {
    let tenant = 0;
    let series: number[] = [];
    let rows = 0;
    const flush = async () => {
      if (series.length > 0) await store.rollUp(tenant, series, span, keepFuller);
      series = [];
      rows = 0;
    };
    for (const one of await store.counts(span, only?.tenant)) {
      if (only?.series && !only.series.has(one.series)) continue;
      if (one.tenant !== tenant || rows + one.count > rowsAtOnce || series.length >= seriesAtOnce) await flush();
      tenant = one.tenant;
      series.push(one.series);
      rows += one.count;
    }
    await flush();
  }

  /** The hours that are over: as many as there are, each at its own. */
  async function closeHours(signal: AbortSignal): Promise<void> {
    while (toHour < currentHour() && !signal.aborted) {
      closingHour = toHour + 1;
      await stored(signal);
      await rollSpan({ fromUs: toHour * hourUs, toUs: closingHour * hourUs }, false);
      await store.saveProgress(fromHour, closingHour);
      toHour = closingHour;
    }
  }

  /** One day that was there before roll-ups were, newest first. False when there is none. */
  async function rollOlderDay(signal: AbortSignal): Promise<boolean> {
    if (fromHour <= firstHour) return false;
    const day = (await store.days()).filter((one) => one * 24 < fromHour && one * 24 >= firstHour).at(-1);
    const begin = day === undefined ? firstHour : day * 24;
    watchedFrom = begin;
    await stored(signal);
    if (day !== undefined)
      await rollSpan({ fromUs: begin * hourUs, toUs: Math.min(fromHour, begin + 24) * hourUs }, true);
    await store.saveProgress(begin, toHour);
    fromHour = begin;
    return day !== undefined;
  }

  async function rollLateDay(beforeMs: number, signal: AbortSignal): Promise<boolean> {
    const taken = late.take(beforeMs);
    if (!taken) return false;
    let done = false;
    try {
      await stored(signal);
      const all = taken.marks.has(0);
      const mask = [...taken.marks.values()].reduce((sum, one) => sum | one, 0);
      const hours = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (mask & (1 << hour)) !== 0);
      const span = {
        fromUs: (taken.day * 24 + hours[0]!) * hourUs,
        toUs: Math.min(taken.day * 24 + hours.at(-1)! + 1, toHour) * hourUs,
      };
      const only = { tenant: taken.tenant, ...(all ? {} : { series: new Set(taken.marks.keys()) }) };
      if (span.fromUs < span.toUs) await rollSpan(span, true, only);
      done = true;
    } finally {
      late.done(done);
    }
    await save();
    return true;
  }

  async function save(): Promise<void> {
    const changed = late.takeChanged();
    if (changed.length === 0) return;
    try {
      await store.saveLate(changed);
    } catch (error) {
      late.putBack(changed);
      throw error;
    }
  }

  async function work(lateBeforeMs: number, signal: AbortSignal): Promise<void> {
    await closeHours(signal);
    while (!signal.aborted && (await rollLateDay(lateBeforeMs, signal)));
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        const turn = working.then(async () => {
          await work(Date.now() - quietMs, signal);
          await rollOlderDay(signal);
        });
        working = turn.catch(() => undefined);
        await turn;
        failing = undefined;
      } catch (error) {
        if (signal.aborted) return;
        const fault = toTelemetryFault(error);
        // While the database comes back, it says so itself.
        if (fault.message !== failing && fault.code !== 'telemetry.unavailable') onFault(fault);
        failing = fault.message;
      }
      // At most half of the time is spent here.
      const spentMs = performance.now() - startedMs;
      const idleMs = fromHour > firstHour && !failing ? Math.min(turnMs, spentMs) : Math.max(turnMs, spentMs);
      await pause(idleMs, signal);
    }
  }

  function rawSpans(tenant: number, series: ReadonlySet<number>, { fromUs, toUs }: TimeSpan): TimeSpan[] {
    const coveredFrom = Math.max(fromUs, Math.min(toUs, fromHour * hourUs));
    const coveredTo = Math.max(coveredFrom, Math.min(toUs, toHour * hourUs));
    const spans: { fromUs: number; toUs: number }[] = [];
    const add = (begin: number, end: number) => {
      if (begin >= end) return;
      const before = spans.at(-1);
      if (before && before.toUs >= begin) before.toUs = Math.max(before.toUs, end);
      else spans.push({ fromUs: begin, toUs: end });
    };
    add(fromUs, coveredFrom);
    // Where samples have expired, the sums say more than a straggler.
    const keptFrom = Math.min(...Array.from(series, (one) => rawFromUs(tenant, one)));
    const lateFrom = Math.floor(Math.max(coveredFrom, keptFrom) / hourUs);
    for (const hour of late.hours(tenant, series, lateFrom, Math.ceil(coveredTo / hourUs)))
      add(Math.max(coveredFrom, hour * hourUs), Math.min(coveredTo, (hour + 1) * hourUs));
    add(coveredTo, toUs);
    return spans.length <= maxSpans ? spans : [{ fromUs: spans[0]!.fromUs, toUs: spans.at(-1)!.toUs }];
  }

  return {
    async start() {
      await store.prepare();
      const known = await store.progress();
      toHour = known?.toHour ?? currentHour();
      // Nothing older to begin with is as good as all of it.
      fromHour = known?.fromHour ?? ((await store.days()).length === 0 ? firstHour : toHour);
      closingHour = toHour;
      watchedFrom = fromHour;
      if (!known) await store.saveProgress(fromHour, toHour);
      late.load(await store.loadLate());
      stopping = new AbortController();
      loop = run(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await loop;
      await working;
    },
    note: ({ tenant, batch }) => late.markBatch(tenant, batch, watchedFrom, closingHour * hourUs),
    save,
    markLate(tenant, series, hour) {
      if (hour >= watchedFrom && hour < closingHour) late.mark(tenant, series, hour);
    },
    rawSpans,
    parts: rollupParts(store),
    isDone(day) {
      const begin = day * 24;
      return begin >= fromHour && begin + 24 <= toHour && !late.hasDay(day);
    },
    async settle() {
      const turn = working.then(async () => {
        await work(Number.POSITIVE_INFINITY, stopping.signal);
        while (await rollOlderDay(stopping.signal));
      });
      working = turn.catch(() => undefined);
      await turn;
    },
    stats: () => ({ fromUs: fromHour * hourUs, toUs: toHour * hourUs, lateDays: late.size }),
  };
}

/** The sums of these spans, from the coarser table where that does. */
export function rollupParts(store: RollupStore): Rollups['parts'] {
  return (tenant, series, spans, fromUs, widthUs) => {
    const byHour =
      widthUs % hourUs === 0 && spans.every((span) => span.fromUs % hourUs === 0 && span.toUs % hourUs === 0);
    return store.parts(byHour ? 'hours' : 'minutes', { tenant, series, fromUs, widthUs, spans });
  };
}
