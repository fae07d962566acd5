import type { KV } from '@nats-io/kv';
import type { OffsetStore } from './log-contract.ts';
import { LogFault } from './log-fault.ts';

const name = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** The consumers' places, in a replicated bucket that all servers share. */
export async function openNatsOffsets(bucket: KV, bounds: () => { first: number; next: number }) {
  const committed = new Map<string, number>();
  /** Of what is in `committed`: a look that was under way during a commit must not undo it. */
  const revisions = new Map<string, number>();

  function set(of: string, position: number, revision: number): void {
    if (revision <= (revisions.get(of) ?? 0)) return;
    committed.set(of, position);
    revisions.set(of, revision);
  }

  async function refresh(): Promise<void> {
    for await (const key of await bucket.keys()) {
      const entry = await bucket.get(key);
      if (entry?.operation === 'PUT') set(key, Number(entry.string()), entry.revision);
    }
  }
  await refresh();

  return {
    refresh,
    /** Everything below it every consumer has taken; undefined when there is no consumer. */
    slowest: (): number | undefined => (committed.size === 0 ? undefined : Math.min(...committed.values())),
    consumer(of: string): OffsetStore {
      if (!name.test(of)) throw new Error(`${of} is no name for a consumer`);
      // Known at once, so that nothing is trimmed before its first commit.
      if (!committed.has(of)) committed.set(of, bounds().first);
      return {
        get committed() {
          return committed.get(of)!;
        },
        async commit(position) {
          const { next } = bounds();
          if (position > next) throw new LogFault('log.position', `${of} commits ${position}; the log ends at ${next}`);
          try {
            set(of, position, await bucket.put(of, String(position)));
          } catch (error) {
            throw new LogFault('log.unavailable', `the place of ${of} was not kept`, { cause: error });
          }
        },
      };
    },
  };
}
