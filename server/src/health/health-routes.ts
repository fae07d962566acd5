import { liveness, type Readiness, readiness, readinessQuery } from '@luban/contracts';
import type { Http } from '../platform/http/http.ts';
import { standingByIsReady } from './health.ts';

/** For load balancers and whoever restarts processes. Open to anybody: they say that something is away, not why. */
export function registerHealthRoutes(http: Http, ready: () => Promise<Readiness>): void {
  http.route({
    method: 'GET',
    url: '/health/live',
    config: { permission: 'public' },
    schema: { summary: 'The process answers', tags: ['health'], response: { 200: liveness } },
    handler: (_, reply) => {
      reply.header('cache-control', 'no-store');
      return { state: 'live' as const };
    },
  });
  http.route({
    method: 'GET',
    url: '/health/ready',
    config: { permission: 'public' },
    schema: {
      summary: 'The platform takes and gives data: its doors listen, its log is writable, its stores answer',
      tags: ['health'],
      querystring: readinessQuery,
      response: { 200: readiness, 503: readiness },
    },
    handler: async (request, reply) => {
      const looked = await ready();
      const found = request.query.standBy === 'ready' ? standingByIsReady(looked) : looked;
      return reply
        .status(found.state === 'ready' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(found);
    },
  });
}
