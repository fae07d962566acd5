import type { Position } from './journal-contract.ts';
import type { Segment } from './segment.ts';

export interface RetentionLimits {
  maxAgeMs?: number | undefined;
  maxBytes?: number | undefined;
}

/**
 * How many of the oldest segments can go; the newest always stays. A segment's newest record is no younger than the
 * segment after it. `committed` is the slowest consumer's offset, undefined when there is no consumer.
 */
export function countRemovable(
  segments: readonly Segment[],
  limits: RetentionLimits,
  committed: Position | undefined,
  now: number,
): number {
  const unlimited = limits.maxAgeMs === undefined && limits.maxBytes === undefined;
  if (unlimited && committed === undefined) return 0;
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let count = 0;
  for (let i = 0; i + 1 < segments.length; i++) {
    const segment = segments[i]!;
    const after = segments[i + 1]!;
    if (committed !== undefined && after.first > committed) break;
    const old = limits.maxAgeMs !== undefined && now - after.createdAt >= limits.maxAgeMs;
    const above = limits.maxBytes !== undefined && bytes > limits.maxBytes;
    if (!unlimited && !old && !above) break;
    bytes -= segment.bytes;
    count++;
  }
  return count;
}
