import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../errors.ts';
import { actorName } from './actor-name.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False: its requests count for nobody's limit. Say why where it is declared. */
    counted?: boolean;
  }
}

export const limitWindowSeconds = 60;

export type RateLimit = ReturnType<typeof createRateLimit>;

/**
 * So many requests a minute for each actor, counted by this process: one who asks without end leaves room for the
 * others. Says in every answer how much is left (draft-ietf-httpapi-ratelimit-headers).
 */
export function createRateLimit({ perMinute, nowMs }: { perMinute: number; nowMs: () => number }) {
  const used = new Map<string, number>();
  let endsMs = Number.NEGATIVE_INFINITY;

  return (request: FastifyRequest, reply: FastifyReply): void => {
    const { permission, counted } = request.routeOptions.config;
    if (counted === false || permission === 'public' || request.actor === null) return;
    const atMs = nowMs();
    if (atMs >= endsMs) {
      used.clear();
      endsMs = atMs + limitWindowSeconds * 1000;
    }
    const name = actorName(request.actor);
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    const seconds = Math.max(1, Math.ceil((endsMs - atMs) / 1000));
    reply.header('ratelimit-policy', `"default";q=${perMinute};w=${limitWindowSeconds}`);
    reply.header('ratelimit', `"default";r=${Math.max(0, perMinute - count)};t=${seconds}`);
    if (count <= perMinute) return;
    reply.header('retry-after', String(seconds));
    throw new Refusal('request.too-many', `At most ${perMinute} requests a minute; try again in ${seconds} s`);
  };
}
