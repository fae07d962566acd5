import { STATUS_CODES } from 'node:http';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { isOfPlatform, may, type Problem, type TenantId } from '@luban/contracts';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Actor, Need } from '../actor.ts';
import { type ErrorCode, errorText, Refusal } from '../errors.ts';
import { checkDepth } from '../json.ts';
import { errorLine, type LogLines } from '../log-lines.ts';
import { newTraceId, parseTraceparent } from '../tracing/trace-context.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { RateLimit } from './rate-limit.ts';
import { answerRepeats } from './repeatable-requests.ts';
import { guardSharedObjects } from './shared-objects.ts';
import { traceRequests } from './traced-requests.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route needs. A route without it does not start. */
    permission?: Need;
    /** Things and edges may call it with their own key, for what belongs to them. */
    machines?: boolean;
    /** While the records are away it takes keys that they had of late. */
    remembersKeys?: boolean;
    /** Any server answers it, also one that stands by. */
    anyServer?: boolean;
    /** It reads stored samples and asks for nothing else that only one server knows. */
    readsHistory?: boolean;
  }
  interface FastifyRequest {
    /** Null only where the route's permission is `public`. */
    actor: Actor | null;
  }
}

export type Http = ReturnType<typeof createHttp>;
export type Authenticate = (request: FastifyRequest) => Promise<Actor | null>;

/** Most bytes of a request's body. */
const bodyLimitBytes = 8 << 20;
/** A request that takes longer to arrive is cut off: Fastify's default would wait for ever. */
const requestTimeoutMs = 120_000;
/** What cannot be answered now: when it is worth another try. */
const retrySeconds = 5;

/** The HTTP door: schema at both ends, a permission at every route, every error as problem+json. */
export function createHttp(options: {
  authenticate: Authenticate;
  isOperator: (request: FastifyRequest) => boolean;
  /** Whether a tenant has the platform for itself; without it none has. */
  ownsPlatform?: (tenant: TenantId) => Promise<boolean>;
  log: LogLines;
  tracing?: Tracing | undefined;
  idempotency?: IdempotencyStore;
  rateLimit?: RateLimit | undefined;
}) {
  const app = Fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    // A request's id is that of its trace, whether or not the trace is recorded.
    genReqId: ({ headers }) => parseTraceparent(headers.traceparent)?.traceId ?? newTraceId(),
    logger: false,
    routerOptions: { maxParamLength: 300 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('actor', null);
  if (options.tracing !== undefined) traceRequests(app, options.tracing);
  app.register(cookie);
  app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });

  const parseBody = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    try {
      checkDepth(body as string);
    } catch (error) {
      done(new Refusal('request.invalid', (error as Error).message));
      return;
    }
    parseBody(request, body as string, done);
  });

  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/') && route.config?.permission === undefined)
      throw new Error(`the route ${String(route.method)} ${route.url} names no permission`);
  });
  guardSharedObjects(app);
  if (options.idempotency !== undefined) answerRepeats(app, options.idempotency, options.log);
  app.addHook('onRequest', async (request, reply) => {
    const need = request.routeOptions.config.permission;
    if (need === undefined) return; // the console's own files
    if (isWrite(request) && !isMachine(request) && request.headers['x-luban-request'] === undefined)
      throw new Refusal('request.guard', 'Send the header x-luban-request: 1, which a foreign site cannot add');
    if ((need === 'operator' || isOfPlatform(need)) && options.isOperator(request)) return;
    if (need === 'operator')
      throw new Refusal('permission.denied', 'Only for the platform’s operator, on its own machine');
    request.actor = await options.authenticate(request);
    options.rateLimit?.(request, reply);
    checkPermission(need, request.routeOptions.config.machines === true, request.actor);
    if (isOfPlatform(need) && (await options.ownsPlatform?.(actorOf(request).tenant)) !== true)
      throw new Refusal('permission.shared-platform');
  });

  app.setErrorHandler((error: FastifyError | Refusal, request, reply) => {
    const problem = toProblem(error, request);
    if (problem.status >= 500)
      options.log('error', 'request failed', {
        traceId: request.id,
        route: request.routeOptions.url,
        cause: errorLine(error),
      });
    if (problem.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', retrySeconds);
    return sendProblem(reply, problem);
  });
  return app.withTypeProvider<ZodTypeProvider>() as unknown as FastifyInstance<
    import('fastify').RawServerDefault,
    import('node:http').IncomingMessage,
    import('node:http').ServerResponse,
    import('fastify').FastifyBaseLogger,
    ZodTypeProvider
  >;
}

/** Throws the refusal that fits; returns for whoever is allowed. */
export function checkPermission(need: Exclude<Need, 'operator'>, machines: boolean, actor: Actor | null): void {
  if (need === 'public') return;
  if (actor === null) throw new Refusal('session.required');
  if (actor.kind !== 'user') {
    if (!machines) throw new Refusal('permission.denied', 'A device key may only send samples');
    return;
  }
  if (need !== 'signed-in' && !may(actor.role, need))
    throw new Refusal('permission.denied', `This needs the permission ${need}`);
}

/** The actor of a route whose permission is not `public`. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor === null) throw new Refusal('session.required');
  return request.actor;
}

/** A caller that no foreign page can be: it brings its own key, or comes without a cookie to a door for machines. */
function isMachine({ headers, routeOptions }: FastifyRequest): boolean {
  return headers.authorization !== undefined || (routeOptions.config.machines === true && headers.cookie === undefined);
}

function isWrite(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.status(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}

function toProblem(error: FastifyError | Refusal, request: FastifyRequest): Problem {
  if (error instanceof Refusal) return problemOf(error.code, request, error.message, error.errors);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map(({ instancePath, message }) => ({
      pointer: instancePath || '/',
      message: message ?? 'is wrong',
    }));
    return problemOf(
      'request.invalid',
      request,
      errors.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '),
      errors,
    );
  }
  if (error.statusCode === 413)
    return problemOf('request.too-large', request, `At most ${bodyLimitBytes >> 20} MiB in one request`);
  if (error.statusCode === 415) return problemOf('request.media-type', request, 'Send application/json');
  if (error.statusCode !== undefined && error.statusCode < 500)
    return problemOf('request.invalid', request, error.message);
  return problemOf('server.fault', request);
}

export function problemOf(
  code: ErrorCode,
  request: { id: string },
  detail?: string,
  errors?: Problem['errors'],
): Problem {
  const { status, zh, en } = errorText(code);
  return {
    type: `urn:luban:error:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    text: { zh, en },
    traceId: request.id,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
}
