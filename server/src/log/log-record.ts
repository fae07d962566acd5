import { type Batch, decodeBatch } from '@luban/contracts';

/**
 * One record of the log: who sent it and when it came, then the batch as it was sent.
 *
 *   0 u8 version (1) · 1 u8 kind (1: samples) · 2 u16 0 · 4 u32 tenant · 8 f64 arrival, µs since 1970 UTC · 16 batch
 */
const version = 1;
const kindSamples = 1;
const headerBytes = 16;

/** A batch with what the platform knows of it. `position` is its place in the log. */
export interface LogRecord {
  readonly position: number;
  /** The tenant's number. */
  readonly tenant: number;
  /** µs since 1970 UTC; grows from record to record, so that the later of two writes of one sample is known. */
  readonly arrivalUs: number;
  readonly batch: Batch;
}

/** Copies `batch` (encoded) behind its header: the log keeps the bytes, the caller's buffer is free again. */
export function encodeLogRecord(tenant: number, arrivalUs: number, batch: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(headerBytes + batch.length);
  record.writeUInt32LE(version | (kindSamples << 8), 0);
  record.writeUInt32LE(tenant, 4);
  record.writeDoubleLE(arrivalUs, 8);
  record.set(batch, headerBytes);
  return record;
}

/** Throws an Error for a record of a newer version and BatchError for a broken batch: the log's CRC makes both impossible here. */
export function decodeLogRecord(position: number, payload: Buffer): LogRecord {
  const head = payload.readUInt32LE(0);
  if (head !== (version | (kindSamples << 8)))
    throw new Error(`log record ${position} has the unknown head 0x${head.toString(16)}`);
  return {
    position,
    tenant: payload.readUInt32LE(4),
    arrivalUs: payload.readDoubleLE(8),
    batch: decodeBatch(payload.subarray(headerBytes)),
  };
}
