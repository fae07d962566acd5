import type { Position } from './journal-contract.ts';

export interface PositionWaiters {
  waitFor(position: Position, signal: AbortSignal): Promise<boolean>;
  /** Everything below `next` is durable. */
  reached(next: Position): void;
  /** Nothing whole lies from `from` up to `to`: who waits there waits for `to`, and does not spin on a hole. */
  barren(from: Position, to: Position): void;
  close(): void;
}

interface Waiter {
  position: Position;
  settle: (reached: boolean) => void;
}

export function createPositionWaiters(start: Position): PositionWaiters {
  const waiters = new Set<Waiter>();
  let next = start;
  let hole = { from: 0, to: 0 };
  let closed = false;

  return {
    waitFor(wanted, signal) {
      const position = wanted >= hole.from && wanted < hole.to ? hole.to : wanted;
      if (signal.aborted || closed) return Promise.resolve(false);
      if (position < next) return Promise.resolve(true);
      return new Promise((resolve) => {
        const abort = () => waiter.settle(false);
        const waiter: Waiter = {
          position,
          settle(reached) {
            waiters.delete(waiter);
            signal.removeEventListener('abort', abort);
            resolve(reached);
          },
        };
        waiters.add(waiter);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    reached(position) {
      next = position;
      for (const waiter of waiters) if (waiter.position < next) waiter.settle(true);
    },
    barren(from, to) {
      hole = hole.to === to ? { from: Math.min(from, hole.from), to } : { from, to };
    },
    close() {
      closed = true;
      for (const waiter of waiters) waiter.settle(false);
    },
  };
}
