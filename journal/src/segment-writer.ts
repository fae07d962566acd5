import { type FileSystem, type OpenFile, replaceFile, writeFully } from './file-system.ts';
import type { Position } from './journal-contract.ts';
import { asJournalError } from './journal-error.ts';
import type { RecordBatch } from './record-batch.ts';
import { notePlace, type Segment } from './segment.ts';
import { encodeSegmentHeader, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from './segment-format.ts';

export interface SegmentWriter {
  /** Makes the batch durable; on a failure gives the segment up behind its last durable byte and throws. */
  write(batch: RecordBatch): Promise<void>;
  /** True when this many bytes would begin a new segment. */
  rollsFor(bytes: number): boolean;
  /** Begins a new segment with `first`; an empty one of that name is replaced. */
  roll(first: Position): Promise<void>;
  close(): Promise<void>;
}

interface ActiveSegment {
  segment: Segment;
  file: OpenFile;
}

export interface SegmentWriterParts {
  fileSystem: FileSystem;
  directory: string;
  seed: number;
  segmentBytes: number;
  clock: () => number;
  /** All segments, oldest first; the writer adds to its end. */
  segments: Segment[];
  /** The segment that goes on, when the newest one can. */
  active?: ActiveSegment | undefined;
}

export function createSegmentWriter(parts: SegmentWriterParts): SegmentWriter {
  const { fileSystem, directory, seed, segments } = parts;
  let active = parts.active;

  async function closeActive(): Promise<void> {
    const closing = active;
    active = undefined;
    await closing?.file.close();
  }

  async function roll(first: Position): Promise<ActiveSegment> {
    await closeActive();
    const createdAt = parts.clock();
    const name = segmentName(first);
    // Written beside and renamed, so that no segment is ever seen without its header.
    await replaceFile(fileSystem, directory, name, encodeSegmentHeader({ seed, first, createdAt }));
    const path = `${directory}/${name}`;
    const file = await fileSystem.open(path, 'r+');
    const segment: Segment = {
      path,
      name,
      seed,
      createdAt,
      first,
      end: first,
      bytes: SEGMENT_HEADER_BYTES,
      places: [],
      reported: new Set(),
    };
    if (segments.at(-1)?.first === first) segments.pop();
    segments.push(segment);
    active = { segment, file };
    return active;
  }

  /**
   * After a failed write or sync nobody knows which pages reached the disk, and a second sync may say yes to pages that
   * are lost. So the tail is cut off where it can be, and the file is never written again.
   */
  async function abandon({ segment, file }: ActiveSegment): Promise<void> {
    active = undefined;
    try {
      await file.truncate(segment.bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  function rollsFor(bytes: number): boolean {
    if (!active) return true;
    return active.segment.end > active.segment.first && active.segment.bytes + bytes > parts.segmentBytes;
  }

  return {
    rollsFor,
    async write(batch) {
      const current = rollsFor(batch.bytes) || !active ? await roll(batch.first) : active;
      const { segment, file } = current;
      try {
        await writeFully(file, batch.buffers(), segment.bytes);
        await file.datasync();
      } catch (error) {
        const fault = asJournalError(error, `write ${segment.name}`);
        try {
          await abandon(current);
        } catch (second) {
          // The tail stays in the file; recovery leaves out what lies behind the next segment's first position.
          fault.message += `; its tail could not be cut: ${second instanceof Error ? second.message : String(second)}`;
        }
        throw fault;
      }
      for (const length of batch.lengths) {
        notePlace(segment, segment.bytes, segment.end);
        segment.bytes += RECORD_HEADER_BYTES + length;
        segment.end++;
      }
    },
    async roll(first) {
      await roll(first);
    },
    close: closeActive,
  };
}
