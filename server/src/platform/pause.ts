/** Ends after `ms`, when aborted, or when the function that `onBegin` is given is called. */
export function pause(ms: number, signal: AbortSignal, onBegin?: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    onBegin?.(end);
    if (signal.aborted) end();
  });
}
