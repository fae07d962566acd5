/** Resolves after the time or as soon as the signal aborts, whichever is first; never rejects. */
export function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeMs);
    signal.addEventListener('abort', done);
  });
}

/** Waits between tries: doubles from `first` to `most`, with a little chance so that many edges do not come at once. */
export function backOff(firstMs: number, mostMs: number): { next(): number; reset(): void } {
  let waitMs = firstMs;
  return {
    next() {
      const now = waitMs;
      waitMs = Math.min(mostMs, waitMs * 2);
      return Math.round(now * (0.75 + Math.random() / 2));
    },
    reset() {
      waitMs = firstMs;
    },
  };
}
