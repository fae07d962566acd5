import { setTimeout } from 'node:timers/promises';
import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { Histogram } from '../platform/histogram.ts';
import { LogFault } from './log-fault.ts';
import { encodeGroup, groupBytes, maxGroupRecords, positionIn, sequenceOf } from './nats-group.ts';

/** What one message of the stream holds, or will hold. */
interface Group {
  readonly records: Uint8Array[];
  bytes: number;
  /** Resolves with the position of the first record when all are durable. */
  readonly stored: Promise<number>;
  readonly resolve: (first: number) => void;
  readonly reject: (fault: LogFault) => void;
}

function newGroup(): Group {
  let resolve!: (first: number) => void;
  let reject!: (fault: LogFault) => void;
  const stored = new Promise<number>((whenStored, whenRefused) => {
    resolve = whenStored;
    reject = whenRefused;
  });
  return { records: [], bytes: 0, stored, resolve, reject };
}

interface AppenderOptions {
  readonly stream: JetStreamClient;
  readonly streamName: string;
  readonly subject: string;
  /** No two servers, and no two starts of one, have the same. */
  readonly writer: string;
  /** What the servers take in one message. */
  readonly maxMessageBytes: number;
  /** A message with this sequence is durable. */
  readonly onStored: (sequence: number) => void;
  /** Makes room of what every consumer has taken. */
  readonly makeRoom: () => Promise<void>;
}

/** Joined appends grow to about this; a larger record travels alone. */
const wantedMessageBytes = 512 * 1024;
/** Appends that wait, in all: beyond it the senders must. */
const maxWaitingBytes = 64 << 20;
const ackTimeoutMs = 5_000;
/** How long one message is tried again. Well below the stream's window for duplicates, which is two minutes. */
const giveUpMs = 30_000;
/** The server's code for a stream that has reached its limit of bytes. */
const streamFull = 10077;

/**
 * Group commit: while one message is on its way, what comes is gathered for the next. One message at a time keeps the
 * order whatever is tried again, and a message that is tried again has the same id, so the stream keeps it once.
 */
export function createNatsAppender(options: AppenderOptions) {
  const { stream, streamName, subject, writer, maxMessageBytes, onStored, makeRoom } = options;
  const queue: Group[] = [];
  const syncs = new Histogram();
  let waitingBytes = 0;
  let appended = 0;
  let appendedBytes = 0;
  let messages = 0;
  let closing = false;
  let fault: { code: string; message: string; sinceMs: number } | null = null;
  let sending: Promise<void> | undefined;

  function hasRoom({ records, bytes }: Group, record: Uint8Array): boolean {
    return (
      records.length < maxGroupRecords && groupBytes(records.length + 1, bytes + record.length) <= wantedMessageBytes
    );
  }

  /** The group that the record became the last of. */
  function join(record: Uint8Array): Group {
    if (closing) throw new LogFault('log.closed', 'the log is closed');
    if (groupBytes(1, record.length) > maxMessageBytes)
      throw new LogFault('log.too-large', `a record of ${record.length} bytes; a message holds ${maxMessageBytes}`);
    if (waitingBytes > maxWaitingBytes) throw new LogFault('log.unavailable', 'too much is waiting for NATS');
    waitingBytes += record.length;
    let group = queue.at(-1);
    if (group === undefined || !hasRoom(group, record)) {
      group = newGroup();
      queue.push(group);
    }
    group.records.push(record);
    group.bytes += record.length;
    sending ??= sendAll();
    return group;
  }

  async function sendAll(): Promise<void> {
    // Appends of the same turn of the event loop go together.
    await Promise.resolve();
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      const { records, bytes } = group;
      let done = [group];
      try {
        const sequence = await send(encodeGroup(records));
        fault = null;
        onStored(sequence);
        group.resolve(positionIn(sequence, 0, records.length));
        appended += records.length;
        appendedBytes += bytes;
      } catch (error) {
        // What waits behind it would only wait as long in vain.
        done = [group, ...queue.splice(0)];
        const refused = error as LogFault;
        note(refused);
        for (const { reject } of done) reject(refused);
      }
      for (const one of done) waitingBytes -= one.bytes;
    }
    // In the turn that found nothing waiting: an append after it begins anew.
    sending = undefined;
  }

  /** The sequence of the stored message. Throws LogFault after trying for `giveUpMs`, or at once when it is full. */
  async function send(payload: Uint8Array): Promise<number> {
    const msgID = `${writer}-${++messages}`;
    const startedMs = performance.now();
    let madeRoom = false;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
      try {
        const triedMs = performance.now();
        const { seq } = await stream.publish(subject, payload, {
          msgID,
          timeout: ackTimeoutMs,
          expect: { streamName },
        });
        // Some servers answer so to a second try while the first is on its way to the others still: it may yet be lost.
        if (seq === 0) throw new Error('it has the message, but not on a majority of its servers yet');
        syncs.observe((performance.now() - triedMs) / 1000);
        return seq;
      } catch (error) {
        const full = error instanceof JetStreamApiError && error.code === streamFull;
        if (full && madeRoom)
          throw new LogFault('log.full', 'the log is full of what is not stored yet', { cause: error });
        const failed = new LogFault('log.unavailable', `NATS does not take it: ${(error as Error).message}`, {
          cause: error,
        });
        if (performance.now() - startedMs > giveUpMs || closing) throw failed;
        if (full) {
          madeRoom = true;
          await makeRoom().catch((cause: unknown) => {
            throw new LogFault('log.unavailable', 'the log is full, and NATS makes no room', { cause });
          });
          continue;
        }
        note(failed);
        await setTimeout(pauseMs);
      }
    }
  }

  function note(failed: LogFault): void {
    fault = { code: failed.code, message: failed.message, sinceMs: fault?.sinceMs ?? Date.now() };
  }

  return {
    /** Rejects with LogFault. The record is not copied: leave its bytes alone. */
    async append(record: Uint8Array): Promise<number> {
      const { records, stored } = join(record);
      const index = records.length - 1;
      return positionIn(sequenceOf(await stored), index, records.length);
    },
    /** The same with one promise for all that share a message; it resolves with the position of the first of them. */
    join(record: Uint8Array): Promise<number> {
      try {
        return join(record).stored;
      } catch (error) {
        return Promise.reject(error);
      }
    },
    stats: () => ({ fault, appended, appendedBytes, syncs }),
    /** What waits is tried once more. */
    async close(): Promise<void> {
      closing = true;
      await sending;
    },
  };
}
