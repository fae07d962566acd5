import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../platform/errors.ts';

/** Who may read the metrics: nobody, a collector on this machine, or whoever has the token. */
export type MetricsAccess =
  | { readonly kind: 'off' }
  | { readonly kind: 'loopback' }
  | { readonly kind: 'token'; token: string };

/** Throws the refusal that fits; returns for whoever is allowed. */
export function checkMetricsAccess(access: MetricsAccess, request: FastifyRequest): void {
  switch (access.kind) {
    case 'off':
      throw new Refusal('request.not-found', 'Metrics are switched off: LUBAN_METRICS');
    case 'loopback':
      if (!isLocal(request)) throw new Refusal('metrics.denied', 'Only from this machine; or set LUBAN_METRICS=token');
      return;
    case 'token': {
      const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!timingSafeEqual(digest(given), digest(access.token)))
        throw new Refusal('metrics.denied', 'Send the token of LUBAN_METRICS_TOKEN as bearer token');
    }
  }
}

/** Behind a proxy on this machine everybody seems to be local; the proxy's header gives it away. */
function isLocal({ socket, headers }: FastifyRequest): boolean {
  const { remoteAddress = '' } = socket;
  const local = remoteAddress === '::1' || /^(::ffff:)?127\./.test(remoteAddress);
  return (
    local && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined && headers.via === undefined
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
