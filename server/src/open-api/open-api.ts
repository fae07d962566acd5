import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Http } from '../platform/http/http.ts';

/** The API document, made from the route schemas (register it before the routes), and a page to read it: /docs/api. */
export async function registerOpenApi(http: Http): Promise<void> {
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Luban 鲁班',
        version: '1',
        description:
          'The public API of the Luban industrial internet platform. Times are integer microseconds since 1970 UTC unless a name says ms. ' +
          'Errors are application/problem+json (RFC 9457) with a stable `code` and texts in Chinese and English. ' +
          'Writes with a session cookie need the header `x-luban-request: 1`. Lists answer `items` and an opaque `next` cursor.',
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'luban_session' },
          thingKey: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: createJsonSchemaTransform({ skipList: [] }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: undefined } as never),
  });
  await http.register(swaggerUi, { routePrefix: '/docs/api', staticCSP: false });
  http.get('/api/v1/openapi.json', { config: { permission: 'public' }, schema: { hide: true } }, () => http.swagger());
}
