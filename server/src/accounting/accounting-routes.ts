import { edgeAccount, idSchema } from '@luban/contracts';
import { z } from 'zod';
import type { Edges } from '../edges/edges.ts';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Accounting } from './accounting.ts';

export function registerAccountingRoutes(
  http: Http,
  { accounting, edges }: { accounting: Accounting; edges: Edges },
): void {
  http.route({
    method: 'GET',
    url: '/api/v1/edges/:id/account',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'The edge’s book: what it collected and what became of it, by both sides, and whether it adds up',
      tags: ['edges'],
      params: z.object({ id: idSchema('edge') }),
      response: { 200: edgeAccount },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { id } = request.params;
      const number = edges.numberOf(tenant, id);
      return accounting.ofEdge(id, number, await edges.devices(tenant, id));
    },
  });
}
