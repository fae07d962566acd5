import { z } from 'zod';
import { type ServerName, serverName } from './server.ts';

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
/** A page of what each server has of its own. */
export function pageOfServers<T extends z.ZodType>(item: T) {
  return page(item).extend({
    /** Servers that did not answer in time: what they have is missing in `items`. */
    notAnswering: z.array(serverName),
  });
}
export interface PageOfServers<T> extends Page<T> {
  notAnswering: ServerName[];
}
export interface Page<T> {
  items: T[];
  next: string | null;
}
