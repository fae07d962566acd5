import { type Flow, flow, type TenantId } from '@luban/contracts';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';

export function registerFlowRoutes(http: Http, flowOf: (tenant: TenantId) => Flow): void {
  http.route({
    method: 'GET',
    url: '/api/v1/flow',
    config: { permission: 'edges.read' },
    schema: { summary: 'The path of the samples as it is now', tags: ['flow'], response: { 200: flow } },
    handler: (request) => flowOf(tenantOf(request)),
  });
}
