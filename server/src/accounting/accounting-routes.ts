import { edgeAccount, idSchema, thingAccount } from '@luban/contracts';
import { z } from 'zod';
import type { Edges } from '../edges/edges.ts';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Things } from '../things/things.ts';
import type { Accounting } from './accounting.ts';

export function registerAccountingRoutes(
  http: Http,
  { accounting, edges, things }: { accounting: Accounting; edges: Edges; things: Things },
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
  http.route({
    method: 'GET',
    url: '/api/v1/things/:id/account',
    config: { permission: 'things.read' },
    schema: {
      summary: 'The thing’s book: what arrived of it, and what became of it',
      tags: ['things'],
      params: z.object({ id: idSchema('thing') }),
      response: { 200: thingAccount },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { id } = await things.thing(tenant, request.params.id);
      const readBy = new Set(things.pointsOf(tenant, id).flatMap(({ device }) => (device === null ? [] : [device])));
      const devices = await Promise.all([...readBy].map((device) => edges.device(tenant, device)));
      return accounting.ofThing(id, (await things.holder(id))?.number ?? 0, devices);
    },
  });
}
