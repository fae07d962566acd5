/** Exponential back-off with jitter, so that a hundred devices behind one switch do not come back in one instant. */
export interface Backoff {
  /** The next pause. */
  nextMs(): number;
  reset(): void;
}

export function createBackoff(options: { firstMs: number; maxMs: number; random?: () => number }): Backoff {
  const random = options.random ?? Math.random;
  let stepMs = options.firstMs;
  return {
    nextMs() {
      const pauseMs = stepMs * (0.5 + random() * 0.5);
      stepMs = Math.min(stepMs * 2, options.maxMs);
      return pauseMs;
    },
    reset() {
      stepMs = options.firstMs;
    },
  };
}

/** Waits; ends early, without an error, when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
