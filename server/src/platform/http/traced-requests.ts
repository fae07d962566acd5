import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Span } from '../tracing/span.ts';
import { parseTraceparent } from '../tracing/trace-context.ts';
import type { Tracing } from '../tracing/tracing.ts';

/**
 * A span of each request that is traced; what its handler does is a part of it. Route and status, never the address or
 * the headers: those may hold what nobody else is to know.
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, reply, done) => {
    const { url: route = 'none' } = request.routeOptions;
    const span = tracing.root(route === 'none' ? request.method : `${request.method} ${route}`, {
      kind: 'server',
      context: parseTraceparent(request.headers.traceparent),
      traceId: request.id,
      attributes: { 'http.request.method': request.method, 'http.route': route },
    });
    if (span === undefined) return done();
    spans.set(request, span);
    // Also when the client goes away before it has its answer.
    reply.raw.once('close', () => {
      const { actor } = request;
      span.attributes['http.response.status_code'] = reply.statusCode;
      if (actor !== null) Object.assign(span.attributes, { 'luban.tenant': actor.tenant, 'luban.actor': actor.kind });
      if (!reply.raw.writableFinished) span.failure = 'the client went away';
      else if (reply.statusCode >= 500) span.failure = `status ${reply.statusCode}`;
      tracing.endRoot(span);
    });
    tracing.within(span, done);
  });
  // A body comes by events that are not part of the hook above.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else tracing.within(span, done);
  });
}
