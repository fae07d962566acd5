import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { type LeaseTiming, LeaseWatch, leaseTiming } from './lease-watch.ts';
import type { LeasesStore } from './leases-store.ts';

/** What one server at a time does for all of them. */
export interface Led {
  /** From now on this server does it. Rejects when it cannot: then another one may. */
  lead(): Promise<void>;
  /** Lets go in good order, while nobody else leads yet. */
  letGo(): Promise<void>;
  /** This process must not go on as it is: another server leads or may do so at any moment, or it could not lead. */
  end(why: string): void;
}

export interface Leadership {
  /** It leads when this resolves, on several servers only if nobody else does; else it stands by. */
  start(): Promise<void>;
  /** Lets go of what it leads; the next server need not wait. */
  stop(): Promise<void>;
  readonly leading: boolean;
  /** A write was refused because another server has gone on. */
  lost(): void;
}

/** One server that leads: no lease, no timer. */
export function createSoleLeadership(led: Led): Leadership {
  let leading = false;
  return {
    async start() {
      await led.lead();
      leading = true;
    },
    async stop() {
      if (leading) await led.letGo();
      leading = false;
    },
    get leading() {
      return leading;
    },
    lost: () => undefined,
  };
}

interface SharedLeadershipOptions {
  readonly store: LeasesStore;
  /** Id of this server: no two have the same, and each start of one has. */
  readonly server: string;
  readonly led: Led;
  /** Milliseconds of a clock that never goes back. */
  readonly clockMs: () => number;
  readonly lines: LogLines;
  readonly timing?: LeaseTiming;
}

/** The one duty that there is: to store, to keep the books and to work on jobs. */
export const writerDuty = 'writer';

type State =
  | { readonly kind: 'watching' }
  | { readonly kind: 'taking' | 'leading'; readonly term: number; renewedMs: number; readonly taking: Promise<boolean> }
  | { readonly kind: 'ended' };

/**
 * Several servers, of which one at a time leads by a lease in the records. Who loses it ends at once, as if it had been
 * killed: whatever it would still write could only be in the way of the server that goes on.
 */
export function createSharedLeadership(options: SharedLeadershipOptions): Leadership {
  const { store, server, led, clockMs, lines, timing = leaseTiming } = options;
  const { beatEveryMs, stepDownAfterMs } = timing;
  const watch = new LeaseWatch(timing);
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let state: State = { kind: 'watching' };
  let working: Promise<void> | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;

  /** True when this server leads. Else it has let go, so that another can try at once. */
  async function takeOver(term: number): Promise<boolean> {
    try {
      await led.lead();
      lines('info', 'leads', { term });
      return true;
    } catch (error) {
      lines('error', 'cannot lead', { term, cause: errorLine(error) });
      await handBack(term);
      end('it could not take over');
      return false;
    }
  }

  /** The features let go first, then the lease: never the other way round. */
  async function handBack(term: number): Promise<void> {
    try {
      await led.letGo();
      await store.giveBack(writerDuty, server, term);
    } catch (error) {
      lines('error', 'not let go cleanly', { term, cause: errorLine(error) });
    }
  }

  function end(why: string): void {
    if (state.kind === 'ended') return;
    state = { kind: 'ended' };
    clearInterval(timer);
    led.end(why);
  }

  async function tryToTake(): Promise<void> {
    const lease = await store.lease(writerDuty);
    // What this server led before it was started again nobody leads.
    if (lease?.server !== server && !watch.mayTake(lease, clockMs())) return;
    const askedAtMs = clockMs();
    const term = await store.take(writerDuty, server, lease);
    if (term === null) return;
    if (stopping.signal.aborted) return store.giveBack(writerDuty, server, term);
    const taking = takeOver(term);
    const mine: State = { kind: 'taking', term, renewedMs: askedAtMs, taking };
    state = mine;
    void taking.then((leads) => {
      if (leads && state === mine) state = { ...mine, kind: 'leading' };
    });
  }

  async function renew(held: Extract<State, { term: number }>): Promise<void> {
    // The moment of the question counts: the beat was raised after it.
    const askedAtMs = clockMs();
    const still = await store.renew(writerDuty, server, held.term).catch((error: unknown) => {
      // Records that were restarted are back in a moment: it asks at the next look, while its lease still holds.
      askedMs = Number.NEGATIVE_INFINITY;
      throw error;
    });
    if (!('term' in state) || state.term !== held.term) return;
    if (still) state.renewedMs = askedAtMs;
    else end('another server leads');
  }

  /** Looked at often: the watch over the own lease must not wait for a database that does not answer. */
  function look(): void {
    if ('term' in state && clockMs() - state.renewedMs > stepDownAfterMs) end('its lease could not be renewed');
    if (working !== null || state.kind === 'ended' || clockMs() - askedMs < beatEveryMs) return;
    askedMs = clockMs();
    working = ('term' in state ? renew(state) : tryToTake())
      .catch((error: unknown) => lines('warn', 'lease not asked', { cause: errorLine(error) }))
      .finally(() => {
        working = null;
      });
  }

  return {
    async start() {
      look();
      // From now on, not after the first take-over: a long one needs its lease renewed too.
      timer = setInterval(look, beatEveryMs / 4);
      await working;
      if ('taking' in state) await state.taking;
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await working;
      if (!('term' in state)) return;
      const { term, taking } = state;
      const leads = await taking;
      state = { kind: 'ended' };
      if (leads) await handBack(term);
    },
    get leading() {
      return state.kind === 'leading';
    },
    lost: () => end('another server has gone on'),
  };
}
