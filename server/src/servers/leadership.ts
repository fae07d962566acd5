import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { type LeaseTiming, LeaseWatch, leaseTiming } from './lease-watch.ts';
import type { LeasesStore } from './leases-store.ts';

/** What one server at a time does for all of them. */
export interface Led {
  /** From now on this server does it. Rejects when it cannot: then another one may. */
  lead(): Promise<void>;
  /** It does so no longer. */
  follow(): Promise<void>;
}

export interface Leadership {
  /** It leads when this resolves, on several servers only if nobody else does; else it stands by. */
  start(): Promise<void>;
  /** Lets go of what it leads; the next server need not wait. */
  stop(): Promise<void>;
  readonly leading: boolean;
  /** The feature has found out by itself that another server leads: its write was refused. */
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
      if (leading) await led.follow();
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

/** The one lease that there is: who stores, keeps the books and works on jobs. */
export const duty = 'writer';

type State =
  | { readonly kind: 'watching' }
  | { readonly kind: 'taking' | 'leading'; readonly term: number; renewedMs: number; readonly taking: Promise<boolean> }
  | { readonly kind: 'leaving'; readonly done: Promise<void> };

/** Several servers, of which one at a time leads by a lease in the records. */
export function createSharedLeadership(options: SharedLeadershipOptions): Leadership {
  const { store, server, led, clockMs, lines, timing = leaseTiming } = options;
  const { beatEveryMs, stepDownAfterMs } = timing;
  const watch = new LeaseWatch(timing);
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let state: State = { kind: 'watching' };
  let working: Promise<void> | null = null;
  let notBeforeMs = 0;
  let askedMs = Number.NEGATIVE_INFINITY;

  /** A failed take-over lets go, so that another server can try first. */
  async function takeOver(term: number): Promise<boolean> {
    try {
      await led.lead();
      lines('info', 'leads', { term });
      return true;
    } catch (error) {
      lines('error', 'cannot lead', { term, cause: errorLine(error) });
      notBeforeMs = clockMs() + 3 * beatEveryMs;
      return false;
    }
  }

  /** The features let go first, then the lease: never the other way round. */
  function leave(why: string, giveBack: boolean): void {
    if (state.kind !== 'leading' && state.kind !== 'taking') return;
    const { term, taking } = state;
    lines('warn', 'leads no longer', { term, why });
    const done = taking
      .then(() => led.follow())
      .then(() => (giveBack ? store.giveBack(duty, server, term) : undefined))
      .catch((error: unknown) => lines('error', 'not let go cleanly', { term, cause: errorLine(error) }))
      .then(() => {
        watch.forget();
        state = { kind: 'watching' };
      });
    state = { kind: 'leaving', done };
  }

  async function tryToTake(): Promise<void> {
    const lease = await store.lease(duty);
    // What this server led before it was started again nobody leads.
    if (lease?.server !== server && !watch.mayTake(lease, clockMs())) return;
    const askedAtMs = clockMs();
    const term = await store.take(duty, server, lease);
    if (term === null) return;
    if (stopping.signal.aborted) return store.giveBack(duty, server, term);
    const taking = takeOver(term);
    const mine: State = { kind: 'taking', term, renewedMs: askedAtMs, taking };
    state = mine;
    void taking.then((works) => {
      if (!works) leave('it could not take over', true);
      else if (state === mine) state = { ...mine, kind: 'leading' };
    });
  }

  async function renew(held: Extract<State, { term: number }>): Promise<void> {
    // The moment of the question counts: the beat was raised after it.
    const askedAtMs = clockMs();
    const still = await store.renew(duty, server, held.term);
    if (!('term' in state) || state.term !== held.term) return;
    if (still) state.renewedMs = askedAtMs;
    else leave('another server does', false);
  }

  /** Looked at often: the watch over the own lease must not wait for a database that does not answer. */
  function look(): void {
    if ('term' in state && clockMs() - state.renewedMs > stepDownAfterMs)
      leave('its lease could not be renewed', false);
    if (working !== null || state.kind === 'leaving') return;
    if (clockMs() - askedMs < beatEveryMs || clockMs() < notBeforeMs) return;
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
      await working;
      if ('taking' in state) await state.taking;
      timer = setInterval(look, beatEveryMs / 4);
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await working;
      leave('the server stops', true);
      if (state.kind === 'leaving') await state.done;
    },
    get leading() {
      return state.kind === 'leading';
    },
    lost: () => leave('another server has gone on', false),
  };
}
