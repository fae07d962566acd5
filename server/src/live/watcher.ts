import { batchValue, type LiveMessage, type Series } from '@luban/contracts';
import type { LogRecord } from '../log/log.ts';
import { toReading } from '../readings/readings.ts';
import { countsFromUs, type StoredSample } from '../telemetry/telemetry.ts';

/**
 * What one watcher waits for: the newest sample of each series that it asked for. A slow watcher costs one entry a
 * series, however long it sleeps.
 */
export class Watcher {
  readonly tenantNumber: number;
  flow = false;
  edges = false;
  #series: ReadonlySet<number> = new Set();
  readonly #pending = new Map<number, StoredSample>();

  constructor(tenantNumber: number) {
    this.tenantNumber = tenantNumber;
  }

  get series(): ReadonlySet<number> {
    return this.#series;
  }

  /** Asks for these series from now on, instead of those before. */
  watch(series: ReadonlySet<number>): void {
    this.#series = series;
    for (const waiting of this.#pending.keys()) if (!series.has(waiting)) this.#pending.delete(waiting);
  }

  /** Notes what a record holds for this watcher. A late sample does not hide a newer one. */
  note(record: LogRecord): void {
    if (record.tenant !== this.tenantNumber || this.#series.size === 0) return;
    const { batch } = record;
    for (let i = 0; i < batch.count; i++) {
      const series = batch.series[i]!;
      if (!this.#series.has(series)) continue;
      const timeUs = batch.time[i]!;
      const waiting = this.#pending.get(series);
      const counts = countsFromUs(timeUs, record.arrivalUs);
      if (waiting !== undefined && countsFromUs(waiting.timeUs, waiting.arrivalUs) > counts) continue;
      this.#pending.set(series, {
        timeUs,
        arrivalUs: record.arrivalUs,
        value: batchValue(batch, i),
        status: batch.status[i]!,
      });
    }
  }

  /** The message with everything noted, or null when there is nothing; what it holds is forgotten here. */
  take(): LiveMessage | null {
    if (this.#pending.size === 0) return null;
    const readings = [...this.#pending].map(([series, sample]) => ({
      series: series as Series,
      reading: toReading(sample),
    }));
    this.#pending.clear();
    return { type: 'readings', readings };
  }
}
