import type { LogRecord } from '../log/log.ts';
import { appendRecord, openSampleBlock, type SampleBlock } from './sample-block.ts';
import { type StoredSample, storedValue } from './stored-sample.ts';

/** The rows that were read from the log and are not in the store yet: blocks in order, the last one still open. */
export interface FreshSamples {
  readonly rows: number;
  /** Characters of all texts. */
  readonly textLength: number;
  /** The oldest block that is complete. */
  readonly sealed: SampleBlock | undefined;
  readonly open: SampleBlock | undefined;
  readonly oldestArrivalUs: number | undefined;
  append(record: LogRecord): void;
  /** Closes the open block: its range of the log is final. */
  seal(): void;
  /** Takes the oldest sealed block away: it is stored. */
  drop(): void;
  clear(): void;
  /**
   * What is here of these series from `fromUs` up to `toUs` (exclusive), by time, each time once with what arrived
   * last. A series without any is absent.
   */
  select(tenant: number, series: ReadonlySet<number>, fromUs: number, toUs: number): Map<number, StoredSample[]>;
}

export function createFreshSamples(blockRows: number): FreshSamples {
  const sealed: SampleBlock[] = [];
  let open: SampleBlock | undefined;
  let rows = 0;
  /** Of the next block: blocks in a row are of about the same size. */
  let capacity = 4096;
  /** A block that is stored: its columns are megabytes, which else only a whole collection gives back. */
  let spare: SampleBlock | undefined;

  return {
    get rows() {
      return rows;
    },
    get textLength() {
      return [...sealed, ...(open ? [open] : [])].reduce((sum, block) => sum + block.textLength, 0);
    },
    get sealed() {
      return sealed[0];
    },
    get open() {
      return open;
    },
    get oldestArrivalUs() {
      return (sealed[0] ?? open)?.oldestArrivalUs;
    },
    append(record) {
      if (!open) {
        open = openSampleBlock(record, Math.max(record.batch.count, capacity), spare);
        spare = undefined;
      }
      appendRecord(open, record);
      rows += record.batch.count;
    },
    seal() {
      if (!open) return;
      sealed.push(open);
      capacity = Math.min(blockRows, Math.ceil(open.rows * 1.1)) + 1024;
      open = undefined;
    },
    drop() {
      const stored = sealed.shift();
      if (!stored) return;
      rows -= stored.rows;
      spare = stored.series.length <= 2 * capacity ? stored : undefined;
    },
    clear() {
      sealed.length = 0;
      open = undefined;
      rows = 0;
    },
    select: (tenant, series, fromUs, toUs) =>
      selectSamples(
        (open ? [...sealed, open] : sealed).map((block) => ({ block, firstRow: 0 })),
        { tenant, series, fromUs, toUs },
      ),
  };
}

/** What of these series is in the blocks, from `firstRow` on, by time; each time once with what arrived last. */
export function selectSamples(
  blocks: readonly { readonly block: SampleBlock; readonly firstRow: number }[],
  { tenant, series, fromUs, toUs }: { tenant: number; series: ReadonlySet<number>; fromUs: number; toUs: number },
): Map<number, StoredSample[]> {
  const found = new Map<number, Map<number, StoredSample>>();
  for (const { block, firstRow } of blocks)
    for (let i = firstRow; i < block.rows; i++) {
      const time = block.time[i]!;
      const one = block.series[i]!;
      if (time < fromUs || time >= toUs || block.tenant[i] !== tenant || !series.has(one)) continue;
      let ofSeries = found.get(one);
      if (!ofSeries) {
        ofSeries = new Map();
        found.set(one, ofSeries);
      }
      const sample = sampleAt(block, i);
      const other = ofSeries.get(time);
      if (!other || sample.arrivalUs >= other.arrivalUs) ofSeries.set(time, sample);
    }
  return new Map(
    Array.from(found, ([one, samples]) => [one, [...samples.values()].sort((a, b) => a.timeUs - b.timeUs)]),
  );
}

function sampleAt(block: SampleBlock, i: number): StoredSample {
  const status = block.status[i]!;
  return {
    timeUs: block.time[i]!,
    arrivalUs: block.arrival[i]!,
    value: storedValue(status, block.value[i]!, block.texts.get(i) ?? ''),
    status,
  };
}
