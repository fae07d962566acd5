import { server } from '@luban/contracts';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import type { Servers } from './servers.ts';

export function registerServersRoutes(http: Http, servers: Servers): void {
  http.route({
    method: 'GET',
    url: '/api/v1/servers',
    // Each knows by itself which there are, also while none leads.
    config: { permission: 'platform.read', anyServer: true },
    schema: {
      summary: 'The servers of this platform, their roles, and which of them leads',
      tags: ['operation'],
      description: 'For the tenant that has the platform for itself, and through the operator’s door.',
      response: { 200: z.object({ items: z.array(server) }) },
    },
    handler: async () => ({ items: await servers.list() }),
  });
}
