import { createAuthenticate } from './authenticate.ts';
import type { ServerConfig } from './config.ts';
import { meterHttp } from './metrics/http-meter.ts';
import { createHttp } from './platform/http/http.ts';
import { createIdempotencyStore } from './platform/http/idempotency-store.ts';
import { createOperatorDoor } from './platform/http/operator-door.ts';
import { createRateLimit } from './platform/http/rate-limit.ts';
import { createUpgrades } from './platform/http/upgrades.ts';
import type { Tracing } from './platform/tracing/tracing.ts';

type AnswersNeeds = Parameters<typeof createIdempotencyStore>[0];
type WhoAsks = Parameters<typeof createAuthenticate>[0];

interface HttpDoorOptions extends AnswersNeeds, WhoAsks {
  readonly config: ServerConfig;
  readonly tracing: Tracing | undefined;
}

/** The way in by HTTP, before there are any routes: who asks, how often, what was asked before, and the operator's own door. */
export function createHttpDoor(options: HttpDoorOptions) {
  const { config, identity, things, departed, tracing, database, sealer, nowMs, lines } = options;
  const operatorDoor = createOperatorDoor({ directory: config.dataDirectory, lines });
  const idempotency = createIdempotencyStore({ database, sealer, nowMs, lines });
  const clockMs = () => performance.now();
  const http = createHttp({
    authenticate: createAuthenticate({ identity, things, departed }),
    isOperator: operatorDoor.isOperator,
    ownsPlatform: identity.ownsPlatform,
    log: lines,
    tracing,
    idempotency,
    rateLimit: config.rateLimit === 0 ? undefined : createRateLimit({ perMinute: config.rateLimit, nowMs: clockMs }),
  });
  const upgrades = createUpgrades(lines);
  upgrades.serve(http.server);
  return { http, httpMeter: meterHttp(http), operatorDoor, idempotency, upgrades };
}
