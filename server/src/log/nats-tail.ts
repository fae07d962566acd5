import { setTimeout } from 'node:timers/promises';
import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';

/** A message of the stream. */
export interface StoredMessage {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

interface TailOptions {
  readonly stream: JetStreamClient;
  readonly streamName: string;
  /** Sequence of the newest message at the start. */
  readonly from: number;
  readonly onFault: (error: unknown) => void;
}

const recentBytes = 32 << 20;

/**
 * Follows the stream from when somebody first waits for a message: a door, which only appends, need not hear what all
 * doors append. Knows the stream's end, and holds the newest messages for the consumers that keep up. Whatever happens
 * to the servers, it goes on behind the last message that it has.
 */
export function createNatsTail({ stream, streamName, from, onFault }: TailOptions) {
  const recent: StoredMessage[] = [];
  const waiting = new Set<() => void>();
  const stopping = new AbortController();
  let bytes = 0;
  /** The newest message that came here, and the newest that is known to be stored. */
  let arrived = from;
  let last = from;
  let end: (() => void) | undefined;

  function take(message: StoredMessage): void {
    recent.push(message);
    bytes += message.payload.length;
    while (bytes > recentBytes && recent.length > 1) bytes -= recent.shift()!.payload.length;
    arrived = message.sequence;
    stored(arrived);
  }

  function stored(sequence: number): void {
    last = Math.max(last, sequence);
    for (const look of waiting) look();
  }

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const start = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: arrived + 1 };
        const consumer = await stream.consumers.get(streamName, start);
        const messages = await consumer.consume({ max_messages: 64, idle_heartbeat: 2_000, expires: 10_000 });
        end = () => void messages.close();
        if (stopping.signal.aborted) end();
        for await (const message of messages)
          if (message.seq > arrived) take({ sequence: message.seq, payload: message.data });
      } catch (error) {
        if (!stopping.signal.aborted) onFault(error);
      }
      // The iterator ends when its consumer is gone for good: a new one begins where it stopped.
      await setTimeout(200);
    }
  }

  /** Resolves when `reached` holds, or when aborted. */
  function until(reached: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const ended = () => signal.aborted || stopping.signal.aborted;
      const look = () => {
        if (!ended() && !reached()) return;
        waiting.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  let following: Promise<void> | undefined;
  return {
    /** Sequence of the newest message that is stored. */
    get last() {
      return last;
    },
    stored,
    /** True when the stream reaches beyond `sequence − 1`; false when aborted or closed. */
    async waitFor(sequence: number, signal: AbortSignal): Promise<boolean> {
      if (following === undefined && !stopping.signal.aborted) {
        // What came before is read from the stream itself.
        arrived = Math.max(arrived, Math.min(last, sequence - 1));
        following = follow();
      }
      await until(() => last >= sequence, signal);
      return last >= sequence && !signal.aborted;
    },
    /** The messages from `sequence` on that are here. Undefined: they are older, ask the stream. */
    async recentFrom(sequence: number): Promise<readonly StoredMessage[] | undefined> {
      const [oldest] = recent;
      if (oldest !== undefined && sequence >= oldest.sequence && sequence > arrived)
        await until(() => arrived >= sequence, AbortSignal.timeout(2_000));
      if (oldest === undefined || recent[0]!.sequence > sequence || arrived < sequence) return undefined;
      return recent.slice(recent.findIndex((message) => message.sequence >= sequence));
    },
    async close(): Promise<void> {
      stopping.abort();
      end?.();
      for (const look of waiting) look();
      await following;
    },
  };
}
