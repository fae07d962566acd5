import {
  type Cause,
  cause,
  entityTag,
  idSchema,
  issuedThingKey,
  localText,
  newThing,
  newThingKey,
  newThingModel,
  type Point,
  page,
  pageQuery,
  point,
  seriesList,
  type TenantId,
  type Thing,
  type ThingModel,
  type ThingState,
  thing,
  thingChange,
  thingKey,
  thingModel,
  thingState,
} from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, encodeCursor, toPage } from '../platform/database/page-cursor.ts';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Things } from './things.ts';

/** How a thing is now; where that comes from is not this folder's business. */
export type StateOf = (
  tenant: TenantId,
  thing: Thing,
) => { state: ThingState; sinceMs: number | null; cause: Cause | null };

const shownThing = thing.extend({
  etag: entityTag,
  state: thingState,
  stateSinceMs: z.int().nullable(),
  stateCause: cause.nullable(),
  modelName: localText,
  pointCount: z.int(),
});
const shownPoint = point.extend({ thingName: z.string() });
const shownModel = thingModel.extend({ etag: entityTag });
const thingParams = z.object({ id: idSchema('thing') });
const modelParams = z.object({ id: idSchema('model') });
const thingQuery = pageQuery.extend({
  q: z.string().max(100).optional().meta({ description: 'Part of the name or key' }),
  site: idSchema('site').optional().meta({ description: 'In this place or anywhere below it' }),
  edge: idSchema('edge').optional().meta({ description: 'That send through this edge' }),
  state: thingState.optional(),
});

