import { type Cause, type DeviceId, edgeEvent } from '@luban/contracts';
import { type Journal, openJournal } from '@luban/journal';

const stored = edgeEvent.omit({ sequence: true });

export interface EventLog {
  put(severity: 'info' | 'warning' | 'error', cause: Cause, device?: DeviceId | null): void;
  readonly journal: Journal;
  stop(): Promise<void>;
}

/**
 * The edge's log of errors for people. An event's sequence is its position in a journal of its own: it grows by one and
 * is never given twice, also over restarts. At 4 MiB the oldest go, sent or not.
 */
export async function openEventLog(options: {
  directory: string;
  now(): number;
  onFault(error: unknown): void;
}): Promise<EventLog> {
  const journal = await openJournal({ directory: options.directory, maxBytes: 4_194_304, overflow: 'drop-oldest' });
  const writing = new Set<Promise<unknown>>();
  return {
    put(severity, cause, device = null) {
      const event = { timeMs: options.now(), severity, device, cause };
      const done = journal
        .append(Buffer.from(JSON.stringify(event)))
        .catch(options.onFault)
        .finally(() => writing.delete(done));
      writing.add(done);
    },
    journal,
    async stop() {
      await Promise.all(writing);
      await journal.close();
    },
  };
}

/** A stored event with its sequence, as it is sent. */
export function readEvent(position: number, payload: Buffer) {
  return { sequence: position, ...stored.parse(JSON.parse(payload.toString('utf8'))) };
}
