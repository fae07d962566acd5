/** One connection as the turns see it. */
export interface TurnTaker {
  queued: boolean;
  unflushed: boolean;
  /** Handles up to `packets` packets; true when there may be more to handle now. */
  readSlice(packets: number): boolean;
  /** Writes what has gathered since the last turn, in one write. */
  flush(): void;
}

const SLICE_PACKETS = 128;
const TURN_BUDGET_MS = 8;

export interface DoorTurns {
  read(taker: TurnTaker): void;
  flush(taker: TurnTaker): void;
}

/**
 * Shares the event loop between connections: every turn goes round those with unread packets, a slice each, and ends
 * after a few milliseconds so that timers, other sockets and everything else in the process get theirs. All writes of
 * a connection in a turn become one.
 */
export function createDoorTurns(): DoorTurns {
  let ready: TurnTaker[] = [];
  let unflushed: TurnTaker[] = [];
  let due = false;

  function wake(): void {
    if (due) return;
    due = true;
    setImmediate(turn);
  }

  function turn(): void {
    const endsAt = performance.now() + TURN_BUDGET_MS;
    let index = 0;
    while (index < ready.length) {
      const taker = ready[index++]!;
      taker.queued = false;
      if (taker.readSlice(SLICE_PACKETS) && !taker.queued) {
        taker.queued = true;
        ready.push(taker);
      }
      if (performance.now() >= endsAt) break;
    }
    ready = index === ready.length ? [] : ready.slice(index);
    const flushing = unflushed;
    unflushed = [];
    for (const taker of flushing) {
      taker.unflushed = false;
      taker.flush();
    }
    due = false;
    if (ready.length > 0 || unflushed.length > 0) wake();
  }

  return {
    read(taker) {
      if (taker.queued) return;
      taker.queued = true;
      ready.push(taker);
      wake();
    },
    flush(taker) {
      if (taker.unflushed) return;
      taker.unflushed = true;
      unflushed.push(taker);
      wake();
    },
  };
}
