import { z } from 'zod';
import { cause } from './edge.ts';
import { idSchema } from './id.ts';

/** The state of one step of the path, for the overview. */
export const stepState = z.enum(['ok', 'warning', 'broken', 'idle']);
export type StepState = z.infer<typeof stepState>;

/**
 * The path of a sample as a live picture: devices → edges → ingest → storage. Rates are per second over the last seconds.
 * Everything is the tenant's own; what only the whole platform has is null where it has other tenants too.
 */
export const flow = z.object({
  timeMs: z.int(),
  devices: z.object({ online: z.int(), degraded: z.int(), offline: z.int(), state: stepState }),
  edges: z.array(
    z.object({
      id: idSchema('edge'),
      name: z.string(),
      connected: z.boolean(),
      samplesPerSecond: z.number(),
      backlogSamples: z.int(),
      lagMs: z.number().nullable(),
      state: stepState,
      cause: cause.nullable(),
    }),
  ),
  ingest: z.object({
    samplesPerSecond: z.number(),
    messagesPerSecond: z.number(),
    connections: z.int().nullable(),
    state: stepState,
    cause: cause.nullable(),
  }),
  log: z.object({
    bytes: z.int().nullable(),
    backlogRecords: z.int().nullable(),
    state: stepState,
    cause: cause.nullable(),
  }),
  storage: z.object({
    samplesPerSecond: z.number(),
    samples: z.int(),
    bytes: z.int().nullable(),
    lagMs: z.number().nullable(),
    state: stepState,
    cause: cause.nullable(),
  }),
});
export type Flow = z.infer<typeof flow>;
