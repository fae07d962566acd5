import { statusKind } from '@luban/contracts';
import type { LogRecord } from '../log/log.ts';
import { wholeMillis } from './sample-block.ts';
import { emptyColumns, growColumns, pickRows, type SampleColumns } from './sample-columns.ts';
import { SeriesSlots } from './series-slots.ts';
import { countsFromUs, type StoredSample, storedValue } from './stored-sample.ts';

/**
 * The newest sample of every series, in memory. Newest source time wins, which counts as its arrival where it is ahead of
 * that; of the same time, what arrived last.
 */
export interface LatestTable {
  readonly size: number;
  apply(record: LogRecord): void;
  load(rows: SampleColumns): void;
  get(tenant: number, series: readonly number[]): Map<number, StoredSample>;
  /** Every series that has a sample, by tenant. */
  known(): Iterable<{ tenant: number; series: readonly number[] }>;
  /** As if the series never had a sample. */
  forget(tenant: number, series: number): void;
  /** A sample of the store, unless a newer one is held. */
  put(tenant: number, series: number, sample: StoredSample): void;
  /** It is to be stored again. */
  markChanged(tenant: number, series: number): void;
  /** How many changed since `takeChanged`. */
  readonly changed: number;
  /** What changed since it was last asked. */
  takeChanged(): SampleColumns;
  /** Gives changes back that could not be stored. */
  putBack(rows: SampleColumns): void;
}

export function createLatestTable(): LatestTable {
  const tenants = new Map<number, SeriesSlots>();
  const all: SampleColumns = emptyColumns(1024);
  let changed = new Uint8Array(1024);
  let changes: number[] = [];

  function slotsOf(tenant: number): SeriesSlots {
    let slots = tenants.get(tenant);
    if (!slots) {
      slots = new SeriesSlots();
      tenants.set(tenant, slots);
    }
    return slots;
  }

  function addSlot(slots: SeriesSlots, tenant: number, series: number): number {
    const slot = all.rows++;
    if (slot >= all.series.length) grow();
    all.tenant[slot] = tenant;
    all.series[slot] = series;
    all.time[slot] = -1;
    slots.set(series, slot);
    return slot;
  }

  function grow(): void {
    growColumns(all, all.rows);
    const flags = new Uint8Array(all.series.length);
    flags.set(changed);
    changed = flags;
  }

  function mark(slot: number): void {
    if (changed[slot] === 1) return;
    changed[slot] = 1;
    changes.push(slot);
  }

  return {
    get size() {
      return all.rows;
    },
    apply({ tenant, batch, arrivalUs }) {
      const slots = slotsOf(tenant);
      const arrival = wholeMillis(arrivalUs);
      for (let i = 0; i < batch.count; i++) {
        const series = batch.series[i]!;
        const slot = slots.get(series) ?? addSlot(slots, tenant, series);
        const time = batch.time[i]!;
        const heldTime = all.time[slot]!;
        const heldArrival = all.arrival[slot]!;
        const counts = countsFromUs(time, arrival);
        const heldCounts = countsFromUs(heldTime, heldArrival);
        if (counts < heldCounts) continue;
        if (counts === heldCounts && (time < heldTime || (time === heldTime && arrival < heldArrival))) continue;
        const status = batch.status[i]!;
        all.time[slot] = time;
        all.status[slot] = status;
        all.arrival[slot] = arrival;
        all.value[slot] = batch.value[i]!;
        if (batch.texts.length > 0 || all.texts.size > 0) {
          const kind = statusKind(status);
          if (kind === 'string' || kind === 'json') {
            all.texts.set(slot, batch.texts[batch.value[i]!]!);
            all.value[slot] = 0;
          } else all.texts.delete(slot);
        }
        mark(slot);
      }
    },
    load(rows) {
      for (let i = 0; i < rows.rows; i++) {
        const slots = slotsOf(rows.tenant[i]!);
        const slot = slots.get(rows.series[i]!) ?? addSlot(slots, rows.tenant[i]!, rows.series[i]!);
        all.time[slot] = rows.time[i]!;
        all.value[slot] = rows.value[i]!;
        all.status[slot] = rows.status[i]!;
        all.arrival[slot] = rows.arrival[i]!;
        const text = rows.texts.get(i);
        if (text !== undefined) all.texts.set(slot, text);
      }
    },
    get(tenant, series) {
      const found = new Map<number, StoredSample>();
      const slots = tenants.get(tenant);
      if (!slots) return found;
      for (const one of series) {
        const slot = slots.get(one);
        if (slot === undefined || all.time[slot]! < 0) continue;
        const status = all.status[slot]!;
        found.set(one, {
          timeUs: all.time[slot]!,
          arrivalUs: all.arrival[slot]!,
          value: storedValue(status, all.value[slot]!, all.texts.get(slot) ?? ''),
          status,
        });
      }
      return found;
    },
    *known() {
      for (const [tenant, slots] of tenants)
        yield {
          tenant,
          series: [...slots.entries()].filter(([, slot]) => all.time[slot]! >= 0).map(([series]) => series),
        };
    },
    forget(tenant, series) {
      const slot = tenants.get(tenant)?.get(series);
      if (slot === undefined) return;
      all.time[slot] = -1;
      all.texts.delete(slot);
    },
    put(tenant, series, { timeUs, arrivalUs, value, status }) {
      const slots = slotsOf(tenant);
      const slot = slots.get(series) ?? addSlot(slots, tenant, series);
      if (all.time[slot]! >= timeUs) return;
      all.time[slot] = timeUs;
      all.status[slot] = status;
      all.arrival[slot] = arrivalUs;
      const kind = statusKind(status);
      const isText = kind === 'string' || kind === 'json';
      if (isText) all.texts.set(slot, kind === 'json' ? JSON.stringify(value) : String(value));
      else all.texts.delete(slot);
      all.value[slot] = isText ? 0 : Number(value ?? 0);
      mark(slot);
    },
    markChanged(tenant, series) {
      const slot = tenants.get(tenant)?.get(series);
      if (slot !== undefined) mark(slot);
    },
    get changed() {
      return changes.length;
    },
    takeChanged() {
      // A series may have been forgotten since it changed.
      const rows = changes.filter((slot) => all.time[slot]! >= 0);
      const taken = pickRows(all, rows);
      for (const slot of changes) changed[slot] = 0;
      changes = [];
      return taken;
    },
    putBack(rows) {
      for (let i = 0; i < rows.rows; i++) mark(tenants.get(rows.tenant[i]!)!.get(rows.series[i]!)!);
    },
  };
}
