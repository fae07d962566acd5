import type { Journal, JournalRecord } from '@luban/journal';
import { backOff, pause } from '../pause.ts';
import type { Connection } from './uplink.ts';

/**
 * Sends a small journal (events, gaps) entry by entry as JSON arrays, in order, one message at a time; an entry is done
 * when the platform has acknowledged it. `onRefused` hears what the platform will never take; it is passed over.
 */
export function createLedgerSender(options: {
  journal: Journal;
  topic: string;
  entry(record: JournalRecord): unknown;
  connection(signal: AbortSignal): Promise<Connection | null>;
  onRefused(reason: string): void;
  onFault(error: unknown): void;
}): { start(): void; stop(): Promise<void> } {
  const { journal, topic, entry, onRefused } = options;
  const consumer = journal.consumer('platform');
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const wait = backOff(1000, 30_000);

  async function sendNext(): Promise<void> {
    const from = Math.max(consumer.committed, journal.first);
    if (!(await journal.waitFor(from, stopping.signal))) return;
    const connection = await options.connection(stopping.signal);
    if (!connection) return;
    const records = await journal.read(from, { records: 100, bytes: 200_000 });
    const last = records.at(-1);
    if (last) {
      const outcome = await connection.send(topic, Buffer.from(JSON.stringify(records.map(entry))));
      if (outcome.kind === 'cut') return;
      if (outcome.kind === 'later') return await pause(wait.next(), stopping.signal);
      if (outcome.kind === 'refused') onRefused(`${topic}: ${outcome.reason}`);
    }
    await consumer.commit(last ? last.position + 1 : journal.next); // no record below `next`: all of them damaged
    await journal.trim();
    wait.reset();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sendNext();
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.onFault(error);
        await pause(wait.next(), stopping.signal);
      }
    }
  }

  return {
    start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
