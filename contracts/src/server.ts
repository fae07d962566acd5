import { z } from 'zod';

/** Which server, where there are several. */
export const serverName = z.object({
  id: z.string(),
  /** Its host name: servers on one machine have the same. Where several tenants share the platform, its id. */
  name: z.string(),
});
export type ServerName = z.infer<typeof serverName>;

/** A server of this platform. */
export const server = z.object({
  id: z.string(),
  /** Its host name. */
  name: z.string(),
  roles: z.array(z.string()),
  version: z.string(),
  startedAt: z.iso.datetime(),
  /** How long it has not been heard of, as seen by the server that was asked; 0 for that one. */
  silentMs: z.int(),
  live: z.boolean(),
  /** It stores, keeps the books and answers; the others of its roles stand by. */
  leads: z.boolean(),
});
export type Server = z.infer<typeof server>;
