import { server } from '@luban/contracts';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import type { Servers } from './servers.ts';

export function registerServersRoutes(http: Http, servers: Servers): void {
  http.route({
    method: 'GET',
    url: '/api/v1/servers',
    config: { permission: 'operator' },
    schema: {
      summary: 'The servers of this platform, their roles, and which of them leads',
      tags: ['operator'],
      response: { 200: z.object({ items: z.array(server) }) },
    },
    handler: async () => ({ items: await servers.list() }),
  });
}
