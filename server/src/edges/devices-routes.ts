import {
  binding,
  type Device,
  device,
  deviceReport,
  entityTag,
  idSchema,
  longPageQuery,
  newBinding,
  newDevice,
  page,
  pageQuery,
  seriesSchema,
  type TenantId,
} from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, pageOf, toPage } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import type { Http } from '../platform/http/http.ts';
import { tenantOf } from '../platform/http/tenant-of.ts';
import type { Edges } from './edges.ts';

const deviceParams = z.object({ id: idSchema('device') });
const shownDevice = device.and(z.object({ etag: entityTag, report: deviceReport.nullable(), bindingCount: z.int() }));

export function registerDeviceRoutes(http: Http, edges: Edges): void {
  const deviceOf = async (request: FastifyRequest) =>
    withoutPassword(await edges.device(tenantOf(request), deviceParams.parse(request.params).id));
  function shown(one: Device, bindingCount: number): z.infer<typeof shownDevice> {
    const told = withoutPassword(one);
    return { ...told, etag: entityTagOf(told), report: edges.deviceReport(one.id), bindingCount };
  }
  async function show(tenant: TenantId, one: Device): Promise<z.infer<typeof shownDevice>> {
    return shown(one, (await edges.bindingCounts(tenant)).get(one.id) ?? 0);
  }

  http.route({
    method: 'GET',
    url: '/api/v1/devices',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'Devices that edges collect from',
      tags: ['devices'],
      querystring: longPageQuery.extend({ edge: idSchema('edge').optional() }),
      response: { 200: page(shownDevice) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      if (request.query.edge !== undefined) edges.get(tenant, request.query.edge);
      const counts = await edges.bindingCounts(tenant);
      const items = (await edges.devices(tenant, request.query.edge)).map((one) => shown(one, counts.get(one.id) ?? 0));
      return pageOf(items, request.query, ({ name, id }) => `${name} ${id}`);
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/devices',
    config: { permission: 'edges.write', makes: true },
    schema: { summary: 'Add a device to an edge', tags: ['devices'], body: newDevice, response: { 201: shownDevice } },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      return reply.status(201).send(await show(tenant, await edges.addDevice(tenant, request.body)));
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/devices/:id',
    config: { permission: 'edges.read', shared: deviceOf },
    schema: { summary: 'A device', tags: ['devices'], params: deviceParams, response: { 200: shownDevice } },
    handler: async (request) => show(tenantOf(request), await edges.device(tenantOf(request), request.params.id)),
  });
  http.route({
    method: 'PUT',
    url: '/api/v1/devices/:id',
    config: { permission: 'edges.write', shared: deviceOf },
    schema: {
      summary: 'Change a device; an OPC UA password left empty stays as it was',
      tags: ['devices'],
      params: deviceParams,
      body: newDevice,
      response: { 200: shownDevice },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const before = await edges.device(tenant, request.params.id);
      return show(
        tenant,
        await edges.changeDevice(tenant, request.params.id, keepPassword(request.body as Omit<Device, 'id'>, before)),
      );
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/devices/:id',
    config: { permission: 'edges.write', shared: deviceOf },
    schema: { summary: 'Remove a device', tags: ['devices'], params: deviceParams, response: { 204: z.void() } },
    handler: async (request, reply) => {
      await edges.removeDevice(tenantOf(request), request.params.id);
      return reply.status(204).send();
    },
  });

  http.route({
    method: 'GET',
    url: '/api/v1/devices/:id/bindings',
    config: { permission: 'edges.read' },
    schema: {
      summary: 'Which points a device delivers, and from where in it',
      tags: ['devices'],
      params: deviceParams,
      querystring: pageQuery,
      response: { 200: page(binding) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number');
      const rows = (await edges.bindings(tenantOf(request), request.params.id)).filter(({ series }) => series > after);
      return toPage(
        rows.slice(0, limit + 1),
        limit,
        ({ series }) => series,
        (row) => row,
      );
    },
  });
  http.route({
    method: 'POST',
    url: '/api/v1/devices/:id/bindings',
    config: { permission: 'edges.write', makes: true },
    schema: {
      summary: 'Bind points to addresses of a device: all or none',
      tags: ['devices'],
      params: deviceParams,
      body: z.object({ bindings: z.array(newBinding).min(1).max(20_000) }),
      response: { 201: page(binding) },
    },
    handler: async (request, reply) => {
      const items = await edges.addBindings(tenantOf(request), request.params.id, request.body.bindings);
      return reply.status(201).send({ items, next: null });
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/bindings/:series',
    config: { permission: 'edges.write' },
    schema: {
      summary: 'Stop collecting a point',
      tags: ['devices'],
      params: z.object({ series: z.coerce.number().pipe(seriesSchema) }),
      response: { 204: z.void() },
    },
    handler: async (request, reply) => {
      await edges.removeBinding(tenantOf(request), request.params.series);
      return reply.status(204).send();
    },
  });
}

/** A stored password never leaves the platform but to its edge. */
function withoutPassword(one: Device): Device {
  if (one.protocol !== 'opc-ua' || one.settings.user === null) return one;
  return { ...one, settings: { ...one.settings, user: { name: one.settings.user.name, password: '' } } };
}

function keepPassword(after: Omit<Device, 'id'>, before: Device): Omit<Device, 'id'> {
  const changed = after as Device;
  if (changed.protocol !== 'opc-ua' || before.protocol !== 'opc-ua' || changed.settings.user === null) return after;
  if (changed.settings.user.password !== '' || before.settings.user === null) return after;
  if (changed.settings.endpointUrl !== before.settings.endpointUrl)
    throw new Refusal(
      'request.invalid',
      'Enter the password again: the address changed, and a kept one must not go elsewhere',
      [{ pointer: '/settings/user/password', message: 'is needed for a new address' }],
    );
  const user = { ...changed.settings.user, password: before.settings.user.password };
  return { ...changed, settings: { ...changed.settings, user } };
}
