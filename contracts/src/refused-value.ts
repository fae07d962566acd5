import { z } from 'zod';

/** What a device sent under one key and no property took, since the platform started. */
export const refusedKey = z.object({
  key: z.string(),
  reason: z.string(),
  count: z.int(),
  lastMs: z.int(),
});
export type RefusedKey = z.infer<typeof refusedKey>;
