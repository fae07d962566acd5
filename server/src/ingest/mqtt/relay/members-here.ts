import { setTimeout } from 'node:timers/promises';
import type { TopicFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { SharedGroups } from './shared-groups.ts';

interface MembersHereOptions {
  readonly server: string;
  readonly groups: SharedGroups;
  readonly spaces: TopicSpaces;
  /** Says to all doors how many there are; resolves when every message from now on is given out accordingly. */
  readonly say: (members: { tenant: string; filter: string; here: number; away: number }) => Promise<void>;
  readonly fault: (error: unknown) => void;
}

const againMs = 1000;

/** Tells the other doors of the members that shared subscriptions have here. */
export function createMembersHere({ server, groups, spaces, say, fault }: MembersHereOptions) {
  const changed = new Map<string, { tenant: string; filter: TopicFilter }>();
  let telling: Promise<void> | undefined;
  let stopping = false;

  function count(tenant: string, filter: TopicFilter): { here: number; away: number } {
    let here = 0;
    let away = 0;
    for (const { session, qos } of spaces.of(tenant).subscriptions.group(filter)?.members ?? []) {
      if (session.connected) here++;
      else if (qos > 0 && session.expirySeconds > 0) away++;
    }
    return { here, away };
  }

  async function tellAll(): Promise<void> {
    // What changes in this turn is told at once.
    await Promise.resolve();
    for (const [key, { tenant, filter }] of changed) {
      if (stopping) return;
      const now = count(tenant, filter);
      const before = groups.at(server, tenant, filter.whole);
      changed.delete(key);
      if (now.here === before.here && now.away === before.away) continue;
      try {
        await say({ tenant, filter: filter.whole, ...now });
      } catch (error) {
        fault(error);
        changed.set(key, { tenant, filter });
        await setTimeout(againMs, undefined, { ref: false });
      }
    }
  }

  return {
    /** Resolves when the doors know. */
    changed(tenant: string, filter: TopicFilter): Promise<void> {
      changed.set(`${tenant}\n${filter.whole}`, { tenant, filter });
      const running = telling;
      const next = (running ?? Promise.resolve()).then(tellAll);
      telling = next;
      return next;
    },
    stop(): void {
      stopping = true;
    },
  };
}
