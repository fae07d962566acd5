import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { problem } from '@luban/contracts';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Http } from '../platform/http/http.ts';
import { type ApiDocument, watchConventions } from './conventions-document.ts';

const description =
  'The public API of the Luban industrial internet platform. Times are integer microseconds since 1970 UTC unless a name ' +
  'says ms. Errors are application/problem+json (RFC 9457) with a stable `code` and texts in Chinese and English. Writes ' +
  'with a session cookie need the header `x-luban-request: 1`. Lists answer `items` and an opaque `next` cursor. Objects that several people change have an `ETag`, also as their `etag`: sent as `If-Match` with a change it keeps from overwriting what somebody else changed meanwhile. A request that makes something may be repeated with the same `Idempotency-Key`. Each user may make so many requests a minute: `RateLimit` says how many are left, 429 that there are none. `x-permission` is what the signed-in user needs; `operator` routes answer only on the server’s own operator socket.\n\n' +
  '鲁班产业互联网平台的公开 API。除名称带 ms 的字段外，时间均为 1970 年（UTC）以来的整数微秒。错误为 application/problem+json，' +
  '`code` 稳定不变，`text` 为中英文说明。使用会话 cookie 写入时需要请求头 `x-luban-request: 1`。列表返回 `items` 与不透明游标 `next`。多人共用的对象带有 `ETag`（即其 `etag` 字段），修改时作为 `If-Match` 发送，可避免覆盖他人的修改。创建类请求可带同一 `Idempotency-Key` 重复发送，只创建一次。每个用户每分钟的请求数有上限：`RateLimit` 给出剩余次数，用尽时返回 429。`x-permission` 为登录用户所需的权限；`operator` 接口只在服务器本机的运维通道上应答。';

/** The API document, made from the route schemas (register it before the routes), and a page to read it: /docs/api. */
export async function registerOpenApi(http: Http): Promise<void> {
  const withConventions = watchConventions(http);
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Luban 鲁班', version: '1', description },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'luban_session' },
          thingKey: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: (route) => jsonSchemaTransform({ ...route, schema: withProblem(route.schema) }),
    transformObject: (document) => withConventions(jsonSchemaTransformObject(document) as ApiDocument) as never,
  });
  await http.register(swaggerUi, {
    routePrefix: '/docs/api',
    theme: {
      title: 'Luban 鲁班 API',
      css: [{ filename: 'luban.css', content: '.swagger-ui .topbar { display: none }' }],
    },
  });
  http.get('/api/v1/openapi.json', { config: { permission: 'public' }, schema: { hide: true } }, () => http.swagger());
}

type RouteSchema = Parameters<typeof jsonSchemaTransform>[0]['schema'];

/** Every route may answer with a problem: said once, here. */
function withProblem(schema: RouteSchema): RouteSchema {
  if (schema === undefined || schema.hide === true) return schema;
  const refusal = { description: 'Refused · 被拒绝', content: { 'application/problem+json': { schema: problem } } };
  return { ...schema, response: { 200: z.unknown(), ...(schema.response as object), default: refusal } };
}
