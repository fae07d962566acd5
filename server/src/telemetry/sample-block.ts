import { statusKind } from '@luban/contracts';
import type { LogRecord } from '../log/log.ts';
import { emptyColumns, growColumns, type SampleColumns } from './sample-columns.ts';

/** Rows gathered from the log records `from` … `to` − 1. */
export interface SampleBlock extends SampleColumns {
  readonly from: number;
  to: number;
  /** When the oldest record came in, by the platform's clock. */
  readonly oldestArrivalUs: number;
  /** `performance.now()` of the first row. */
  readonly openedMs: number;
  /** Characters of all texts. */
  textLength: number;
}

export function openSampleBlock(
  record: LogRecord,
  capacity: number,
  columns: SampleColumns = emptyColumns(capacity),
): SampleBlock {
  return {
    ...columns,
    rows: 0,
    texts: new Map(),
    from: record.position,
    to: record.position,
    oldestArrivalUs: record.arrivalUs,
    openedMs: performance.now(),
    textLength: 0,
  };
}

export function appendRecord(block: SampleBlock, record: LogRecord): void {
  const { batch } = record;
  const start = block.rows;
  const end = start + batch.count;
  growColumns(block, end);
  if (batch.count <= fewRows) copyRows(block, start, record);
  else {
    block.tenant.fill(record.tenant, start, end);
    block.series.set(batch.series, start);
    block.time.set(batch.time, start);
    block.value.set(batch.value, start);
    block.status.set(batch.status, start);
    block.arrival.fill(wholeMillis(record.arrivalUs), start, end);
  }
  if (batch.texts.length > 0) {
    for (let i = 0; i < batch.count; i++) {
      const kind = statusKind(batch.status[i]!);
      if (kind !== 'string' && kind !== 'json') continue;
      const text = batch.texts[batch.value[i]!]!;
      block.texts.set(start + i, text);
      block.textLength += text.length;
      block.value[start + i] = 0;
    }
  }
  block.rows = end;
  block.to = record.position + 1;
}

/** Up to here copying one by one costs less than six calls. */
const fewRows = 16;

function copyRows(block: SampleBlock, start: number, { tenant, arrivalUs, batch }: LogRecord): void {
  const arrival = wholeMillis(arrivalUs);
  for (let i = 0; i < batch.count; i++) {
    block.tenant[start + i] = tenant;
    block.series[start + i] = batch.series[i]!;
    block.time[start + i] = batch.time[i]!;
    block.value[start + i] = batch.value[i]!;
    block.status[start + i] = batch.status[i]!;
    block.arrival[start + i] = arrival;
  }
}

/** Arrival is kept to the millisecond, so it reads the same before and after it is stored. */
export function wholeMillis(us: number): number {
  return Math.floor(us / 1000) * 1000;
}
