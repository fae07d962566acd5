import { entityTag, retention, retentionChange } from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { RetentionFeature } from './retention.ts';

const shownRetention = retention.extend({ etag: entityTag });

export function registerRetentionRoutes(
  http: Http,
  { retention: feature, telemetry }: { retention: RetentionFeature; telemetry: Telemetry },
): void {
  const rulesOf = async (request: FastifyRequest) => feature.rules(actorOf(request).tenant);
  async function show(request: FastifyRequest) {
    const { tenant, tenantNumber } = actorOf(request);
    const etag = entityTagOf(await feature.rules(tenant));
    return { ...(await feature.show(tenant, tenantNumber, telemetry)), etag };
  }

  http.route({
    method: 'GET',
    url: '/api/v1/retention',
    config: { permission: 'readings.read', shared: rulesOf },
    schema: {
      summary: 'How long history is kept, and what it takes on disk',
      tags: ['readings'],
      response: { 200: shownRetention },
    },
    handler: show,
  });
  http.route({
    method: 'PUT',
    url: '/api/v1/retention',
    config: { permission: 'retention.write', shared: rulesOf },
    schema: {
      summary: 'Set how long history is kept, of the tenant, a thing model or a point; null takes the rule away',
      description: 'What is older goes within hours, by whole days, and does not come back.',
      tags: ['readings'],
      body: retentionChange,
      response: { 200: shownRetention },
    },
    handler: async (request) => {
      const { tenant, tenantNumber } = actorOf(request);
      const { policy, ...target } = request.body;
      if (policy === null) await feature.remove(tenant, target);
      else await feature.put(tenant, tenantNumber, { ...target, policy });
      return show(request);
    },
  });
}
