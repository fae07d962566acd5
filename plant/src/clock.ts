import { performance } from 'node:perf_hooks';
import { STEP_S } from './machine-kind.ts';

const TICK_MS = 100;
/** After a pause of the process (a suspended laptop) simulated time goes on from there instead of racing to catch up. */
const MOST_CATCH_UP_MS = 2000;

/** Turns the wall clock into steps of simulated time: `speed` simulated seconds a second. */
export function createClock({ speed, step }: { speed: number; step: () => void }) {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      let last = performance.now();
      let owedS = 0;
      timer = setInterval(() => {
        const now = performance.now();
        owedS += (Math.min(now - last, MOST_CATCH_UP_MS) / 1000) * speed;
        last = now;
        for (; owedS >= STEP_S; owedS -= STEP_S) step();
      }, TICK_MS);
    },
    stop() {
      clearInterval(timer);
    },
  };
}
