import { entityTag, idSchema, newUser, page, pageQuery, type User, user } from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, toPage } from '../platform/database/page-cursor.ts';
import { entityTagOf } from '../platform/http/entity-tag.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Users } from './users.ts';

const userChange = user.pick({ name: true, role: true }).partial();
const userParams = z.object({ id: idSchema('user') });
const shownUser = user.extend({ etag: entityTag });

/** The people of the caller's tenant. */
export function registerUserRoutes(http: Http, users: Users): void {
  const userOf = (request: FastifyRequest) => users.get(actorOf(request).tenant, userParams.parse(request.params).id);

  http.get(
    '/api/v1/users',
    {
      config: { permission: 'users.read' },
      schema: { summary: 'List users', tags: ['Users'], querystring: pageQuery, response: { 200: page(shownUser) } },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? null : decodeCursor(cursor, 'string');
      const rows = await users.list(actorOf(request).tenant, after, limit + 1);
      return toPage(rows, limit, (row) => row.id, withTag);
    },
  );
  http.post(
    '/api/v1/users',
    {
      config: { permission: 'users.write', makes: true },
      schema: { summary: 'Add a user', tags: ['Users'], body: newUser, response: { 201: shownUser } },
    },
    async (request, reply) => reply.status(201).send(withTag(await users.add(actorOf(request).tenant, request.body))),
  );
  http.get(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.read', shared: userOf },
      schema: { summary: 'A user', tags: ['Users'], params: userParams, response: { 200: shownUser } },
    },
    async (request) => withTag(await users.get(actorOf(request).tenant, request.params.id)),
  );
  http.patch(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.write', shared: userOf },
      schema: {
        summary: "Change a user's name or role; takes effect at once",
        tags: ['Users'],
        params: userParams,
        body: userChange,
        response: { 200: shownUser },
      },
    },
    async (request) => withTag(await users.change(actorOf(request).tenant, request.params.id, request.body)),
  );
  http.delete(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.write', shared: userOf },
      schema: {
        summary: 'Remove a user; their sessions end at once',
        tags: ['Users'],
        params: userParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await users.remove(actorOf(request).tenant, request.params.id);
      return reply.status(204).send(null);
    },
  );
}

function withTag(one: User) {
  return { ...one, etag: entityTagOf(one) };
}
