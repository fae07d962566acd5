import { clientCertificate, idSchema, newClientCertificate, page, pageQuery } from '@luban/contracts';
import { z } from 'zod';
import { pageById } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Access } from './access.ts';

const certificateParams = z.object({ id: idSchema('certificate') });

export function registerClientCertificateRoutes(http: Http, { certificates }: Access): void {
  http.route({
    method: 'GET',
    url: '/api/v1/client-certificates',
    config: { permission: 'access.read' },
    schema: {
      summary: 'Client certificates that stand for a thing, an edge or an access key, oldest first',
      tags: ['access'],
      querystring: pageQuery,
      response: { 200: page(clientCertificate) },
    },
    handler: (request) =>
      pageById(request.query, (after, most) => certificates.list(tenantOf(request), after ?? '', most)),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/client-certificates',
    config: { permission: 'access.write', makes: true },
    schema: {
      summary: 'Bind a client certificate, or all that an authority issues to this holder by name',
      tags: ['access'],
      body: newClientCertificate,
      response: { 201: clientCertificate },
    },
    handler: async (request, reply) => {
      const actor = actorOf(request);
      if (actor.kind !== 'user') throw new Refusal('permission.denied');
      return reply.status(201).send(await certificates.bind(actor, request.body));
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/client-certificates/:id/revocation',
    config: { permission: 'access.write' },
    schema: {
      summary: 'Revoke a client certificate for good; its connections end at once',
      tags: ['access'],
      params: certificateParams,
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await certificates.revoke(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/client-certificates/:id',
    config: { permission: 'access.write' },
    schema: {
      summary: 'Unbind a client certificate; its connections end at once',
      tags: ['access'],
      params: certificateParams,
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await certificates.unbind(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });
}
