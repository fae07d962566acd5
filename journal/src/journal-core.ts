import { dirname } from 'node:path';
import { openConsumerOffsets } from './consumer-offsets.ts';
import { lockDirectory } from './directory-lock.ts';
import { createDiskRecords } from './disk-records.ts';
import { createFaultList } from './fault-list.ts';
import { type FileSystem, syncDirectory } from './file-system.ts';
import { createGroupCommit } from './group-commit.ts';
import type { Journal, JournalOptions, Position } from './journal-contract.ts';
import { asJournalError, JournalError } from './journal-error.ts';
import { createPositionWaiters } from './position-waiters.ts';
import { createQuarantine } from './quarantine.ts';
import { createRecentRecords } from './recent-records.ts';
import type { RecordBatch } from './record-batch.ts';
import { recover } from './recovery.ts';
import { countRemovable } from './retention.ts';
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import { createSegmentWriter } from './segment-writer.ts';

const MIB = 1024 * 1024;
const LEAST_SEGMENT_BYTES = 4096;
const MOST_BATCH_BYTES = 2 * MIB;
/** One read of consumers; more would outlive collections of young memory, and wait for a whole one. */
const RECENT_BYTES = 4 * MIB;
const DEFAULT_READ_BYTES = 4 * MIB;

export async function createJournal(options: JournalOptions, fileSystem: FileSystem): Promise<Journal> {
  const { directory } = options;
  try {
    const created = await fileSystem.mkdir(`${directory}/consumers`, { recursive: true });
    if (created !== undefined) {
      await syncDirectory(fileSystem, directory);
      await syncDirectory(fileSystem, dirname(directory));
    }
    const lock = await lockDirectory(fileSystem, directory);
    try {
      return await openLocked(options, fileSystem, lock.release);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw asJournalError(error, `open ${directory}`);
  }
}

async function openLocked(
  options: JournalOptions,
  fileSystem: FileSystem,
  unlock: () => Promise<void>,
): Promise<Journal> {
  const { directory, maxBytes, maxAgeMs, overflow = 'refuse', maxRecordBytes = 16 * MIB, clock = Date.now } = options;
  const quarter = maxBytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(maxBytes / 4);
  const segmentBytes = Math.max(LEAST_SEGMENT_BYTES, Math.min(options.segmentBytes ?? 64 * MIB, quarter));
  const faults = createFaultList(options.onFault);
  const quarantine = createQuarantine(fileSystem, `${directory}/quarantine`);
  let next: Position = 0;
  let closing: Promise<void> | undefined;
  let unhealthy: { code: JournalError['code']; message: string; since: number } | undefined;

  const consumers = await openConsumerOffsets({
    fileSystem,
    directory: `${directory}/consumers`,
    bounds: () => ({ first: first(), next }),
    isClosed: () => closing !== undefined,
    report: faults.report,
    clock,
  });
  const recovered = await recover({ fileSystem, directory, quarantine, faults, clock });
  const { segments, seed, active } = recovered;
  const writer = createSegmentWriter({ fileSystem, directory, seed, segmentBytes, clock, segments, active });
  next = recovered.next;
  if (consumers.highest() > next) {
    faults.report({ kind: 'missing', at: clock(), from: next, to: consumers.highest() });
    next = consumers.highest();
  }
  if (next > (segments.at(-1)?.end ?? -1)) await beginSegment();

  const recent = createRecentRecords(next, RECENT_BYTES);
  const disk = createDiskRecords({ fileSystem, segments, quarantine, faults, clock });
  const waiters = createPositionWaiters(next);
  const mostBatchBytes = Math.min(MOST_BATCH_BYTES, segmentBytes - SEGMENT_HEADER_BYTES);
  const commits = createGroupCommit({ seed, next, mostBatchBytes, write: writeOrTrim, written, failed });

  function first(): Position {
    return segments[0]?.first ?? next;
  }

  function bytesOnDisk(): number {
    return segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Holds the positions that are skipped. A journal on a full disk must open all the same: it is to be drained. */
  async function beginSegment(): Promise<void> {
    try {
      await writer.roll(next);
    } catch (error) {
      const fault = asJournalError(error, `begin a segment in ${directory}`);
      if (segments.length === 0) throw fault;
      failed(fault);
    }
  }

  async function write(batch: RecordBatch): Promise<void> {
    if (maxBytes !== undefined) await makeRoom(batch, maxBytes);
    const startedMs = performance.now();
    await writer.write(batch);
    const { lengths, bytes } = batch;
    options.onWritten?.({ records: lengths.length, bytes, milliseconds: performance.now() - startedMs });
  }

  /** Full: what every consumer has taken goes, and it is tried once more before anything is refused. */
  async function writeOrTrim(batch: RecordBatch): Promise<void> {
    try {
      await write(batch);
    } catch (error) {
      const oldest = first();
      if (asJournalError(error, 'append').code === 'journal.full') await removeCommitted();
      if (first() === oldest) throw error;
      await write(batch);
    }
  }

  function written(batch: RecordBatch): void {
    recent.add(batch);
    next = batch.next;
    unhealthy = undefined;
    waiters.reached(next);
  }

  function failed(error: JournalError): void {
    unhealthy = { code: error.code, message: error.message, since: unhealthy?.since ?? clock() };
  }

  async function makeRoom(batch: RecordBatch, most: number): Promise<void> {
    for (;;) {
      const needed = batch.bytes + (writer.rollsFor(batch.bytes) ? SEGMENT_HEADER_BYTES : 0);
      if (bytesOnDisk() + needed <= most) return;
      const oldest = segments[0]!;
      const end = segments[1]?.first ?? next;
      const slowest = consumers.slowest();
      const done = slowest !== undefined && end <= slowest;
      if ((!done && overflow === 'refuse') || (segments.length === 1 && oldest.end === oldest.first)) {
        throw new JournalError('journal.full', `the journal holds its most of ${most} bytes`);
      }
      if (segments.length === 1) await writer.roll(next);
      // A trim may have taken it while the new segment was made.
      if (segments[0] !== oldest) continue;
      await removeOldest(1);
      if (done) continue;
      faults.report({ kind: 'dropped', at: clock(), from: Math.max(oldest.first, slowest ?? 0), to: end });
    }
  }

  async function removeOldest(count: number): Promise<void> {
    for (const segment of segments.splice(0, count)) await fileSystem.unlink(segment.path);
    if (count > 0) await syncDirectory(fileSystem, directory);
  }

  async function removeCommitted(): Promise<void> {
    await removeOldest(countRemovable(segments, { maxAgeMs, maxBytes }, consumers.slowest(), clock()));
  }

  function join(payload: Uint8Array): RecordBatch {
    refuseWhenClosed();
    const size = payload.length;
    if (size > maxRecordBytes || size + RECORD_HEADER_BYTES > 0xffff_ffff) {
      throw new JournalError('journal.too-large', `a record of ${size} bytes; the most is ${maxRecordBytes}`);
    }
    return commits.join(
      Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    );
  }

  function refuseWhenClosed(): void {
    if (closing) throw new JournalError('journal.closed', `the journal in ${directory} is closed`);
  }

  return {
    async append(payload) {
      const { durable, next: after } = join(payload);
      await durable;
      return after - 1;
    },
    join(payload) {
      try {
        return join(payload).durable;
      } catch (error) {
        return Promise.reject(error);
      }
    },
    get first() {
      return first();
    },
    get next() {
      return next;
    },
    get bytes() {
      return bytesOnDisk();
    },
    async read(from, limit) {
      refuseWhenClosed();
      const start = Math.max(from, first());
      const { records = Number.POSITIVE_INFINITY, bytes = DEFAULT_READ_BYTES } = limit;
      if (start >= next || records <= 0) return [];
      if (start >= recent.first) return recent.read(start, records, bytes);
      const end = next;
      const found = await disk.read(start, records, bytes);
      if (found.length === 0) waiters.barren(start, end);
      return found;
    },
    async waitFor(position, signal) {
      return await waiters.waitFor(position, signal);
    },
    consumer: consumers.consumer,
    async trim() {
      refuseWhenClosed();
      try {
        await removeCommitted();
      } catch (error) {
        throw asJournalError(error, `trim ${directory}`);
      }
      return { removed: first() };
    },
    files: () => segments.map(({ path, name, bytes }) => ({ path, name, bytes })),
    faults: faults.all,
    state: () => (unhealthy ? { healthy: false, fault: { ...unhealthy } } : { healthy: true }),
    close() {
      closing ??= (async () => {
        waiters.close();
        await commits.drained();
        await consumers.drained();
        await writer.close();
        await unlock();
      })();
      return closing;
    },
  };
}
