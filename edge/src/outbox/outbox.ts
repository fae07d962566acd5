import { join } from 'node:path';
import { type Cause, type DeviceId, encodeBatch, type Sample, toBatch } from '@luban/contracts';
import { JournalError, type JournalFault, openJournal } from '@luban/journal';
import { edgeCause, messageOf } from '../edge-errors.ts';
import { pause } from '../pause.ts';
import { createGatherer } from './gatherer.ts';
import { lossesOf, type OutboxLoss } from './losses.ts';
import { openOffsets } from './offsets.ts';
import { decodeRecord, encodeRecord, type OutboxRecord, timeSpan } from './outbox-record.ts';

export interface Outbox {
  /** Takes samples of one device; a promise asks the caller to wait for the disk. */
  put(device: DeviceId, samples: readonly Sample[]): void | Promise<void>;
  /** The position that the next record gets. */
  readonly next: number;
  /** Stored records from `from` on, in order, up to about 1 MB. */
  read(from: number): Promise<OutboxRecord[]>;
  waitFor(position: number, signal: AbortSignal): Promise<boolean>;
  missing(end: number): { from: number; to: number }[];
  /** The platform has these records (or they are settled otherwise): they leave the outbox. */
  settle(records: readonly OutboxRecord[]): void;
  /** Nothing readable is left at these positions. */
  skip(from: number, to: number): void;
  /** `samples` and `bytes` are what is not acknowledged; `waiting` of the samples are not yet on disk. */
  state(): {
    samples: number;
    waiting: number;
    bytes: number;
    limitBytes: number;
    cause: Cause | null;
    samplesPut: number;
  };
  oldestMs(): Promise<number | null>;
  /** Everything taken is on disk when it resolves. */
  stop(): Promise<void>;
}

const maxRecordBytes = 1_000_000;

/**
 * Keeps samples on disk until the platform has acknowledged them. At `limitBytes` the oldest are dropped and told to
 * `onLoss`, durably, before they go.
 */
