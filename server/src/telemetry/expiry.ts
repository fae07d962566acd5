import { type RemovalStore, type SeriesOf, startOfDay } from './removal-store.ts';
import { dayUs, type RollupStore } from './rollup-store.ts';
import type { Rollups } from './rollups.ts';

/** From when on the samples and roll-ups of a series are kept, µs; what is older expires by whole days. */
export interface KeepFrom {
  readonly samplesUs: number;
  readonly minutesUs: number;
  readonly hoursUs: number;
}

export interface ExpiryOptions {
  readonly store: RemovalStore;
  readonly rollupStore: RollupStore;
  readonly rollups: Rollups;
  /** Every series that ever had a sample, by tenant. */
  readonly known: () => Iterable<SeriesOf>;
  readonly keepFrom: (tenant: number, series: number) => KeepFrom;
}

export interface Expired {
  readonly days: number;
  readonly samples: number;
}

/**
 * Takes away what is older than it is to be kept. A day goes only when it is rolled up; at once when nothing in it is
 * kept, else the rows of the series that are not. May end at any place and begin again.
 */
export async function expire(options: ExpiryOptions, signal: AbortSignal): Promise<Expired> {
  const { store, rollupStore, rollups, keepFrom } = options;
  const groups = new Map<string, { tenant: number; minutesUs: number; hoursUs: number; series: number[] }>();
  let newestUs = 0;
  for (const { tenant, series } of options.known())
    for (const one of series) {
      const keep = keepFrom(tenant, one);
      newestUs = Math.max(newestUs, keep.samplesUs);
      const key = `${tenant}/${keep.minutesUs}/${keep.hoursUs}`;
      const group = groups.get(key);
      if (group) group.series.push(one);
      else groups.set(key, { tenant, minutesUs: keep.minutesUs, hoursUs: keep.hoursUs, series: [one] });
    }
  let days = 0;
  let samples = 0;
  for (const day of await rollupStore.days()) {
    signal.throwIfAborted();
    const toUs = (day + 1) * dayUs;
    if (toUs > newestUs || !rollups.isDone(day)) continue;
    const held = await rollupStore.counts({ fromUs: day * dayUs, toUs });
    const isOld = ({ tenant, series }: { tenant: number; series: number }) =>
      keepFrom(tenant, series).samplesUs >= toUs;
    const old = held.filter(isOld);
    if (old.length === 0) continue;
    if (old.length === held.length) await store.dropDay(day);
    else await store.deleteOfDay(day, byTenant(old));
    days++;
    samples += old.reduce((sum, { count }) => sum + count, 0);
  }
  for (const group of groups.values()) {
    signal.throwIfAborted();
    const until = (us: number) => ({ fromUs: 0, toUs: startOfDay(us) });
    if (group.minutesUs > 0) await store.deleteRollups('minutes', group, until(group.minutesUs));
    if (group.hoursUs > 0) await store.deleteRollups('hours', group, until(group.hoursUs));
  }
  return { days, samples };
}

function byTenant(all: readonly { tenant: number; series: number }[]): SeriesOf[] {
  const tenants = new Map<number, number[]>();
  for (const { tenant, series } of all) tenants.set(tenant, [...(tenants.get(tenant) ?? []), series]);
  return [...tenants].map(([tenant, series]) => ({ tenant, series }));
}
