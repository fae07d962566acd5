import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Seconds, over the last whole window of ten seconds. */
interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const windowMs = 10_000;
const resolutionMs = 10;

/** How late the event loop is: while it is, nobody is answered. */
export function watchEventLoop(): { delay(): LoopDelay; stop(): void } {
  const monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  monitor.enable();
  let last: LoopDelay | undefined;
  // The monitor counts the time between two of its ticks, the planned one included.
  const late = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / 1e9 - resolutionMs / 1000) : 0);
  const look = (): LoopDelay => ({
    p50: late(monitor.percentile(50)),
    p99: late(monitor.percentile(99)),
    max: late(monitor.max),
  });
  const turning = setInterval(() => {
    last = look();
    monitor.reset();
  }, windowMs);
  turning.unref();
  return {
    delay: () => last ?? look(),
    stop() {
      clearInterval(turning);
      monitor.disable();
    },
  };
}
