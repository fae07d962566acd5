import { z } from 'zod';
import { edge } from './edge.ts';
import { flow } from './flow.ts';
import { reading, seriesSchema } from './sample.ts';

/** What a watcher asks of `/api/v1/live`; each message replaces what it asked before. */
export const liveRequest = z.object({
  series: z.array(seriesSchema).max(20_000).default([]),
  flow: z.boolean().default(false),
  edges: z.boolean().default(false),
});
export type LiveRequest = z.infer<typeof liveRequest>;

/** What the platform sends. A slow watcher gets the newest of each series, never a queue of old ones. */
export const liveMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('readings'), readings: z.array(z.object({ series: seriesSchema, reading })) }),
  z.object({ type: z.literal('flow'), flow }),
  z.object({ type: z.literal('edges'), edges: z.array(edge) }),
  /** Every 5 seconds, so that a page knows that silence is a fault. `timeMs` is the platform's clock. */
  z.object({ type: z.literal('alive'), timeMs: z.int() }),
  z.object({ type: z.literal('refused'), message: z.string() }),
]);
export type LiveMessage = z.infer<typeof liveMessage>;
