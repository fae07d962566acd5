import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { Refusal } from '../errors.ts';
import { entityTagOf, matches } from './entity-tag.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The route is about one object that several people change: this reads it, without what changes by itself and
     * without secrets. Reads answer its `ETag`; writes with an `If-Match` of another one are refused.
     */
    shared?: (request: FastifyRequest) => unknown;
  }
}

type Handler = (request: FastifyRequest, ...rest: unknown[]) => unknown;

/**
 * Gives every route that declares a shared object its `ETag` and `If-Match`. Writes to one object come one after the
 * other, so that nobody writes between a comparison and the write that it was made for.
 */
export function guardSharedObjects(app: FastifyInstance): void {
  const turns = createTurns();
  app.addHook('onRoute', (route) => {
    const read = route.config?.shared;
    if (read === undefined) return;
    const handle = route.handler as Handler;
    const tagOf = async (request: FastifyRequest) => entityTagOf(await read(request));
    const onRead: RouteHandlerMethod = async function (request, reply) {
      // Before the answer is made: of a change in between the tag may know too little, never too much.
      reply.header('etag', await tagOf(request));
      return handle.call(this, request, reply);
    };
    const onWrite: RouteHandlerMethod = function (request, reply) {
      const object = `${request.actor?.tenant} ${request.url.split('?', 1)[0]}`;
      return turns(object, async () => {
        const wanted = request.headers['if-match'];
        if (wanted !== undefined && !matches(wanted, await tagOf(request)))
          throw new Refusal('request.stale', 'If-Match names another state than the present one: read it again');
        const answer = await handle.call(this, request, reply);
        if (!reply.sent) reply.header('etag', await tagOf(request));
        return answer;
      });
    };
    route.handler = route.method === 'GET' || route.method === 'HEAD' ? onRead : onWrite;
  });
}

/** Work on the same key one after the other, in the order of asking. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key);
    const turn = (async () => {
      await before?.catch(() => undefined); // whoever asked for it has heard of it
      return work();
    })();
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
