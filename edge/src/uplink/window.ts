/**
 * Shares the window of unacknowledged messages between live data and the backlog: either may fill it but for the
 * quarter that is kept for the other, so that neither waits behind the other.
 */
export type Lane = 'live' | 'backlog';

export interface Window {
  /** Resolves true with a place taken, false when the signal aborts first. */
  enter(lane: Lane, signal: AbortSignal): Promise<boolean>;
  leave(lane: Lane): void;
  /** Resolves when nothing is under way. */
  empty(): Promise<void>;
}

export function createWindow(size: number): Window {
  const kept = size < 2 ? 0 : Math.max(1, size >> 2);
  const taken: Record<Lane, number> = { live: 0, backlog: 0 };
  const wakers = new Set<() => void>();
  const free = (lane: Lane) => taken.live + taken.backlog < size && taken[lane] < size - kept;

  function changed(signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        wakers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      wakers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  return {
    async enter(lane, signal) {
      while (!signal.aborted) {
        if (free(lane)) {
          taken[lane]++;
          return true;
        }
        await changed(signal);
      }
      return false;
    },
    leave(lane) {
      taken[lane]--;
      for (const wake of [...wakers]) wake();
    },
    async empty() {
      while (taken.live + taken.backlog > 0) await changed(null);
    },
  };
}
