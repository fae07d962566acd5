import { idSchema, page, refusedKey } from '@luban/contracts';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Things } from '../things/things.ts';
import type { RefusedValues } from './refused-values.ts';

/** What a device sends in vain: for whoever moves it here. */
export function registerRefusedValuesRoutes(
  http: Http,
  { things, refused }: { things: Things; refused: RefusedValues },
): void {
  http.route({
    method: 'GET',
    url: '/api/v1/things/:id/refused-values',
    config: { permission: 'things.read' },
    schema: {
      summary: 'Keys that the thing sent and no property took, since the platform started',
      tags: ['things'],
      params: z.object({ id: idSchema('thing') }),
      response: { 200: page(refusedKey) },
    },
    handler: async (request) => {
      const { id } = await things.thing(tenantOf(request), request.params.id);
      return { items: refused.of(id), next: null };
    },
  });
}
