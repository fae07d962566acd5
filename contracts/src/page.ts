import { z } from 'zod';

export const pageQuery = z.object({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
/** For lists that are short in most plants: a page holds what a screen wants to show at once. */
export const longPageQuery = pageQuery.extend({ limit: z.coerce.number().int().min(1).max(1000).default(1000) });
export type PageQuery = z.infer<typeof pageQuery>;

/** A page of a list. `next` is opaque: pass it back as `cursor`; null at the end. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
export interface Page<T> {
  items: T[];
  next: string | null;
}