export function registerThingRoutes(http: Http, { things, stateOf }: { things: Things; stateOf: StateOf }): void {
  async function show(tenant: TenantId, one: Thing): Promise<z.infer<typeof shownThing>> {
    const { state, sinceMs, cause: why } = stateOf(tenant, one);
    const model = await things.model(tenant, one.model);
    return {
      ...one,
      etag: entityTagOf(one),
      state,
      stateSinceMs: sinceMs,
      stateCause: why,
      modelName: model.name,
      pointCount: model.properties.length,
    };
  }

  const modelOf = (request: FastifyRequest) => things.model(tenantOf(request), modelParams.parse(request.params).id);
  const thingOf = (request: FastifyRequest) => things.thing(tenantOf(request), thingParams.parse(request.params).id);

  http.route({
    method: 'GET',
    url: '/api/v1/thing-models',
    config: { permission: 'things.read' },
    schema: { summary: 'Thing models', tags: ['things'], querystring: pageQuery, response: { 200: page(shownModel) } },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const rows = await things.models(
        tenantOf(request),
        cursor === undefined ? '' : decodeCursor(cursor, 'string'),
        limit + 1,
      );
      return toPage(rows, limit, ({ key }) => key, withTag);
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/thing-models',
    config: { permission: 'things.write', makes: true },
    schema: { summary: 'Add a thing model', tags: ['things'], body: newThingModel, response: { 201: shownModel } },
    handler: async (request, reply) =>
      reply.status(201).send(withTag(await things.addModel(tenantOf(request), request.body))),
  });
  http.route({
    method: 'GET',
    url: '/api/v1/thing-models/:id',
    config: { permission: 'things.read', shared: modelOf },
    schema: {
      summary: 'A thing model',
      tags: ['things'],
      params: modelParams,
      response: { 200: shownModel },
    },
    handler: async (request) => withTag(await things.model(tenantOf(request), request.params.id)),
  });

  http.route({
    method: 'GET',
    url: '/api/v1/things',
    config: { permission: 'things.read' },
    schema: {
      summary: 'Things, by key',
      tags: ['things'],
      querystring: thingQuery,
      response: { 200: page(shownThing) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { q, site, edge, state, cursor, limit } = request.query;
      const after = cursor === undefined ? '' : decodeCursor(cursor, 'string');
      const places = site === undefined ? null : placesBelow(await things.sites(tenant), site);
      const wanted = q?.trim().toLowerCase();
      const found = (await things.things(tenant)).filter(
        (one) =>
          one.key > after &&
          (edge === undefined || one.edge === edge) &&
          (places === null || (one.site !== null && places.has(one.site))) &&
          (!wanted || one.name.toLowerCase().includes(wanted) || one.key.toLowerCase().includes(wanted)) &&
          (state === undefined || stateOf(tenant, one).state === state),
      );
      const { items, next } = toPage(
        found.slice(0, limit + 1),
        limit,
        ({ key }) => key,
        (one) => one,
      );
      return { items: await Promise.all(items.map((one) => show(tenant, one))), next };
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/things',
    config: { permission: 'things.write', makes: true },
    schema: { summary: 'Add a thing', tags: ['things'], body: newThing, response: { 201: shownThing } },
    handler: async (request, reply) => {
      const made = await things.addThing(actorOf(request), request.body);
      return reply.status(201).send(await show(tenantOf(request), made));
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/things/:id',
    config: { permission: 'things.read', shared: thingOf },
    schema: { summary: 'A thing', tags: ['things'], params: thingParams, response: { 200: shownThing } },
    handler: async (request) => show(tenantOf(request), await things.thing(tenantOf(request), request.params.id)),
  });
  http.route({
    method: 'PATCH',
    url: '/api/v1/things/:id',
    config: { permission: 'things.write', shared: thingOf },
    schema: {
      summary: 'Change a thing',
      tags: ['things'],
      params: thingParams,
      body: thingChange,
      response: { 200: shownThing },
    },
    handler: async (request) =>
      show(tenantOf(request), await things.changeThing(tenantOf(request), request.params.id, request.body)),
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/things/:id',
    config: { permission: 'things.write', shared: thingOf },
    schema: { summary: 'Remove a thing', tags: ['things'], params: thingParams, response: { 204: z.void() } },
    handler: async (request, reply) => {
      await things.removeThing(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });

  http.route({
    method: 'GET',
    url: '/api/v1/points',
    config: { permission: 'things.read' },
    schema: {
      summary: 'Points: of one thing, by a part of their name, or by series',
      tags: ['things'],
      querystring: pageQuery.extend({
        thing: idSchema('thing').optional(),
        q: z.string().max(100).optional().meta({ description: 'Words of the names or keys of thing and point' }),
        series: seriesList.optional(),
      }),
      response: { 200: page(shownPoint) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { thing: of, q, series: list, cursor, limit } = request.query;
      const asked = list === undefined ? null : new Set(list.split(',').map(Number));
      const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
      const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number');
      const owners = of === undefined ? await things.things(tenant) : [await things.thing(tenant, of)];
      const isWanted = ({ series, key, name }: Point, owner: Thing) => {
        if (series <= after || (asked !== null && !asked.has(series))) return false;
        if (words.length === 0) return true;
        const text = `${owner.key} ${owner.name} ${key} ${name.zh} ${name.en}`.toLowerCase();
        return words.every((word) => text.includes(word));
      };
      const found = owners
        .flatMap((owner) =>
          things
            .pointsOf(tenant, owner.id)
            .filter((point) => isWanted(point, owner))
            .map((point) => ({ point, owner })),
        )
        .sort((a, b) => a.point.series - b.point.series);
      const items = found
        .slice(0, limit)
        .map(({ point, owner }) => ({ ...point, thingName: owner.name, thingKey: owner.key }));
      return { items, next: found.length > limit ? encodeCursor(items[items.length - 1]!.series) : null };
    },
  });

  http.route({
    method: 'GET',
    url: '/api/v1/things/:id/keys',
    config: { permission: 'things.write' },
    schema: {
      summary: 'Keys with which a thing sends by itself',
      tags: ['things'],
      params: thingParams,
      response: { 200: page(thingKey) },
    },
    handler: async (request) => ({
      items: (await things.keys(tenantOf(request), request.params.id)).map(shownKey),
      next: null,
    }),
  });
  http.route({
    method: 'POST',
    url: '/api/v1/things/:id/keys',
    config: { permission: 'things.write', makes: true },
    schema: {
      summary: 'Issue a key; its secret is in this answer only',
      description:
        'With `signed` it is a device secret of another cloud: the device goes on signing its MQTT password with it.',
      tags: ['things'],
      params: thingParams,
      body: newThingKey,
      response: { 201: issuedThingKey },
    },
    handler: async (request, reply) => {
      const row = await things.issueKey(tenantOf(request), request.params.id, request.body.name, request.body.signed);
      return reply.status(201).send({ ...shownKey(row), secret: row.secret });
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/things/:id/keys/:key',
    config: { permission: 'things.write' },
    schema: {
      summary: 'Revoke a key',
      tags: ['things'],
      params: thingParams.extend({ key: idSchema('key') }),
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await things.revokeKey(tenantOf(request), request.params.id, request.params.key);
      return reply.status(204).send();
    },
  });
}

function withTag(model: ThingModel) {
  return { ...model, etag: entityTagOf(model) };
}

function shownKey(row: {
  id: string;
  thing: string;
  name: string;
  prefix: string;
  login: string | null;
  created_ms: number;
}) {
  return thingKey.parse({
    id: row.id,
    thing: row.thing,
    name: row.name,
    prefix: row.prefix,
    login: row.login,
    createdAt: new Date(Number(row.created_ms)).toISOString(),
  });
}

/** The place and all places below it. */
function placesBelow(sites: readonly { id: string; parent: string | null }[], top: string): Set<string> {
  const found = new Set([top]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const { id, parent } of sites) if (parent !== null && found.has(parent)) found.add(id);
  }
  return found;
}
