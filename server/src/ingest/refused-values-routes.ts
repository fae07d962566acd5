import { idSchema, pageOfServers, refusedKey } from '@luban/contracts';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Things } from '../things/things.ts';
import type { RefusedEverywhere } from './refused-values.ts';
import type { ShownServers } from './shown-servers.ts';

/** What a device sends in vain: for whoever moves it here. */
export function registerRefusedValuesRoutes(
  http: Http,
  { things, refusedOf, shown }: { things: Things; refusedOf: RefusedEverywhere; shown: ShownServers },
): void {
  http.route({
    method: 'GET',
    url: '/api/v1/things/:id/refused-values',
    config: { permission: 'things.read', anyServer: true },
    schema: {
      summary: 'Keys that the thing sent to any server and no property took, since that server started',
      tags: ['things'],
      params: z.object({ id: idSchema('thing') }),
      response: { 200: pageOfServers(refusedKey) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { id } = await things.thing(tenant, request.params.id);
      return shown.page(tenant, await refusedOf(id));
    },
  });
}
