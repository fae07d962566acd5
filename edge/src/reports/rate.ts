const windowSeconds = 5;

/** Events per second over the last five whole seconds. */
export function createRate(now: () => number): { add(count: number): void; perSecond(): number } {
  const startedMs = now();
  const seconds = new Map<number, number>();
  const second = () => Math.floor(now() / 1000);
  return {
    add(count) {
      const at = second();
      const before = seconds.get(at);
      seconds.set(at, (before ?? 0) + count);
      if (before === undefined) for (const old of seconds.keys()) if (old < at - windowSeconds) seconds.delete(old);
    },
    perSecond() {
      const at = second();
      let sum = 0;
      for (let i = 1; i <= windowSeconds; i++) sum += seconds.get(at - i) ?? 0;
      const lived = Math.min(windowSeconds, Math.max(1, at - Math.floor(startedMs / 1000)));
      return sum / lived;
    },
  };
}
