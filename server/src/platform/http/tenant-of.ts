import type { FastifyRequest } from 'fastify';
import { actorOf } from './http.ts';

/** The tenant that a request belongs to: from who asks, never from what is asked. */
export function tenantOf(request: FastifyRequest) {
  return actorOf(request).tenant;
}
