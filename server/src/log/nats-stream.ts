import { setTimeout } from 'node:timers/promises';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { LogFault } from './log-fault.ts';

export const replicas = 3;

export interface StreamWish {
  readonly name: string;
  readonly subject: string;
  readonly maxBytes: number;
  /** Without it messages stay until they are purged, and a full stream refuses. With it the oldest make room. */
  readonly maxAgeMs?: number;
}

/** The stream is there, with these bounds. Waits for servers that have just started. Rejects with a LogFault. */
export function makeStream(manager: JetStreamManager, wish: StreamWish): Promise<void> {
  return patiently(() => makeOrChange(manager, wish));
}

async function makeOrChange(manager: JetStreamManager, { name, subject, maxBytes, maxAgeMs }: StreamWish) {
  const changeable: Partial<StreamConfig> = {
    subjects: [subject],
    num_replicas: replicas,
    max_bytes: maxBytes,
    ...(maxAgeMs === undefined ? {} : { max_age: maxAgeMs * 1_000_000 }),
  };
  try {
    await manager.streams.info(name);
    await manager.streams.update(name, changeable);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
    await manager.streams.add({
      ...changeable,
      name,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: maxAgeMs === undefined ? DiscardPolicy.New : DiscardPolicy.Old,
      duplicate_window: 120_000_000_000,
      allow_direct: true,
    });
  }
}

/** Servers that have just started have no leader yet: for half a minute that is no fault. */
export async function patiently<Result>(step: () => Promise<Result>): Promise<Result> {
  for (const endMs = performance.now() + 30_000; ; await setTimeout(500)) {
    try {
      return await step();
    } catch (error) {
      if (performance.now() > endMs)
        throw new LogFault('log.unavailable', 'the NATS servers cannot keep a stream on three of them', {
          cause: error,
        });
    }
  }
}

/** Whether so many of the servers that keep the stream are there that they take a message. */
export function agrees({ cluster }: StreamInfo): boolean {
  if (cluster === undefined) return true;
  const others = cluster.replicas ?? [];
  const there = others.filter(({ current }) => current).length;
  return cluster.leader !== undefined && cluster.leader !== '' && 1 + there > (1 + others.length) / 2;
}
