import {
  type Edge,
  edge,
  edgeChange,
  edgeCredentials,
  edgeEvent,
  enrolment,
  enrolmentToken,
  entityTag,
  gap,
  idSchema,
  longPageQuery,
  newEdge,
  page,
  pageQuery,
} from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, pageOf, toPage } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Edges } from './edges.ts';

const edgeParams = z.object({ id: idSchema('edge') });
const shownEdge = edge.extend({ etag: entityTag });
const shownGap = gap.extend({ deviceName: z.string().nullable() });

export function registerEdgeRoutes(
  http: Http,
  { edges, mqttPort }: { edges: Edges; mqttPort: (secure: boolean) => number },
): void {
  const edgeOf = (request: FastifyRequest) =>
    changeable(edges.get(tenantOf(request), edgeParams.parse(request.params).id));

  http.route({
    method: 'GET',
    url: '/api/v1/edges',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'Edges, oldest first',
      querystring: longPageQuery,
      tags: ['edges'],
      response: { 200: page(shownEdge) },
    },
    handler: (request) => pageOf(edges.list(tenantOf(request)).map(withTag), request.query, ({ id }) => id),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/edges',
    config: { permission: 'edges.write', makes: true },
    schema: { summary: 'Add an edge', tags: ['edges'], body: newEdge, response: { 201: shownEdge } },
    handler: async (request, reply) => {
      const { tenant, tenantNumber } = actorOf(request);
      return reply
        .status(201)
        .send(withTag(await edges.add(tenant, tenantNumber, request.body.name, request.body.createsThings)));
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/edges/:id',
    config: { permission: 'edges.read', shared: edgeOf },
    schema: { summary: 'An edge', tags: ['edges'], params: edgeParams, response: { 200: shownEdge } },
    handler: async (request) => withTag(edges.get(tenantOf(request), request.params.id)),
  });
  http.route({
    method: 'PATCH',
    url: '/api/v1/edges/:id',
    config: { permission: 'edges.write', shared: edgeOf },
    schema: {
      summary: 'Change an edge',
      tags: ['edges'],
      params: edgeParams,
      body: edgeChange,
      response: { 200: shownEdge },
    },
    handler: async (request) => withTag(await edges.change(tenantOf(request), request.params.id, request.body)),
  });
  http.route({
    method: 'PUT',
    url: '/api/v1/edges/:id/things/:thing',
    config: { permission: 'edges.write' },
    schema: {
      summary: 'Let a thing send through the edge: a gateway that speaks for several',
      tags: ['edges'],
      params: edgeParams.extend({ thing: idSchema('thing') }),
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await edges.takeThing(tenantOf(request), request.params.id, request.params.thing);
      return reply.status(204).send();
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/edges/:id/things/:thing',
    config: { permission: 'edges.write' },
    schema: {
      summary: 'Let a thing send by itself again',
      tags: ['edges'],
      params: edgeParams.extend({ thing: idSchema('thing') }),
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await edges.giveThingBack(tenantOf(request), request.params.id, request.params.thing);
      return reply.status(204).send();
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/edges/:id',
    config: { permission: 'edges.write', shared: edgeOf },
    schema: {
      summary: 'Remove an edge and its devices; stored samples stay',
      tags: ['edges'],
      params: edgeParams,
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await edges.remove(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/edges/:id/enrolment-token',
    config: { permission: 'edges.write', makes: true },
    schema: {
      summary: 'A one-time token with which an edge enrols, in this answer only',
      tags: ['edges'],
      params: edgeParams,
      response: { 201: enrolmentToken },
    },
    handler: async (request, reply) => {
      const issued = await edges.issueToken(tenantOf(request), request.params.id);
      const command = `LUBAN_PLATFORM=${request.protocol}://${request.host} LUBAN_ENROLMENT_TOKEN=${issued.token} npm run edge`;
      return reply.status(201).send({ ...issued, command });
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/edges/enrol',
    config: { permission: 'public', machines: true },
    schema: {
      summary: 'Enrol an edge with its one-time token',
      tags: ['edges'],
      body: enrolment,
      response: { 200: edgeCredentials },
    },
    handler: async (request) => ({
      ...(await edges.enrol(request.body.token)),
      mqttPort: mqttPort(request.protocol === 'https'),
    }),
  });

  http.route({
    method: 'GET',
    url: '/api/v1/edges/:id/gaps',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'The gap ledger: what was not collected and why, newest first',
      tags: ['edges'],
      params: edgeParams,
      querystring: pageQuery.extend({ open: z.enum(['true', 'false']).optional() }),
      response: { 200: page(shownGap) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { cursor, limit, open } = request.query;
      const before = cursor === undefined ? null : decodeGapCursor(cursor);
      const rows = await edges.gaps(
        tenant,
        request.params.id,
        open === undefined ? undefined : open === 'true',
        before,
        limit + 1,
      );
      const names = new Map((await edges.devices(tenant, request.params.id)).map((device) => [device.id, device.name]));
      return toPage(
        rows,
        limit,
        ({ fromMs, id }) => `${fromMs} ${id}`,
        (row) => ({ ...row, deviceName: row.device === null ? null : (names.get(row.device) ?? null) }),
      );
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/edges/:id/events',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'The edge’s log of errors, newest first',
      tags: ['edges'],
      params: edgeParams,
      querystring: pageQuery,
      response: { 200: page(edgeEvent) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, 'number');
      const rows = await edges.events(tenantOf(request), request.params.id, before, limit + 1);
      return toPage(
        rows,
        limit,
        ({ sequence }) => sequence,
        (row) => row,
      );
    },
  });
}

/** The rest of an edge changes by itself. */
function changeable({ id, name, createsThings }: Edge) {
  return { id, name, createsThings };
}

function withTag(one: Edge) {
  return { ...one, etag: entityTagOf(changeable(one)) };
}

function decodeGapCursor(cursor: string): { fromMs: number; id: string } {
  const [fromMs = '', id = ''] = decodeCursor(cursor, 'string').split(' ');
  if (!/^\d+$/.test(fromMs)) throw new Refusal('request.invalid', 'The cursor is not one that this API gave');
  return { fromMs: Number(fromMs), id };
}
