import type { JetStreamManager } from '@nats-io/jetstream';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { LogFault } from './log-fault.ts';
import { decodeLogRecord, type LogRecord } from './log-record.ts';
import { decodeGroup, positionIn, sequenceOf, startOf } from './nats-group.ts';
import type { createNatsTail, StoredMessage } from './nats-tail.ts';

interface NatsReaderOptions {
  readonly manager: JetStreamManager;
  readonly streamName: string;
  readonly tail: ReturnType<typeof createNatsTail>;
  /** Position of the first record that the stream has. */
  readonly first: () => number;
  readonly lines: LogLines;
}

/** Messages that are asked for at once when somebody reads what the tail no longer has. */
const readAhead = 16;

/** Records out of the stream's messages: the newest are in the tail, older ones are asked for. */
export function createNatsReader({ manager, streamName, tail, first, lines }: NatsReaderOptions) {
  /** One message by its number; null when the stream has it no more. The leader decides: a copy may not have it yet. */
  async function fetchMessage(sequence: number): Promise<StoredMessage | null> {
    const found =
      (await manager.direct.getMessage(streamName, { seq: sequence })) ??
      (await manager.streams.getMessage(streamName, { seq: sequence }));
    return found === null ? null : { sequence, payload: found.data };
  }

  /** Those that there are of a stretch, in order. */
  async function fetchMessages(from: number, to: number): Promise<StoredMessage[]> {
    const wanted = Array.from({ length: to - from + 1 }, (_, i) => fetchMessage(from + i));
    return (await Promise.all(wanted)).filter((message) => message !== null);
  }

  async function messagesFrom(sequence: number): Promise<readonly StoredMessage[]> {
    const recent = await tail.recentFrom(sequence);
    if (recent !== undefined) return recent;
    const end = tail.last;
    for (let at = sequence; at <= end; at += readAhead) {
      const found = await fetchMessages(at, Math.min(at + readAhead - 1, end));
      if (found.length > 0) return found;
    }
    return [];
  }

  /** A message's records and their positions; none of one that is damaged. */
  function recordsIn({ sequence, payload }: StoredMessage): { position: number; payload: Buffer }[] {
    try {
      const group = decodeGroup(payload);
      return group.map((record, i) => ({ position: positionIn(sequence, i, group.length), payload: record }));
    } catch (error) {
      lines('error', 'log fault', { message: sequence, cause: errorLine(error) });
      return [];
    }
  }

  return {
    async read(from: number, limit: { records?: number; bytes?: number }): Promise<LogRecord[]> {
      const { records: most = 512, bytes: mostBytes = 4 << 20 } = limit;
      const end = startOf(tail.last + 1);
      const records: LogRecord[] = [];
      let bytes = 0;
      for (let start = Math.max(from, first()); start < end && records.length === 0; ) {
        const messages = await messagesFrom(sequenceOf(start)).catch(unreadable);
        for (const message of messages) {
          for (const { position, payload } of recordsIn(message)) {
            if (position < start) continue;
            bytes += payload.length;
            if (records.length > 0 && (records.length >= most || bytes > mostBytes)) return records;
            records.push(decodeLogRecord(position, payload));
          }
        }
        start = startOf((messages.at(-1)?.sequence ?? tail.last) + 1);
      }
      return records;
    },
    /** A message does not say how many records are in those before it: they are looked at one after the other. */
    async positionBefore(position: number, records: number): Promise<number> {
      const oldest = sequenceOf(first());
      let left = records;
      for (let to = Math.min(sequenceOf(position), tail.last); to >= oldest; to -= readAhead) {
        const messages = await fetchMessages(Math.max(to - readAhead + 1, oldest), to).catch(unreadable);
        for (const message of messages.reverse()) {
          const before = recordsIn(message).filter((record) => record.position < position);
          if (before.length >= left) return before[before.length - left]!.position;
          left -= before.length;
        }
      }
      return first();
    },
  };
}

export function unreadable(error: unknown): never {
  throw new LogFault('log.unavailable', 'NATS does not give the log', { cause: error });
}
