import { z } from 'zod';
import { localText } from './text.ts';

/** Every error of the API (RFC 9457, application/problem+json). `code` is stable; `text` is for people. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    text: localText,
    traceId: z.string(),
    /** The fields that are wrong, each with a JSON pointer. */
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;
