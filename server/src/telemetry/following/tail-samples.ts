import type { LogRecord } from '../../log/log.ts';
import { type FreshSamples, selectSamples } from '../fresh-samples.ts';
import { appendRecord, openSampleBlock, type SampleBlock } from '../sample-block.ts';

/** Rows of the log's end that another server has not stored yet, as far as it has told. */
export interface TailSamples extends Pick<FreshSamples, 'rows' | 'textLength' | 'select'> {
  append(record: LogRecord): void;
  /** Forgets the records before `position`: they are stored. */
  dropBefore(position: number): void;
}

interface TailBlock {
  readonly block: SampleBlock;
  /** Where each record begins. */
  readonly positions: number[];
  readonly starts: number[];
  firstRow: number;
}

const blockRows = 16_384;

export function createTailSamples(): TailSamples {
  const blocks: TailBlock[] = [];
  let rows = 0;

  function openBlock(record: LogRecord): TailBlock {
    const block = openSampleBlock(record, Math.max(record.batch.count, blockRows));
    const opened = { block, positions: [], starts: [], firstRow: 0 };
    blocks.push(opened);
    return opened;
  }

  return {
    get rows() {
      return rows;
    },
    get textLength() {
      return blocks.reduce((sum, { block }) => sum + block.textLength, 0);
    },
    append(record) {
      const last = blocks.at(-1);
      const into = last === undefined || last.block.rows >= blockRows ? openBlock(record) : last;
      into.positions.push(record.position);
      into.starts.push(into.block.rows);
      appendRecord(into.block, record);
      rows += record.batch.count;
    },
    dropBefore(position) {
      for (let first = blocks[0]; first !== undefined; first = blocks[0]) {
        if (first.block.to > position) {
          const kept = first.positions.findIndex((one) => one >= position);
          rows -= first.starts[kept]! - first.firstRow;
          first.firstRow = first.starts[kept]!;
          return;
        }
        rows -= first.block.rows - first.firstRow;
        blocks.shift();
      }
    },
    select: (tenant, series, fromUs, toUs) => selectSamples(blocks, { tenant, series, fromUs, toUs }),
  };
}