export async function openOutbox(options: {
  directory: string;
  limitBytes: number;
  onLoss(losses: OutboxLoss[]): Promise<void>;
  onFault(cause: Cause): void;
  /** Nothing waits any more: whatever is lost from here on is another outage. */
  onDrained(): void;
  now(): number;
}): Promise<Outbox> {
  const { limitBytes, onLoss, onFault, now } = options;
  const segmentBytes = Math.max(65_536, Math.min(16_777_216, Math.floor(limitBytes / 16)));
  const damage: JournalFault[] = [];
  let opened = false;
  const journal = await openJournal({
    directory: join(options.directory, 'journal'),
    segmentBytes,
    onFault: (fault) => {
      damage.push(fault);
      if (opened) tellDamage();
    },
  });
  const stopping = new AbortController();
  const path = join(options.directory, 'acknowledged.json');
  const offsets = await openOffsets({ journal, path, stopping: stopping.signal, onFault, now });
  const { acknowledged } = offsets;
  let cause: Cause | null = null;
  let samplesPut = 0;
  let bytesPut = 0;
  let pendingSamples = 0;
  let pendingBytes = 0;
  const background = new Set<Promise<void>>();
  const unreadable = new Set<number>();

  await countPending();
  opened = true;
  tellDamage();
  const gatherer = createGatherer({ store, onOverflow: dropUnstored, now });

  async function countPending(): Promise<void> {
    const [last] = journal.next === 0 ? [] : await readRecords(journal.next - 1, 1);
    if (!last) return;
    samplesPut = last.samplesBefore + last.samples;
    bytesPut = last.bytesBefore + last.bytes;
    for (const range of acknowledged.missing(journal.next)) {
      const [first] = await readRecords(range.from, 1);
      const [after] = range.to < journal.next ? await readRecords(range.to, 1) : [];
      if (!first || first.position >= range.to) continue;
      pendingSamples += (after?.samplesBefore ?? samplesPut) - first.samplesBefore;
      pendingBytes += (after?.bytesBefore ?? bytesPut) - first.bytesBefore;
    }
  }

  async function readRecords(from: number, records: number): Promise<OutboxRecord[]> {
    for (let at = from; ; ) {
      const found = await journal.read(at, { records, bytes: 1_048_576 });
      const readable = found.flatMap(({ position, payload }) => {
        try {
          return [decodeRecord(position, payload)];
        } catch (error) {
          tellUnreadable(position, messageOf(error));
          return [];
        }
      });
      if (readable.length > 0 || found.length === 0) return readable;
      at = found.at(-1)!.position + 1; // an empty answer means the end
    }
  }

  /** A record that the disk kept well and this program does not understand: passed over like a damaged one. */
  function tellUnreadable(position: number, detail: string): void {
    if (unreadable.has(position) || acknowledged.has(position)) return;
    unreadable.add(position);
    const why = edgeCause('outbox.damaged', `record ${position}: ${detail}`);
    onFault(why);
    const span = { fromMs: now(), toMs: now(), samplesLost: null };
    run(onLoss([{ why: 'outbox-damaged', device: null, ...span, cause: why }]));
  }

  async function store(groups: ReadonlyMap<DeviceId, readonly Sample[]>, putMs: number): Promise<void> {
    const samples = [...groups.values()].flat();
    let batch: Uint8Array;
    try {
      batch = encodeBatch(toBatch(samples));
    } catch (error) {
      return await loseUnencodable(groups, messageOf(error));
    }
    if (batch.length > maxRecordBytes && samples.length > 1) {
      for (const half of halves(groups)) await store(half, putMs);
      return;
    }
    const devices = [...groups].map(([device, of]): [DeviceId, number] => [device, of.length]);
    const times = { putMs, ...timeSpan(samples) };
    const counts = { samples: samples.length, samplesBefore: samplesPut, bytesBefore: bytesPut };
    const record = encodeRecord({ ...counts, ...times, devices }, batch);
    await append(record);
    samplesPut += samples.length;
    bytesPut += record.length;
    pendingSamples += samples.length;
    pendingBytes += record.length;
  }

  /** A fault of the program, never of the disk: told, so that it does not stop what comes after. */
  async function loseUnencodable(groups: ReadonlyMap<DeviceId, readonly Sample[]>, detail: string): Promise<void> {
    const why = edgeCause('outbox.damaged', detail);
    onFault(why);
    const lost = { why: 'outbox-damaged' as const, neverKept: true, cause: why };
    await onLoss([...groups].map(([device, of]) => ({ ...lost, device, ...timeSpan(of), samplesLost: of.length })));
  }

  /** Appends, making room or waiting for the disk as long as it takes; gives up only while stopping. */
  async function append(record: Buffer): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        while (journal.bytes + record.length > limitBytes - segmentBytes && (await dropOldest()));
        await journal.append(record);
        cause = cause?.code === 'outbox.disk' ? null : cause;
        return;
      } catch (error) {
        const code = error instanceof JournalError ? error.code : null;
        if (code === 'journal.closed' || (stopping.signal.aborted && tries > 2)) throw error;
        const told = cause?.code === 'outbox.disk';
        cause = edgeCause('outbox.disk', messageOf(error));
        if (!told) onFault(cause);
        if (code === 'journal.full' && (await dropOldest().catch(() => false))) continue; // the disk's fault is told above
        await pause(stopping.signal.aborted ? 100 : 1000, new AbortController().signal);
      }
    }
  }

  /** Drops about one segment of the oldest samples. False when nothing can be freed. */
  async function dropOldest(): Promise<boolean> {
    const before = journal.bytes;
    const lost: OutboxRecord[] = [];
    let at = Math.max(acknowledged.prefix, journal.first);
    for (let freed = 0; freed < segmentBytes && at < journal.next; ) {
      const records = await readRecords(at, 200);
      if (records.length === 0) at = journal.next;
      for (const record of records) {
        at = record.position + 1;
        freed += record.bytes;
        if (!acknowledged.has(record.position)) lost.push(record);
        if (freed >= segmentBytes) break;
      }
    }
    if (lost.length > 0) {
      const full = edgeCause('outbox.full', `${limitBytes} bytes`);
      await onLoss(lossesOf(lost, 'outbox-full', full)); // first the word, then the deed
      if (cause === null) onFault(full);
      cause = full;
    }
    // Acknowledged while the ledger was written: then it was counted as lost and is not; never the other way round.
    for (const record of lost) if (!acknowledged.has(record.position)) settleOne(record);
    acknowledged.add(acknowledged.prefix, at);
    await offsets.commit();
    return journal.bytes < before;
  }

  function settleOne(record: OutboxRecord): void {
    pendingSamples -= record.samples;
    pendingBytes -= record.bytes;
    acknowledged.add(record.position, record.position + 1);
  }

  /** Memory is full because the disk takes nothing: the newest are refused, and told once the disk writes again. */
  function dropUnstored(device: DeviceId, samples: readonly Sample[]): void {
    const why = edgeCause('outbox.disk', cause?.detail);
    const span = { ...timeSpan(samples), samplesLost: samples.length };
    const loss = { why: 'outbox-full' as const, device, ...span, neverKept: true, cause: why };
    run(onLoss([loss]));
  }

  function tellDamage(): void {
    for (const fault of damage.splice(0)) run(told(fault));
  }

  async function told(fault: JournalFault): Promise<void> {
    if (fault.kind === 'dropped' || fault.kind === 'offset') return; // the first never happens here, the second loses nothing
    const range = 'positions' in fault ? fault.positions : fault;
    if (range.to <= range.from || range.to <= acknowledged.prefix) return;
    const [before] = range.from > journal.first ? await readRecords(range.from - 1, 1) : [];
    const [after] = await readRecords(range.to, 1);
    const known = before && before.position < range.from && after;
    const samplesLost = known ? after.samplesBefore - before.samplesBefore - before.samples : null;
    const span = { fromMs: before?.toMs ?? after?.fromMs ?? now(), toMs: after?.fromMs ?? now() };
    if (samplesLost !== null) pendingSamples -= samplesLost;
    const why = edgeCause('outbox.damaged', `${fault.kind}, records ${range.from} to ${range.to - 1}`);
    onFault(why);
    const [fromMs, toMs] = [Math.min(span.fromMs, span.toMs), Math.max(span.fromMs, span.toMs)];
    await onLoss([{ why: 'outbox-damaged', device: null, fromMs, toMs, samplesLost, cause: why }]);
  }

  function run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => onFault(edgeCause('outbox.disk', messageOf(error))))
      .finally(() => background.delete(done));
    background.add(done);
  }

  function settled(): void {
    if (acknowledged.prefix >= journal.next) {
      pendingSamples = 0;
      pendingBytes = 0;
      options.onDrained();
    }
    if (cause?.code === 'outbox.full' && pendingBytes < limitBytes / 2) cause = null;
    run(offsets.commitSoon());
  }

  return {
    put: gatherer.put,
    get next() {
      return journal.next;
    },
    read: (from) => readRecords(from, 64),
    waitFor: (position, signal) => journal.waitFor(position, signal),
    missing: (end) => acknowledged.missing(end),
    settle(records) {
      for (const record of records) if (!acknowledged.has(record.position)) settleOne(record);
      settled();
    },
    skip(from, to) {
      acknowledged.add(from, to);
      settled();
    },
    state: () => ({
      samples: Math.max(0, pendingSamples) + gatherer.waiting,
      waiting: gatherer.waiting,
      bytes: Math.max(0, pendingBytes),
      limitBytes,
      cause,
      samplesPut: samplesPut + gatherer.waiting,
    }),
    async oldestMs() {
      const [hole] = acknowledged.missing(journal.next);
      const [oldest] = hole ? await readRecords(hole.from, 1) : [];
      return oldest ? oldest.fromMs : null;
    },
    async stop() {
      stopping.abort();
      try {
        await gatherer.stop();
        await Promise.all(background);
        await offsets.commit();
      } finally {
        await journal.close();
      }
    },
  };
}

/** Two halves of the samples, each keeping the order of every device. */
function halves(groups: ReadonlyMap<DeviceId, readonly Sample[]>): ReadonlyMap<DeviceId, readonly Sample[]>[] {
  const cut = (take: (samples: readonly Sample[]) => readonly Sample[]) =>
    new Map([...groups].map(([device, samples]) => [device, take(samples)] as const).filter(([, s]) => s.length > 0));
  if (groups.size > 1) {
    const all = [...groups];
    const middle = all.length >> 1;
    return [new Map(all.slice(0, middle)), new Map(all.slice(middle))];
  }
  return [cut((s) => s.slice(0, s.length >> 1)), cut((s) => s.slice(s.length >> 1))];
}
