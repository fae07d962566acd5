import type { FastifyContextConfig } from 'fastify';
import type { Http } from '../platform/http/http.ts';

/** As much of an OpenAPI document as is looked at here. */
export interface ApiDocument {
  paths?: Record<string, Record<string, ApiOperation> | undefined>;
}
interface ApiOperation {
  parameters?: unknown[];
  responses?: Record<string, { headers?: Record<string, unknown> } | undefined>;
  security?: Record<string, string[]>[];
  'x-permission'?: string;
}

const text = { type: 'string' } as const;

/** What a route's configuration means for who calls it: told in the document, from the same declaration. */
export function watchConventions(http: Http): (document: ApiDocument) => ApiDocument {
  const declared: { method: string; url: string; config: FastifyContextConfig }[] = [];
  http.addHook('onRoute', ({ method, url, config = {} }) => {
    for (const one of [method].flat()) declared.push({ method: one.toLowerCase(), url, config });
  });
  return (document) => {
    for (const { method, url, config } of declared) {
      const operation = document.paths?.[url.replace(/:(\w+)/g, '{$1}')]?.[method];
      if (operation !== undefined) tell(operation, method, config);
    }
    return document;
  };
}

function isCounted({ permission, counted }: FastifyContextConfig): boolean {
  return counted !== false && permission !== undefined && permission !== 'public' && permission !== 'operator';
}

/** Who may call it: a signed-in user with the permission, and things and edges where it is for them. */
function tellPermission(operation: ApiOperation, { permission, machines }: FastifyContextConfig): void {
  if (permission === undefined) return;
  operation['x-permission'] = permission;
  const open = permission === 'public' || permission === 'operator';
  operation.security = open ? [] : [{ session: [] }, ...(machines === true ? [{ thingKey: [] }] : [])];
}

function tell(operation: ApiOperation, method: string, config: FastifyContextConfig): void {
  tellPermission(operation, config);
  if (isCounted(config)) {
    const [policy, limit] = [
      { description: 'How many requests in how many seconds: `"default";q=12000;w=60`', schema: text },
      { description: 'How many are left until in how many seconds: `"default";r=11999;t=42`', schema: text },
    ];
    for (const status of Object.keys(operation.responses ?? {})) {
      header(operation, status, 'RateLimit-Policy', policy);
      header(operation, status, 'RateLimit', limit);
    }
  }
  if (config.makes === true)
    parameter(
      operation,
      'Idempotency-Key',
      'Any text of your own, for a day: sent again with it and the same body, the request answers the same and makes nothing',
    );
  if (config.shared === undefined) return;
  const etag = { description: 'Stands for what can be changed of it, as it is now', schema: text };
  if (operation.responses?.['200'] !== undefined) header(operation, '200', 'ETag', etag);
  if (method !== 'get')
    parameter(operation, 'If-Match', 'An ETag: if the object is another by now, nothing is changed and 412 answered');
}

function header(operation: ApiOperation, status: string, name: string, what: object): void {
  const response = operation.responses?.[status];
  if (response !== undefined) response.headers = { ...response.headers, [name]: what };
}

function parameter(operation: ApiOperation, name: string, description: string): void {
  operation.parameters = [
    ...(operation.parameters ?? []),
    { name, in: 'header', required: false, description, schema: text },
  ];
}
