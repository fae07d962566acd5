import { setTimeout } from 'node:timers/promises';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { SampleLog } from './log-contract.ts';
import type { LogRecord } from './log-record.ts';

interface LiveTailOptions {
  readonly log: SampleLog;
  /** Somebody wants to hear. */
  readonly wanted: () => boolean;
  readonly note: (record: LogRecord) => void;
  readonly lines: LogLines;
}

const limit = { records: 512, bytes: 4 << 20 };
const idleMs = 250;

/** What is appended from now on, for as long as somebody wants to hear it: on a server that stores nothing. */
export function createLiveTail({ log, wanted, note, lines }: LiveTailOptions) {
  const stopping = new AbortController();
  let following: Promise<void> | undefined;

  async function follow(signal: AbortSignal): Promise<void> {
    let position: number | undefined;
    while (!signal.aborted) {
      if (!wanted()) {
        position = undefined;
        await setTimeout(idleMs, undefined, { ref: false });
        continue;
      }
      try {
        position ??= log.next;
        // Not together with `signal`, which would remember each of these signals for as long as it lives.
        if (!(await log.waitFor(position, AbortSignal.timeout(idleMs)))) continue;
        for (const record of await log.read(position, limit)) {
          note(record);
          position = record.position + 1;
        }
      } catch (error) {
        lines('warn', 'log not followed for live values', { cause: errorLine(error) });
        await setTimeout(idleMs * 4, undefined, { ref: false });
      }
    }
  }

  return {
    start(): void {
      following ??= follow(stopping.signal);
    },
    async stop(): Promise<void> {
      stopping.abort();
      await following;
    },
  };
}
