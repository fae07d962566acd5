import type { FaultList } from './fault-list.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import type { JournalRecord, Position } from './journal-contract.ts';
import { asJournalError, systemCode } from './journal-error.ts';
import type { Quarantine } from './quarantine.ts';
import { notePlace, placeBefore, type Segment, type SegmentPlace } from './segment.ts';
import { type BadRange, readChunk } from './segment-reader.ts';

export interface DiskRecords {
  /** Records from `from` on; empty only when nothing whole lies at or after it. */
  read(from: Position, mostRecords: number, mostBytes: number): Promise<JournalRecord[]>;
}

export interface DiskRecordsParts {
  fileSystem: FileSystem;
  segments: readonly Segment[];
  quarantine: Quarantine;
  faults: FaultList;
  clock: () => number;
}

const CHUNK_BYTES = 1024 * 1024;
const LEAST_CHUNK_BYTES = 16 * 1024;
const CURSORS_KEPT = 32;

export function createDiskRecords(parts: DiskRecordsParts): DiskRecords {
  const { fileSystem, segments, faults, clock } = parts;
  /** Where recent readers stopped, so that the next read begins on the byte. */
  const cursors = new Map<Position, number>();

  function segmentAt(position: Position): Segment | undefined {
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (segments[middle]!.end > position) high = middle;
      else low = middle + 1;
    }
    return segments[low];
  }

  function rememberCursor(position: Position, offset: number): void {
    cursors.set(position, offset);
    if (cursors.size > CURSORS_KEPT) cursors.delete(cursors.keys().next().value!);
  }

  async function report(file: OpenFile, segment: Segment, bad: BadRange): Promise<void> {
    if (segment.reported.has(bad.fromByte)) return;
    segment.reported.add(bad.fromByte);
    if (bad.toByte === bad.fromByte) {
      faults.report({ kind: 'missing', at: clock(), from: bad.from, to: bad.to });
      return;
    }
    await parts.quarantine.keep(file, segment, bad.fromByte, bad.toByte);
    faults.report({
      kind: 'corrupt',
      at: clock(),
      segment: segment.name,
      fromByte: bad.fromByte,
      toByte: bad.toByte,
      positions: { from: bad.from, to: bad.to },
    });
  }

  async function readSegment(
    file: OpenFile,
    segment: Segment,
    from: Position,
    mostRecords: number,
    mostBytes: number,
  ): Promise<JournalRecord[]> {
    const span = { seed: segment.seed, bytes: segment.bytes, end: segment.end };
    const found: JournalRecord[] = [];
    const known = cursors.get(from);
    const chunkBytes = Math.max(LEAST_CHUNK_BYTES, Math.min(CHUNK_BYTES, mostBytes));
    let taken = 0;
    let at: SegmentPlace | undefined =
      known !== undefined && from >= segment.first ? { offset: known, position: from } : placeBefore(segment, from);
    while (at) {
      const chunk = await readChunk(file, span, at, chunkBytes);
      for (let i = 0; i < chunk.records.length; i++) {
        const record = chunk.records[i]!;
        const offset = chunk.offsets[i]!;
        notePlace(segment, offset, record.position);
        if (record.position < from) continue;
        taken += record.payload.length;
        if (found.length >= mostRecords || (found.length > 0 && taken > mostBytes)) {
          rememberCursor(record.position, offset);
          return found;
        }
        found.push(record);
      }
      if (chunk.bad) await report(file, segment, chunk.bad);
      at = chunk.next;
    }
    return found;
  }

  return {
    async read(from, mostRecords, mostBytes) {
      for (let at = from; ; ) {
        const segment = segmentAt(at);
        if (!segment) return [];
        let file: OpenFile;
        try {
          file = await fileSystem.open(segment.path, 'r');
        } catch (error) {
          // Trimmed meanwhile: go on with what is the oldest now.
          if (systemCode(error) === 'ENOENT' && !segments.includes(segment)) continue;
          if (systemCode(error) !== 'ENOENT') throw asJournalError(error, `open ${segment.name}`);
          const range = { from: segment.first, to: segment.end };
          if (!segment.reported.has(0)) faults.report({ kind: 'missing', at: clock(), ...range });
          segment.reported.add(0);
          at = segment.end;
          continue;
        }
        try {
          const end = segment.end;
          const records = await readSegment(file, segment, Math.max(at, segment.first), mostRecords, mostBytes);
          if (records.length > 0) return records;
          at = end;
        } catch (error) {
          throw asJournalError(error, `read ${segment.name}`);
        } finally {
          await file.close();
        }
      }
    },
  };
}
