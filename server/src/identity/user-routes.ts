import { idSchema, newUser, page, pageQuery, user } from '@luban/contracts';
import { z } from 'zod';
import { decodeCursor, toPage } from '../platform/database/page-cursor.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Users } from './users.ts';

const userChange = user.pick({ name: true, role: true }).partial();
const userParams = z.object({ id: idSchema('user') });

/** The people of the caller's tenant. */
export function registerUserRoutes(http: Http, users: Users): void {
  http.get(
    '/api/v1/users',
    {
      config: { permission: 'users.read' },
      schema: { summary: 'List users', tags: ['Users'], querystring: pageQuery, response: { 200: page(user) } },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? null : decodeCursor(cursor, 'string');
      const rows = await users.list(actorOf(request).tenant, after, limit + 1);
      return toPage(
        rows,
        limit,
        (row) => row.id,
        (row) => row,
      );
    },
  );
  http.post(
    '/api/v1/users',
    {
      config: { permission: 'users.write' },
      schema: { summary: 'Add a user', tags: ['Users'], body: newUser, response: { 201: user } },
    },
    async (request, reply) => reply.status(201).send(await users.add(actorOf(request).tenant, request.body)),
  );
  http.patch(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.write' },
      schema: {
        summary: "Change a user's name or role; takes effect at once",
        tags: ['Users'],
        params: userParams,
        body: userChange,
        response: { 200: user },
      },
    },
    async (request) => users.change(actorOf(request).tenant, request.params.id, request.body),
  );
  http.delete(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.write' },
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
