import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { errorLine } from '../platform/log-lines.ts';
import type { Log, LogOptions } from './log-contract.ts';
import { encodeLogRecord } from './log-record.ts';
import { maxAgeMs, trimIntervalMs } from './log-retention.ts';
import { createNatsAppender } from './nats-appender.ts';
import { connectNats } from './nats-connection.ts';
import { sequenceOf, startOf } from './nats-group.ts';
import { openNatsOffsets } from './nats-offsets.ts';
import { createNatsReader, unreadable } from './nats-reader.ts';
import { agrees, makeStream, patiently, replicas } from './nats-stream.ts';
import { createNatsTail } from './nats-tail.ts';

/** The largest batch that a door takes, with what stands around it in a message. */
const leastMessageBytes = (8 << 20) + 4096;
const headerRoom = 1024;

type NatsLogOptions = Omit<LogOptions, 'address' | 'directory'> & { address: string };

/**
 * The durable log on NATS JetStream: one stream on three servers, so one order and one growing position for all that
 * any server of the platform appends. Full, it refuses; only what every consumer has taken is purged.
 */
export async function openNatsLog({ address, maxBytes, nowUs, lines }: NatsLogOptions): Promise<Log> {
  const {
    connection,
    address: { name },
  } = await connectNats(address, lines);
  const log = await openOn(connection).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  return log;

  async function openOn(connection: NatsConnection): Promise<Log> {
    const maxMessageBytes = connection.info?.max_payload ?? 0;
    if (maxMessageBytes < leastMessageBytes)
      throw new Error(
        `the NATS servers take ${maxMessageBytes} bytes in a message, and the log needs ${leastMessageBytes}: set max_payload: 16MB in their configuration`,
      );
    const manager = await jetstreamManager(connection, { timeout: 2_000, checkAPI: false });
    const stream = jetstream(connection, { timeout: 5_000 });
    const subject = `${name}.log`;
    // Side by side: three servers take a while to agree on each.
    const [, bucket] = await Promise.all([
      makeStream(manager, { name, subject, maxBytes }),
      patiently(() => new Kvm(stream).create(`${name}-offsets`, { replicas, history: 1 })),
    ]);
    let { state } = await manager.streams.info(name);

    const tail = createNatsTail({
      stream,
      streamName: name,
      from: state.last_seq,
      onFault: (error) => lines('warn', 'log not followed', { cause: errorLine(error) }),
    });
    const first = () => startOf(Math.max(1, state.first_seq));
    const next = () => startOf(tail.last + 1);
    const reader = createNatsReader({ manager, streamName: name, tail, first, lines });
    const offsets = await openNatsOffsets({
      bucket,
      bounds: () => ({ first: first(), next: next() }),
      newest: (key) => manager.streams.getMessage(`KV_${name}-offsets`, { last_by_subj: `$KV.${name}-offsets.${key}` }),
    });
    /** The servers do not agree: who appends nothing would not know. One turn may fall into an election. */
    let silence: { message: string; sinceMs: number; turns: number } | undefined;
    const appender = createNatsAppender({
      stream,
      streamName: name,
      subject,
      writer: randomUUID(),
      maxMessageBytes: maxMessageBytes - headerRoom,
      onStored(sequence) {
        silence = undefined;
        tail.stored(sequence);
      },
      makeRoom: () => trim(Number.POSITIVE_INFINITY),
    });
    let lastArrival = (await reader.read(startOf(tail.last), {})).at(-1)?.arrivalUs ?? 0;

    /** When the log ended where, so that its age is known without asking for messages. */
    const ends: { atMs: number; sequence: number }[] = [];
    /** Rejects while the servers could keep nothing: one alone still tells what it has. */
    async function look(): Promise<void> {
      const info = await manager.streams.info(name);
      ({ state } = info);
      tail.stored(state.last_seq);
      if (!agrees(info)) throw new Error('fewer than two of the three servers agree');
    }

    async function trim(olderThanMs: number): Promise<void> {
      // First, because it is the quickest to say that the servers do not agree.
      await look();
      await offsets.refresh();
      const slowest = offsets.slowest();
      const old = Number.isFinite(olderThanMs)
        ? ends.findLast(({ atMs }) => atMs < olderThanMs)?.sequence
        : tail.last + 1;
      const kept = slowest === undefined || old === undefined ? 0 : Math.min(sequenceOf(slowest), old);
      // Below the first message there is nothing to purge, and the servers take a purge up to 1 for one of everything.
      if (kept <= Math.max(1, state.first_seq)) return;
      await manager.streams.purge(name, { seq: kept });
      await look();
    }
    const trimming = setInterval(() => {
      const nowMs = performance.now();
      ends.push({ atMs: nowMs, sequence: tail.last + 1 });
      while (ends[1] !== undefined && ends[1].atMs < nowMs - maxAgeMs) ends.shift();
      trim(nowMs - maxAgeMs).then(
        () => {
          silence = undefined;
        },
        (error: unknown) => {
          silence = {
            message: errorLine(error),
            sinceMs: silence?.sinceMs ?? Date.now(),
            turns: (silence?.turns ?? 0) + 1,
          };
          lines('warn', 'log not trimmed', { cause: errorLine(error) });
        },
      );
    }, trimIntervalMs);
    trimming.unref();
    function silent() {
      if (silence === undefined || silence.turns < 2) return null;
      return { code: 'log.unavailable', message: silence.message, sinceMs: silence.sinceMs };
    }

    function nextRecord(tenant: number, batch: Uint8Array): Uint8Array {
      lastArrival = Math.max(lastArrival + 1, nowUs());
      return encodeLogRecord(tenant, lastArrival, batch);
    }

    return {
      get first() {
        return first();
      },
      get next() {
        return next();
      },
      behind: (position) => Math.max(0, tail.last + 1 - sequenceOf(Math.max(position, first()))),
      get newestArrivalUs() {
        return lastArrival;
      },
      append: (tenant, batch) => appender.append(nextRecord(tenant, batch)),
      join: (tenant, batch) => appender.join(nextRecord(tenant, batch)),
      read: reader.read,
      positionBefore: reader.positionBefore,
      waitFor: (position, signal) => tail.waitFor(sequenceOf(position), signal),
      consumer(of) {
        const store = offsets.consumer(of);
        return {
          get committed() {
            return store.committed;
          },
          commit: (position) => store.commit(position),
          tenure: store.tenure,
          /** Also where the log ends by now: who has not followed it knows only of its own appends. */
          async reload() {
            await store.reload();
            ({ state } = await manager.streams.info(name).catch(unreadable));
            tail.stored(state.last_seq);
          },
        };
      },
      stats() {
        const { fault: refused, ...counts } = appender.stats();
        const fault = refused ?? silent();
        return { bytes: state.bytes, next: next(), healthy: fault === null, fault, damage: null, ...counts };
      },
      async probe() {
        await look().catch(unreadable);
      },
      async close() {
        clearInterval(trimming);
        await appender.close();
        await tail.close();
        await connection.close();
      },
    };
  }
}
