import { type DeviceId, type Gap, gap, newId, type Series } from '@luban/contracts';
import { type Journal, openJournal } from '@luban/journal';
import type { OutboxLoss } from '../outbox/losses.ts';

export interface GapLedger {
  /** Opens a gap, unless one is open for the same device, cause and series. Durable when it resolves. */
  open(opened: Omit<Gap, 'id' | 'toMs' | 'samplesLost'>): Promise<void>;
  /** Closes the open gaps of a device with this cause; of several, those whose series `ended` says. */
  close(device: DeviceId, why: Gap['why'], toMs: number, ended?: (series: Series[] | null) => boolean): Promise<void>;
  /** Writes a gap that is over. */
  write(whole: Omit<Gap, 'id'>): Promise<void>;
  /** Samples that were dropped: what one device loses in one outage is one gap that grows, with exact counts. */
  lose(losses: readonly OutboxLoss[]): Promise<void>;
  /** The outage is over: the next loss is a new gap. */
  endOutage(): void;
  openGaps(): readonly Gap[];
  /** The ledger's entries, to send: one gap as JSON in each. */
  readonly journal: Journal;
  stop(): Promise<void>;
}

/**
 * The gap ledger on disk: a journal whose entries are gaps; a later entry with the same id replaces the earlier one.
 * Entries stay until the platform has them and, for those that are open, until they are closed.
 */
export async function openGapLedger(options: { directory: string; now(): number }): Promise<GapLedger> {
  const journal = await openJournal({ directory: options.directory, segmentBytes: 1_048_576 });
  const consumer = journal.consumer('open');
  const open = new Map<string, { gap: Gap; position: number }>();
  const losses = new Map<string, Gap>();

  for (let at = Math.max(consumer.committed, journal.first); at < journal.next; ) {
    const records = await journal.read(at, { records: 500 });
    if (records.length === 0) break;
    for (const { position, payload } of records) {
      at = position + 1;
      remember(gap.parse(JSON.parse(payload.toString('utf8'))), position);
    }
  }

  function remember(entry: Gap, position: number): void {
    if (entry.toMs !== null) open.delete(entry.id);
    else if (!open.has(entry.id)) open.set(entry.id, { gap: entry, position });
  }

  async function append(entry: Gap): Promise<void> {
    const place = { gap: entry, position: journal.next };
    if (entry.toMs === null) open.set(entry.id, place); // at once, so that it is not opened twice
    place.position = await journal.append(Buffer.from(JSON.stringify(entry)));
    if (entry.toMs === null) return;
    const oldest = Math.min(journal.next, ...[...open.values()].map(({ position }) => position));
    if (oldest > consumer.committed) await consumer.commit(oldest);
  }

  return {
    async open(opened) {
      const same = JSON.stringify(opened.series);
      for (const { gap: one } of open.values())
        if (one.device === opened.device && one.why === opened.why && JSON.stringify(one.series) === same) return;
      await append({ id: newId('gap', options.now()), ...opened, toMs: null, samplesLost: null });
    },
    async close(device, why, toMs, ended = () => true) {
      for (const { gap: one } of [...open.values()]) {
        if (one.device !== device || one.why !== why || !ended(one.series)) continue;
        open.delete(one.id);
        await append({ ...one, toMs: Math.max(toMs, one.fromMs) });
      }
    },
    write: (whole) => append({ id: newId('gap', options.now()), ...whole }),
    async lose(lost) {
      for (const { device, why, fromMs, toMs, samplesLost, cause } of lost) {
        const key = `${device} ${why} ${cause.code}`;
        const before = losses.get(key);
        const entry: Gap = {
          id: before?.id ?? newId('gap', options.now()),
          device,
          series: null,
          fromMs: Math.min(fromMs, before?.fromMs ?? fromMs),
          toMs: Math.max(toMs, before?.toMs ?? toMs),
          why,
          samplesLost: samplesLost === null ? null : samplesLost + (before?.samplesLost ?? 0),
          cause,
        };
        if (samplesLost !== null) losses.set(key, entry);
        await append(entry);
      }
    },
    endOutage: () => losses.clear(),
    openGaps: () => [...open.values()].map(({ gap: one }) => one),
    journal,
    stop: () => journal.close(),
  };
}
