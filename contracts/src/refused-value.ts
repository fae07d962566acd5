import { z } from 'zod';
import { localText } from './text.ts';

/** What a device sent under one key and no property took, since the platform's servers started. */
export const refusedKey = z.object({
  key: z.string(),
  reason: localText,
  count: z.int(),
  lastMs: z.int(),
});
export type RefusedKey = z.infer<typeof refusedKey>;
