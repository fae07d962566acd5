/** The platform says `alive` every 5 s; this much silence is a fault. */
export const silenceLimitMs = 8000;
/** A closed connection is a fault sooner: a restart of the page's socket takes less. */
export const closedLimitMs = 2000;

export type Liveness = { state: 'connecting' | 'live' } | { state: 'lost'; sinceMs: number };

/**
 * Whether what the page shows is live. Times are ms of one clock; `heardMs` is when the platform was last heard, null
 * before the first time; `closedMs` is since when the connection is closed, null while it is open.
 */
export function liveness(nowMs: number, startedMs: number, heardMs: number | null, closedMs: number | null): Liveness {
  const silentSince = heardMs ?? startedMs;
  if (nowMs - silentSince > silenceLimitMs) return { state: 'lost', sinceMs: silentSince };
  if (closedMs !== null && nowMs - closedMs > closedLimitMs) return { state: 'lost', sinceMs: silentSince };
  return { state: heardMs === null ? 'connecting' : 'live' };
}
