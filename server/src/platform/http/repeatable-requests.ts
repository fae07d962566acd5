import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { Refusal } from '../errors.ts';
import { errorLine, type LogLines } from '../log-lines.ts';
import { actorName } from './actor-name.ts';
import { entityTagOf } from './entity-tag.ts';
import type { Claim, IdempotencyStore, KeptAnswer } from './idempotency-store.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route makes something: sent again with the same `Idempotency-Key` it answers again and makes nothing. */
    makes?: boolean;
  }
}

const maxKeyLength = 255;

/**
 * Gives every route that declares that it makes something its `Idempotency-Key`. Only successes are kept: a refused
 * request changed nothing, and may succeed when it comes again.
 */
export function answerRepeats(app: FastifyInstance, store: IdempotencyStore, lines: LogLines): void {
  const claims = new WeakMap<FastifyRequest, Claim>();

  async function keep(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
    const claim = claims.get(request);
    if (claim === undefined) return;
    claims.delete(request);
    const { statusCode: status } = reply;
    const type = String(reply.getHeader('content-type') ?? '');
    try {
      if (status < 300) await store.answered(claim, { status, type, body: typeof payload === 'string' ? payload : '' });
      else await store.giveBack(claim);
    } catch (error) {
      // It was made, and whoever made it is to know. Sent again, the key says that it does not know.
      lines('error', 'answer not kept for its idempotency key', { traceId: request.id, cause: errorLine(error) });
    }
  }

  app.addHook('onRoute', (route) => {
    if (route.config?.makes !== true) return;
    const handle = route.handler;
    const handler: RouteHandlerMethod = async function (request, reply) {
      const key = keyOf(request.headers['idempotency-key']);
      if (key === undefined || request.actor === null) return handle.call(this, request, reply);
      const fingerprint = entityTagOf([request.method, request.url, request.body ?? null]);
      const claimed = await store.claim(actorName(request.actor), key, fingerprint);
      switch (claimed.state) {
        case 'mine':
          claims.set(request, claimed.claim);
          return handle.call(this, request, reply);
        case 'answered':
          return repeat(reply, claimed.answer);
        case 'other-request':
          throw new Refusal('idempotency.other-request');
        case 'in-progress':
          reply.header('retry-after', '1');
          throw new Refusal('idempotency.in-progress');
        case 'interrupted':
          throw new Refusal('idempotency.interrupted');
      }
    };
    route.handler = handler;
    const before = route.onSend === undefined ? [] : [route.onSend].flat();
    route.onSend = [
      ...before,
      async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
        await keep(request, reply, payload);
        return payload;
      },
    ];
  });
}

function repeat(reply: FastifyReply, { status, type, body }: KeptAnswer): FastifyReply {
  return reply
    .status(status)
    .type(type)
    .header('idempotency-replayed', 'true')
    .serializer((text: unknown) => text as string)
    .send(body);
}

/** The draft wants it in quotes; many send it without. */
function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header).replace(/^"(.*)"$/, '$1');
  if (key.length > 0 && key.length <= maxKeyLength && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new Refusal('request.invalid', `Idempotency-Key: 1 to ${maxKeyLength} printable ASCII characters`);
}
