import { Refusal } from './errors.ts';

/** A key opens for so long without another look at the records: what another server changes counts after it at the latest. */
const freshMs = 5000;
/** While the records are away a key opens for so long after it was last found in them. Long enough to put a database right. */
const rememberedMs = 60 * 60_000;
/** So long whoever has a remembered key waits for records that do not answer; then nobody else does for `freshMs`. */
const patienceMs = 1000;
/** Those that were looked up longest ago make room. */
const mostKeys = 50_000;

interface VerifiedKeysOptions<Holder> {
  /** Asks the records who holds the key with this hash. Throws Refusal `records.unavailable`. */
  readonly read: (hash: string) => Promise<Holder | null>;
  readonly clockMs?: () => number;
}

/**
 * The keys that were found in the records of late, by their hashes, so that not every request asks the records, and that
 * samples go on being taken while they are away. Only what the records have confirmed is ever in it.
 */
export function createVerifiedKeys<Holder>({ read, clockMs = () => performance.now() }: VerifiedKeysOptions<Holder>) {
  /** In the order in which they were looked up. */
  const verified = new Map<string, { readonly holder: Holder; readonly atMs: number }>();
  const asking = new Map<string, Promise<Holder | null>>();
  /** Counts what was forgotten, so that an answer read before a change is not kept after it. */
  let forgotten = 0;
  let awayUntilMs = Number.NEGATIVE_INFINITY;

  async function verify(hash: string): Promise<Holder | null> {
    const before = forgotten;
    const atMs = clockMs();
    try {
      const holder = await read(hash);
      awayUntilMs = Number.NEGATIVE_INFINITY;
      if (before !== forgotten) return holder;
      verified.delete(hash);
      if (holder !== null) verified.set(hash, { holder, atMs });
      if (verified.size > mostKeys) verified.delete(verified.keys().next().value!);
      return holder;
    } catch (error) {
      if (isAway(error)) awayUntilMs = clockMs() + freshMs;
      throw error;
    }
  }

  /** Who comes meanwhile with the same key waits for the same answer. */
  function ask(hash: string): Promise<Holder | null> {
    const under = asking.get(hash);
    if (under !== undefined) return under;
    const asked = verify(hash).finally(() => {
      if (asking.get(hash) === asked) asking.delete(hash);
    });
    asking.set(hash, asked);
    return asked;
  }

  /** What is under way was asked before the change: who comes from now on does not wait for it. */
  function changed(): void {
    forgotten++;
    asking.clear();
  }

  return {
    /**
     * Who holds the key with this hash; null: nobody. `remembered`: while the records are away, a key that they had
     * within the last hour is good; any other throws Refusal `records.unavailable`.
     */
    async holder(hash: string, { remembered }: { remembered: boolean }): Promise<Holder | null> {
      const known = verified.get(hash);
      const ageMs = known === undefined ? Number.POSITIVE_INFINITY : clockMs() - known.atMs;
      if (known !== undefined && ageMs < freshMs) return known.holder;
      if (known === undefined || !remembered || ageMs >= rememberedMs) return ask(hash);
      if (clockMs() < awayUntilMs) return known.holder;
      const found = await answerOf(ask(hash));
      if (found !== 'away') return found;
      awayUntilMs = clockMs() + freshMs;
      return verified.get(hash) === known ? known.holder : ask(hash);
    },
    /** From now on these holders' keys are looked up again. */
    forget(whose: (holder: Holder) => boolean): void {
      changed();
      for (const [hash, { holder }] of verified) if (whose(holder)) verified.delete(hash);
    },
    /** Changes may have gone by unheard: forgets those of the keys that are not among what `remaining` finds of them. */
    async recheck(remaining: (hashes: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
      changed();
      const hashes = [...verified.keys()];
      for (let from = 0; from < hashes.length; from += 500) {
        const some = hashes.slice(from, from + 500);
        const there = await remaining(some);
        for (const hash of some) if (!there.has(hash)) verified.delete(hash);
      }
    },
  };
}

/** `away`: the records cannot be reached, or they do not say anything. */
async function answerOf<Holder>(asked: Promise<Holder | null>): Promise<Holder | null | 'away'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'away'>((resolve) => {
    timer = setTimeout(resolve, patienceMs, 'away');
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (isAway(error)) return 'away';
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function isAway(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'records.unavailable';
}
