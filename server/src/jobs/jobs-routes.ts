import { idSchema, job, page, pageQuery } from '@luban/contracts';
import { z } from 'zod';
import { pageById } from '../platform/database/page-cursor.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Jobs } from './jobs.ts';

export function registerJobRoutes(http: Http, jobs: Jobs): void {
  const params = z.object({ id: idSchema('job') });
  http.route({
    method: 'GET',
    url: '/api/v1/jobs',
    config: { permission: 'readings.read' },
    schema: {
      summary: 'Deletions and imports, newest first',
      tags: ['jobs'],
      querystring: pageQuery,
      response: { 200: page(job) },
    },
    handler: (request) => pageById(request.query, (before, most) => jobs.list(actorOf(request).tenant, before, most)),
  });
  http.route({
    method: 'GET',
    url: '/api/v1/jobs/:id',
    config: { permission: 'readings.read' },
    schema: { summary: 'One job with its progress', tags: ['jobs'], params, response: { 200: job } },
    handler: async (request) => jobs.find(actorOf(request).tenant, request.params.id),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/jobs/:id/cancel',
    config: { permission: 'samples.write' },
    schema: {
      summary: 'Stop a job; what it has done stays done',
      tags: ['jobs'],
      params,
      response: { 200: job },
    },
    handler: async (request) => jobs.cancel(actorOf(request).tenant, request.params.id),
  });
}
