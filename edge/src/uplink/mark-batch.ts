/**
 * A copy of an encoded batch with its sequence and backlog flag set: known only when it is sent, while the batch is
 * encoded once, when it is stored. The places are those of contracts `batch.ts`.
 */
export function markBatch(batch: Uint8Array, sequence: number, backlog: boolean): Buffer {
  const copy = Buffer.from(batch);
  copy[2] = backlog ? copy[2]! | 1 : copy[2]! & ~1;
  copy.writeDoubleLE(sequence, 16);
  return copy;
}
