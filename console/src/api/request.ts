import { ApiError, errorOf, unreachable } from './api-error.ts';
import { createUnanswered, randomKey } from './unanswered.ts';

export type Query = Record<string, string | number | boolean | null | undefined>;

/** `/api/v1` + path + the query's defined fields. Commas and colons stay readable. */
export function apiAddress(path: string, query: Query = {}): string {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = fields
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value)).replaceAll('%2C', ',').replaceAll('%3A', ':')}`)
    .join('&');
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

async function send<T>(
  method: string,
  path: string,
  options: { query?: Query; body?: unknown; file?: Blob; headers?: Record<string, string>; signal?: AbortSignal },
) {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json', ...options.headers };
  // The server refuses writes without this header: another site's page cannot set it.
  if (method !== 'GET') headers['x-luban-request'] = '1';
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(apiAddress(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      body: options.file ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw unreachable(cause);
  }
  if (!answer.ok) throw await errorOf(answer);
  if (answer.status === 204 || answer.headers.get('content-length') === '0') return undefined as T;
  return (await answer.json().catch((cause: unknown) => {
    throw new ApiError(
      {
        status: answer.status,
        code: 'console.unexpected',
        text: {
          zh: '平台的回答不是 JSON。请重新加载页面。',
          en: "The platform's answer is not JSON. Reload the page.",
        },
      },
      cause,
    );
  })) as T;
}

const unanswered = createUnanswered(randomKey);

function ifMatch(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-match': etag };
}

/** Throws ApiError for anything but success. */
export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => send<T>('GET', path, { query, signal }),
  /** Sent again after no answer came, it makes nothing twice. */
  post: <T>(path: string, body: unknown = {}, headers?: Record<string, string>) =>
    unanswered(path, body, (key) => send<T>('POST', path, { body, headers: { ...headers, 'idempotency-key': key } })),
  /** With `etag` only while the object is as it was with that tag; otherwise throws `request.stale`. */
  put: <T>(path: string, body: unknown, etag?: string) => send<T>('PUT', path, { body, headers: ifMatch(etag) }),
  patch: <T>(path: string, body: unknown, etag?: string) => send<T>('PATCH', path, { body, headers: ifMatch(etag) }),
  delete: <T = void>(path: string, query?: Query) => send<T>('DELETE', path, { query }),
};

/** Sends a file as it is. */
export function sendFile(path: string, query: Query, type: string, file: Blob): Promise<void> {
  return send<void>('POST', path, { query, file, headers: { 'content-type': type } });
}
