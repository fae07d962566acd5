import { entityTag, idSchema, longPageQuery, newSite, page, type Site, site } from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { pageOf } from '../platform/database/page-cursor.ts';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Things } from './things.ts';

const siteParams = z.object({ id: idSchema('site') });
const shownSite = site.extend({ etag: entityTag });

export function registerSiteRoutes(http: Http, things: Things): void {
  const siteOf = (request: FastifyRequest) => things.site(tenantOf(request), siteParams.parse(request.params).id);

  http.route({
    method: 'GET',
    url: '/api/v1/sites',
    config: { permission: 'things.read' },
    schema: {
      summary: 'The plant’s places (ISA-95), by name',
      querystring: longPageQuery,
      tags: ['sites'],
      response: { 200: page(shownSite) },
    },
    handler: async (request) =>
      pageOf((await things.sites(tenantOf(request))).map(withTag), request.query, ({ name, id }) => `${name} ${id}`),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/sites',
    config: { permission: 'things.write', makes: true },
    schema: { summary: 'Add a place', tags: ['sites'], body: newSite, response: { 201: shownSite } },
    handler: async (request, reply) =>
      reply.status(201).send(withTag(await things.addSite(tenantOf(request), request.body))),
  });
  http.route({
    method: 'GET',
    url: '/api/v1/sites/:id',
    config: { permission: 'things.read', shared: siteOf },
    schema: { summary: 'A place', tags: ['sites'], params: siteParams, response: { 200: shownSite } },
    handler: async (request) => withTag(await things.site(tenantOf(request), request.params.id)),
  });
  http.route({
    method: 'PATCH',
    url: '/api/v1/sites/:id',
    config: { permission: 'things.write', shared: siteOf },
    schema: {
      summary: 'Change a place',
      tags: ['sites'],
      params: siteParams,
      body: newSite.partial(),
      response: { 200: shownSite },
    },
    handler: async (request) => withTag(await things.changeSite(tenantOf(request), request.params.id, request.body)),
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/sites/:id',
    config: { permission: 'things.write', shared: siteOf },
    schema: { summary: 'Remove an empty place', tags: ['sites'], params: siteParams, response: { 204: z.void() } },
    handler: async (request, reply) => {
      await things.removeSite(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });
}

function withTag(one: Site) {
  return { ...one, etag: entityTagOf(one) };
}
