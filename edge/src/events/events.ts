import { join } from 'node:path';
import { type Cause, type DeviceId, type EdgeEvent, edgeEvent } from '@luban/contracts';
import { type Journal, type JournalRecord, openJournal } from '@luban/journal';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../state-file.ts';

const stored = edgeEvent.omit({ sequence: true });

export interface EventLog {
  put(severity: 'info' | 'warning' | 'error', cause: Cause, device?: DeviceId | null): void;
  readonly journal: Journal;
  /** A stored event with its sequence, as it is sent. */
  read(record: JournalRecord): EdgeEvent;
  stop(): Promise<void>;
}

/**
 * The edge's log of errors for people. An event's sequence is its position in a journal of its own, counted from the
 * time (ms) at which that journal was begun: it grows by one and is never given twice, over restarts and also when the
 * edge loses its disk and enrols again. At 4 MiB the oldest go, sent or not.
 */
export async function openEventLog(options: {
  directory: string;
  now(): number;
  onFault(error: unknown): void;
}): Promise<EventLog> {
  const journal = await openJournal({ directory: options.directory, maxBytes: 4_194_304, overflow: 'drop-oldest' });
  const basePath = join(options.directory, 'first-sequence.json');
  const first = (await readStateFile(basePath, z.int())) ?? options.now() - journal.next;
  await writeStateFile(basePath, first);
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
    read: ({ position, payload }) => ({
      sequence: first + position,
      ...stored.parse(JSON.parse(payload.toString('utf8'))),
    }),
    async stop() {
      await Promise.all(writing);
      await journal.close();
    },
  };
}
