import { ApiError } from './api-error.ts';

/** At most so many are remembered: a page that is left open without the platform must not grow. */
const most = 100;

/**
 * Keys for requests that make something. One whose answer never came may have been done: sent again with its key it is
 * the same request, so that whoever presses Save once more does not make a second one.
 */
export function createUnanswered(newKey: () => string) {
  const keys = new Map<string, string>();
  return async <T>(path: string, body: unknown, send: (key: string) => Promise<T>): Promise<T> => {
    const request = `${path} ${JSON.stringify(body)}`;
    const key = keys.get(request) ?? newKey();
    keys.delete(request);
    try {
      return await send(key);
    } catch (error) {
      if (mayHaveBeenDone(error)) {
        keys.set(request, key);
        const [oldest] = keys.keys();
        if (keys.size > most && oldest !== undefined) keys.delete(oldest);
      }
      throw error;
    }
  };
}

function mayHaveBeenDone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.code === 'idempotency.in-progress');
}

/** Pages without TLS have no `crypto.randomUUID`. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
