import type { LogRecord } from '../log/log.ts';
import type { Deletion } from './removal-store.ts';

/** Deletions are remembered for so long: much longer than any record stays in the log. */
export const rememberedUs = 7 * 24 * 3_600_000_000;

/** What was deleted on request, as long as the log may still hold it: gone from everywhere else, it must not come back. */
export interface DeletedSamples {
  /** Another with each deletion. */
  readonly state: string;
  remember(deletion: Deletion): void;
  /** The record without what was deleted. */
  filter(record: LogRecord): LogRecord;
}

export function createDeletedSamples(known: readonly Deletion[]): DeletedSamples {
  const remembered = [...known];
  let newestUs = Math.max(0, ...known.map(({ arrivalUs }) => arrivalUs));

  return {
    get state() {
      return `${remembered.length}@${newestUs}`;
    },
    remember(deletion) {
      remembered.push(deletion);
      newestUs = Math.max(newestUs, deletion.arrivalUs);
    },
    filter(record) {
      if (record.arrivalUs > newestUs) return record;
      const { batch } = record;
      const fitting = remembered
        .filter(({ tenant, arrivalUs }) => tenant === record.tenant && arrivalUs >= record.arrivalUs)
        .map((one) => ({ ...one, series: new Set(one.series) }));
      const kept: number[] = [];
      for (let i = 0; i < batch.count; i++) {
        const time = batch.time[i]!;
        const gone = fitting.some(
          ({ series, fromUs, toUs }) => time >= fromUs && time < toUs && series.has(batch.series[i]!),
        );
        if (!gone) kept.push(i);
      }
      if (kept.length === batch.count) return record;
      return {
        ...record,
        batch: {
          ...batch,
          count: kept.length,
          series: Uint32Array.from(kept, (i) => batch.series[i]!),
          time: Float64Array.from(kept, (i) => batch.time[i]!),
          value: Float64Array.from(kept, (i) => batch.value[i]!),
          status: Uint16Array.from(kept, (i) => batch.status[i]!),
        },
      };
    },
  };
}
