import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import { metricTextType } from './metric-text.ts';
import { checkMetricsAccess, type MetricsAccess } from './metrics-access.ts';

export function registerMetricsRoutes(http: Http, access: MetricsAccess, render: () => Promise<string>): void {
  http.route({
    method: 'GET',
    url: '/metrics',
    config: { permission: 'public' },
    schema: {
      summary: 'Metrics in Prometheus’ text format; who may read them is the setting LUBAN_METRICS',
      tags: ['health'],
      response: { 200: z.string() },
    },
    handler: async (request, reply) => {
      checkMetricsAccess(access, request);
      return reply
        .type(metricTextType)
        .header('cache-control', 'no-store')
        .serializer(String)
        .send(await render());
    },
  });
}
