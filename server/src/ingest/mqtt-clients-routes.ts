import { mqttClient, mqttClientDetail, mqttOwner, pageOfServers, pageQuery } from '@luban/contracts';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { MqttClients } from './mqtt-clients.ts';
import type { ShownServers } from './shown-servers.ts';

const clientPath = {
  params: z.object({ owner: mqttOwner }),
  // Not in the path: a client identifier may hold anything, slashes and dots too.
  querystring: z.object({ clientId: z.string().min(1).max(65_535) }),
};

export function registerMqttClientRoutes(http: Http, clients: MqttClients, shown: ShownServers): void {
  http.route({
    method: 'GET',
    url: '/api/v1/mqtt-clients',
    config: { permission: 'access.read', anyServer: true },
    schema: {
      summary:
        'MQTT clients with a session at any server, also those that are away, and what waits for them; oldest first',
      tags: ['access'],
      querystring: pageQuery.extend({ q: z.string().trim().min(1).max(200).optional() }),
      response: { 200: pageOfServers(mqttClient) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      return shown.clients(tenant, await clients.list(tenant, request.query));
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/mqtt-clients/:owner',
    config: { permission: 'access.read', anyServer: true },
    schema: {
      summary: 'One MQTT client of a thing, an edge or an access key, with what it has subscribed to',
      tags: ['access'],
      ...clientPath,
      response: { 200: mqttClientDetail },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      return shown.client(tenant, await clients.get(tenant, request.params.owner, request.query.clientId));
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/mqtt-clients/:owner',
    config: { permission: 'access.write', anyServer: true },
    schema: {
      summary: 'End an MQTT client’s session: its connection, its subscriptions and the messages that wait for it',
      tags: ['access'],
      ...clientPath,
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await clients.end(tenantOf(request), request.params.owner, request.query.clientId);
      return reply.status(204).send();
    },
  });
}
