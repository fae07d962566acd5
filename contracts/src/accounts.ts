import { z } from 'zod';
import { idSchema } from './id.ts';
import { localText } from './text.ts';

/** What a platform counted of one sender's samples since `sinceMs`. It adds up: received = stored + waiting. */
const counted = z.object({
  /** On disk in the log, and acknowledged; repeated ones are in it. */
  received: z.int(),
  /** Of them, batches that had come before: sent again because their acknowledgement was lost. */
  repeated: z.int(),
  stored: z.int(),
  /** In the log, not in the store yet. */
  waiting: z.int(),
});

const refusal = z.object({
  reason: z.string(),
  text: localText,
  /** What could not be read at all counts as a batch of no samples. */
  samples: z.int(),
  /** Messages; one of which only some values were refused is not among them. */
  batches: z.int(),
});
export type RefusalCounted = z.infer<typeof refusal>;

/** A device of an edge. A batch is refused whole: samples of it count where they are known to be this device's. */
const deviceCounted = counted.extend({ device: idSchema('device'), name: z.string(), refused: z.int() });

/**
 * The book of an edge, with both sides of it: collected = acknowledged + refused + dropped + backlog by the edge, and what
 * it holds for acknowledged = received − repeated by the platform.
 */
export const edgeAccount = z.object({
  sinceMs: z.int(),
  platform: counted,
  /** Batches and samples that the platform refused, by reason; an edge tries some of them again. */
  refusals: z.array(refusal),
  /** By the edge's last word; null when it has said nothing yet, or is too old to say it. */
  edge: z
    .object({
      timeMs: z.int(),
      collected: z.int(),
      acknowledged: z.int(),
      refused: z.int(),
      dropped: z.int(),
      /** Losses of which nobody can know how many samples they were. */
      unknownLosses: z.int(),
      backlog: z.int(),
    })
    .nullable(),
  /**
   * `ok`: it adds up. `missing`: the edge holds `difference` samples for acknowledged that the platform never had.
   * `surplus`: the platform has more than the edge sent. `inexact`: damage of unknown size keeps it from being checked.
   * `unknown`: the edge has not told.
   */
  check: z.object({ state: z.enum(['ok', 'missing', 'surplus', 'inexact', 'unknown']), difference: z.int() }),
  devices: z.array(deviceCounted),
});
export type EdgeAccount = z.infer<typeof edgeAccount>;

/**
 * The book of a thing that sends by itself, or through an edge under its own name: arrived = received + refused, and
 * received = stored + waiting. Nothing else can be checked: such a thing does not say how much it has sent. What devices
 * of edges read for it stands in their rows.
 */
export const thingAccount = counted.extend({
  sinceMs: z.int(),
  /** Every time that a sample came, taken or not. */
  arrived: z.int(),
  refused: z.int(),
  refusals: z.array(refusal),
  /** Those that read points of it, each with all that it reads, for whatever thing. */
  devices: z.array(deviceCounted.extend({ edge: idSchema('edge') })),
});
export type ThingAccount = z.infer<typeof thingAccount>;
