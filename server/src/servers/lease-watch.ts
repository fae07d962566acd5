import type { Lease } from './leases-store.ts';

/** Of all servers alike. */
export interface LeaseTiming {
  /** A holder raises its beat this often … */
  readonly beatEveryMs: number;
  /** … steps down by itself when it could not for so long … */
  readonly stepDownAfterMs: number;
  /** … and whoever has seen the same beat for so long may take over: longer, so that two do not lead at once. */
  readonly takeOverAfterMs: number;
}

export const leaseTiming: LeaseTiming = {
  beatEveryMs: 2000,
  stepDownAfterMs: 8000,
  takeOverAfterMs: 12_000,
};

/**
 * What a server that would lead a duty knows of its lease. Only its own clock counts: how long it has seen the same
 * beat, never what another machine's clock says.
 */
export class LeaseWatch {
  readonly #timing: LeaseTiming;
  #seen: Lease | null = null;
  #sinceMs: number | null = null;

  constructor(timing: LeaseTiming) {
    this.#timing = timing;
  }

  /** Whether the lease, as it was just read, may be taken. */
  mayTake(lease: Lease | null, nowMs: number): boolean {
    const same = this.#sinceMs !== null && lease?.beat === this.#seen?.beat && lease?.term === this.#seen?.term;
    if (!same) {
      this.#seen = lease;
      this.#sinceMs = nowMs;
    }
    const waitedMs = nowMs - this.#sinceMs!;
    return lease === null || lease.server === null || waitedMs >= this.#timing.takeOverAfterMs;
  }
}
