import { idSchema, type Sample } from '@luban/contracts';
import { z } from 'zod';

/**
 * A record of the outbox: u32 length of the head, the head as JSON, then one encoded batch (contracts `batch.ts`).
 * The head lets the edge count what it drops, for each device, without opening the batch.
 */
const head = z.object({
  samples: z.int(),
  /** Samples and bytes that were put before this record in the outbox's life: a difference tells what lies between. */
  samplesBefore: z.int(),
  bytesBefore: z.int(),
  /** When the oldest of its samples was put, by the edge's clock. */
  putMs: z.int(),
  /** The earliest and latest time of its samples. */
  fromMs: z.int(),
  toMs: z.int(),
  /** The batch holds the samples of one device after another, in this order. */
  devices: z.array(z.tuple([idSchema('device'), z.int()])),
});
export type OutboxHead = z.infer<typeof head>;

export interface OutboxRecord extends OutboxHead {
  readonly position: number;
  /** Of the whole record. */
  readonly bytes: number;
  /** Do not write into it: it may be the journal's own memory. */
  readonly batch: Uint8Array;
}

export function encodeRecord(content: OutboxHead, batch: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(content), 'utf8');
  const record = Buffer.allocUnsafe(4 + text.length + batch.length);
  record.writeUInt32LE(text.length, 0);
  record.set(text, 4);
  record.set(batch, 4 + text.length);
  return record;
}

/** Throws for bytes that are no record (the journal's checksum makes that a fault of the program, not of the disk). */
export function decodeRecord(position: number, payload: Buffer): OutboxRecord {
  const end = 4 + payload.readUInt32LE(0);
  const content = head.parse(JSON.parse(payload.toString('utf8', 4, end)));
  return { ...content, position, bytes: payload.length, batch: payload.subarray(end) };
}

/** The times of samples, in ms. */
export function timeSpan(samples: readonly Sample[]): { fromMs: number; toMs: number } {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { time } of samples) {
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return { fromMs: Math.floor(from / 1000), toMs: Math.ceil(to / 1000) };
}
