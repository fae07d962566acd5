import {
  accessKey,
  idSchema,
  issuedAccessKey,
  issuedAccessToken,
  newAccessKey,
  newAccessToken,
  page,
  pageQuery,
} from '@luban/contracts';
import { z } from 'zod';
import { pageById } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Access } from './access.ts';

const keyParams = z.object({ id: idSchema('access') });

interface MqttPorts {
  readonly mqttPort: number;
  readonly mqttTlsPort: number | null;
}

export function registerAccessRoutes(http: Http, access: Access, mqttPorts: () => MqttPorts): void {
  http.route({
    method: 'GET',
    url: '/api/v1/access-keys',
    config: { permission: 'access.read' },
    schema: {
      summary: 'Access keys, oldest first; revoked ones stay in the list',
      tags: ['access'],
      querystring: pageQuery,
      response: { 200: page(accessKey) },
    },
    handler: (request) => pageById(request.query, (after, most) => access.list(tenantOf(request), after ?? '', most)),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/access-keys',
    config: { permission: 'access.write', makes: true },
    schema: {
      summary: 'Issue an access key for MQTT; its secret is in this answer only',
      tags: ['access'],
      body: newAccessKey,
      response: { 201: issuedAccessKey },
    },
    handler: async (request, reply) => {
      const actor = actorOf(request);
      if (actor.kind !== 'user') throw new Refusal('permission.denied');
      return reply.status(201).send({ ...(await access.issue(actor, request.body)), ...mqttPorts() });
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/access-keys/:id',
    config: { permission: 'access.write' },
    schema: {
      summary: 'Revoke an access key; its connections end at once',
      tags: ['access'],
      params: keyParams,
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await access.revoke(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/access-keys/:id/tokens',
    config: { permission: 'access.write', makes: true },
    schema: {
      summary: 'Mint a short-lived token of an access key, for a browser or a phone',
      tags: ['access'],
      params: keyParams,
      body: newAccessToken,
      response: { 201: issuedAccessToken },
    },
    handler: async (request, reply) =>
      reply.status(201).send(await access.mintToken(tenantOf(request), request.params.id, request.body)),
  });
}
