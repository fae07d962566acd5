import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { createNatsAppender } from './nats-appender.ts';
import { connectNats } from './nats-connection.ts';
import { decodeGroup, positionIn, sequenceOf, startOf } from './nats-group.ts';
import { createNatsQuestions } from './nats-questions.ts';
import { makeStream } from './nats-stream.ts';
import type { Relay, RelayFollower, RelayRecord } from './relay-contract.ts';

interface NatsRelayOptions {
  readonly address: string;
  /** This server's id. */
  readonly server: string;
  readonly lines: LogLines;
}

/** How long a server may be away and still hears what was said meanwhile, while there is room. */
const maxAgeMs = 7 * 86_400_000;
const maxBytes = 1 << 30;
const headerRoom = 1024;
const againMs = 1000;

/** The relay on NATS: a stream beside the log's, on the same servers, and plain messages for questions. */
export async function openNatsRelay({ address, server, lines }: NatsRelayOptions): Promise<Relay> {
  const opened = await connectNats(address, lines);
  const { connection } = opened;
  return openOn(connection, opened.address.name).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });

  async function openOn(connection: NatsConnection, name: string): Promise<Relay> {
    const manager = await jetstreamManager(connection, { timeout: 2_000, checkAPI: false });
    const stream = jetstream(connection, { timeout: 5_000 });
    const streamName = `${name}-relay`;
    const subject = `${name}.relay`;
    await makeStream(manager, { name: streamName, subject, maxBytes, maxAgeMs });
    const { last_seq: end } = (await manager.streams.info(streamName)).state;
    const appender = createNatsAppender({
      ...{ stream, streamName, subject, writer: randomUUID() },
      maxMessageBytes: (connection.info?.max_payload ?? 1 << 20) - headerRoom,
      onStored: () => undefined,
      // The oldest go by themselves.
      makeRoom: async () => undefined,
    });
    const questions = await createNatsQuestions({ connection, name, server, lines });
    const stopping = new AbortController();
    let waiting = 0;
    let following: Promise<void> | undefined;
    let endMessages: (() => void) | undefined;

    function recordsOf(sequence: number, payload: Uint8Array): RelayRecord[] {
      try {
        const group = decodeGroup(payload);
        return group.map((one, i) => ({ position: positionIn(sequence, i, group.length), payload: one }));
      } catch (error) {
        lines('error', 'relay fault', { message: sequence, cause: errorLine(error) });
        return [];
      }
    }

    async function run({ after, take, missed }: RelayFollower): Promise<void> {
      let done = after ?? startOf(end + 1) - 1;
      while (!stopping.signal.aborted) {
        try {
          const first = sequenceOf(done + 1);
          const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first } as const;
          if ((await manager.streams.info(streamName)).state.first_seq > first) missed();
          const consumer = await stream.consumers.get(streamName, from);
          const messages = await consumer.consume({ max_messages: 64, idle_heartbeat: 2_000, expires: 10_000 });
          endMessages = () => void messages.close();
          if (stopping.signal.aborted) endMessages();
          for await (const { seq, data, info } of messages) {
            waiting = info.pending;
            const records = recordsOf(seq, data).filter(({ position }) => position > done);
            if (records.length === 0) continue;
            await take(records);
            done = records.at(-1)!.position;
          }
        } catch (error) {
          if (!stopping.signal.aborted) lines('warn', 'relay not followed', { cause: errorLine(error) });
        }
        // The iterator ends when its consumer is gone for good: a new one begins where it stopped.
        if (!stopping.signal.aborted) await setTimeout(againMs, undefined, { ref: false });
      }
    }

    return {
      server,
      end: async () => startOf((await manager.streams.info(streamName)).state.last_seq + 1) - 1,
      append: (record) => appender.append(record),
      follow(follower) {
        following ??= run(follower);
      },
      ...questions,
      stats() {
        const { appended, fault, syncs } = appender.stats();
        return { appended, healthy: fault === null, syncs, waiting };
      },
      async close() {
        stopping.abort();
        endMessages?.();
        await following;
        questions.close();
        await appender.close();
        await connection.close();
      },
    };
  }
}
