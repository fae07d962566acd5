import { z } from 'zod';

/** In every shared object: what stands in the header `ETag` when it is read alone. */
export const entityTag = z.string().meta({
  description: 'Send it as `If-Match` with a change: one that somebody else made meanwhile is not overwritten',
});
