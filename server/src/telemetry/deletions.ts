import type { LogRecord } from '../log/log.ts';
import { createDeletedSamples, type DeletedSamples, rememberedUs } from './deleted-samples.ts';
import type { LatestTable } from './latest-table.ts';
import type { TimeSpan } from './part-sql.ts';
import type { Deletion, RemovalStore, SeriesOf } from './removal-store.ts';
import type { Rollups } from './rollups.ts';
import type { ReadPage } from './series-scan.ts';

export interface DeletionsOptions {
  readonly store: RemovalStore;
  readonly rollups: Rollups;
  readonly latest: LatestTable;
  readonly nowUs: () => number;
  /** Resolves when all that the log holds now is stored and committed. */
  readonly flush: () => Promise<void>;
  /** Latest values that have changed become durable. */
  readonly saveLatest: () => Promise<void>;
  readonly pagesOf: (tenant: number, series: number) => ReadPage;
}

/** Samples taken away on request, for good: from the store, the roll-ups and the latest values. */
export interface Deletions {
  start(): Promise<void>;
  /** The record without what was deleted: the log holds samples for a while that are gone from everywhere else. */
  filter(record: LogRecord): LogRecord;
  /** Another with each deletion, and whether one is under way. */
  state(): { readonly deletions: string; readonly deleting: boolean };
  /** May be repeated after it was cut off. `onProgress`: rows done of rows in all. Resolves to the rows. */
  remove(
    of: SeriesOf,
    span: TimeSpan,
    onProgress: (done: number, total: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number>;
}

const hourUs = 3_600_000_000;

export function createDeletions(options: DeletionsOptions): Deletions {
  const { store, rollups, latest, nowUs } = options;
  let deleted: DeletedSamples = createDeletedSamples([]);
  /** Deletions under way. */
  let running = 0;

  return {
    async start() {
      await store.prepare();
      deleted = createDeletedSamples(await store.loadDeletions(nowUs() - rememberedUs));
    },
    filter: (record) => deleted.filter(record),
    state: () => ({ deletions: deleted.state, deleting: running > 0 }),
    async remove({ tenant, series }, span, onProgress, signal) {
      const deletion = { tenant, series, ...span, arrivalUs: nowUs() };
      running++;
      try {
        return await removeAll(deletion, onProgress, signal);
      } finally {
        running--;
      }
    },
  };

  async function removeAll(
    deletion: Deletion,
    onProgress: (done: number, total: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number> {
    // Remembered first: from here on nothing older can come back. Then all that is on its way goes into the store.
    await store.saveDeletion(deletion);
    deleted.remember(deletion);
    await options.flush();
    const partitions = await store.partitionsOf(deletion);
    const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
    let done = 0;
    await onProgress(0, total);
    try {
      for (const { partition, rows } of partitions) {
        signal.throwIfAborted();
        await store.deleteInPartition(partition, deletion);
        done += rows;
        await onProgress(done, total);
      }
    } finally {
      // Also where it was cut off: sums and latest values are those of what is left.
      await renewSums(deletion);
    }
    return total;
  }

  async function renewSums(deletion: Deletion): Promise<void> {
    const { tenant, series } = deletion;
    const span = { fromUs: deletion.fromUs, toUs: deletion.toUs };
    await store.deleteRollups('minutes', deletion, span);
    await store.deleteRollups('hours', deletion, span);
    // Hours of which a part is left, and samples that came since: sums of what there is now.
    const edges = { fromUs: Math.floor(span.fromUs / hourUs) * hourUs, toUs: Math.ceil(span.toUs / hourUs) * hourUs };
    for (const { series: one, hour } of await store.hoursLeft(deletion, edges)) rollups.markLate(tenant, one, hour);
    for (const hour of [edges.fromUs / hourUs, edges.toUs / hourUs - 1])
      for (const one of series) rollups.markLate(tenant, one, hour);
    await rollups.save();
    await store.deleteLatest(deletion, span);
    for (const one of series) await renewLatest(tenant, one, deletion);
    // They are in no record that a start would read again.
    await options.saveLatest();
  }

  /** The newest sample is gone: the one before it is the newest now. */
  async function renewLatest(tenant: number, series: number, deletion: Deletion): Promise<void> {
    const held = latest.get(tenant, [series]).get(series);
    if (
      held &&
      (held.timeUs < deletion.fromUs || held.timeUs >= deletion.toUs || held.arrivalUs > deletion.arrivalUs)
    ) {
      latest.markChanged(tenant, series);
      return;
    }
    latest.forget(tenant, series);
    const read = options.pagesOf(tenant, series);
    for (let windowUs = hourUs; ; windowUs *= 8) {
      const fromUs = Math.max(0, deletion.toUs - windowUs);
      let newest: Awaited<ReturnType<ReadPage>>['samples'][number] | undefined;
      for (let at = fromUs; ; ) {
        const { samples, more } = await read(at, Number.MAX_SAFE_INTEGER, 20_000);
        newest = samples.at(-1) ?? newest;
        if (!more) break;
        at = newest!.timeUs + 1;
      }
      if (newest) latest.put(tenant, series, newest);
      if (newest || fromUs === 0) return;
    }
  }
}
