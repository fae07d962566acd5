import type { EdgeId, EdgeReport } from '@luban/contracts';

/** What is known of an edge only while the platform runs. */
export interface Presence {
  readonly connected: boolean;
  /** ms since 1970: since when it is connected or not. */
  readonly sinceMs: number;
  readonly report: EdgeReport | null;
}

/** Which edges are connected, and what each last said of itself. */
export interface Presences {
  of(edge: EdgeId): Presence | undefined;
  connected(edge: EdgeId, connected: boolean): void;
  reported(edge: EdgeId, report: EdgeReport): void;
  /** The edge is no more. */
  forget(edge: EdgeId): void;
}

/** Of the edges that are connected to this server. */
export function createPresences(nowMs: () => number): Presences {
  const here = new Map<EdgeId, Presence>();
  return {
    of: (edge) => here.get(edge),
    connected(edge, connected) {
      here.set(edge, { connected, sinceMs: nowMs(), report: here.get(edge)?.report ?? null });
    },
    reported(edge, report) {
      const known = here.get(edge);
      if (known !== undefined) here.set(edge, { ...known, report });
    },
    forget: (edge) => void here.delete(edge),
  };
}
