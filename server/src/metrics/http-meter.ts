import { Histogram } from '../platform/histogram.ts';
import type { Http } from '../platform/http/http.ts';

interface RouteMeter {
  readonly labels: { readonly method: string; readonly route: string; readonly status: string };
  readonly durations: Histogram;
}

/** Counts requests by the route's pattern, never by the address asked for: strangers cannot make labels. */
export function meterHttp(http: Http): { routes(): Iterable<RouteMeter> } {
  const meters = new Map<string, RouteMeter>();
  http.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const status = String(reply.statusCode);
    const method = route === 'none' ? 'any' : request.method;
    const key = `${method} ${route} ${status}`;
    let meter = meters.get(key);
    if (meter === undefined) {
      meter = { labels: { method, route, status }, durations: new Histogram() };
      meters.set(key, meter);
    }
    meter.durations.observe(reply.elapsedTime / 1000);
  });
  return { routes: () => meters.values() };
}
