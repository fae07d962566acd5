import { filterMatches, parseFilter, type TopicFilter } from '../routing/topic-filter.ts';
import type { StoredMembers } from '../store/broker-record.ts';

interface Members {
  /** Connected. */
  readonly here: number;
  /** Away, and get what is published meanwhile. */
  readonly away: number;
}

interface Group {
  readonly filter: TopicFilter;
  readonly doors: Map<string, Members>;
}

const MAX_REMEMBERED = 10_000;

export type SharedGroups = ReturnType<typeof createSharedGroups>;

/**
 * Which door gives a message to a shared subscription's member. All doors hear of members and of messages in one order,
 * so each comes to the same answer without asking.
 */
export function createSharedGroups() {
  const tenants = new Map<string, Map<string, Group>>();
  const remembered = new Map<string, readonly Group[]>();

  function groupsFor(tenant: string, topic: string): readonly Group[] {
    const groups = tenants.get(tenant);
    if (groups === undefined) return [];
    const key = `${tenant}\n${topic}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const found = [...groups.values()].filter(({ filter }) => filterMatches(filter.filter, topic));
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, found);
    return found;
  }

  function set({ server, tenant, filter: whole, here, away }: StoredMembers): void {
    const filter = parseFilter(whole);
    if (filter === undefined) return;
    const groups = tenants.get(tenant) ?? new Map<string, Group>();
    tenants.set(tenant, groups);
    const group = groups.get(whole) ?? { filter, doors: new Map<string, Members>() };
    groups.set(whole, group);
    if (here + away > 0) group.doors.set(server, { here, away });
    else group.doors.delete(server);
    if (group.doors.size === 0) groups.delete(whole);
    if (groups.size === 0) tenants.delete(tenant);
    remembered.clear();
  }

  /** The door whose turn it is at this position; undefined when nobody is there for it. */
  function doorOf({ doors }: Group, qos: number, position: number, notAt: string | undefined): string | undefined {
    const all = [...doors].filter(([server]) => server !== notAt).sort(([a], [b]) => (a < b ? -1 : 1));
    const connected = all.reduce((sum, [, { here }]) => sum + here, 0);
    const weighs = ({ here, away }: Members) => (connected > 0 ? here : qos > 0 ? away : 0);
    const total = all.reduce((sum, [, members]) => sum + weighs(members), 0);
    if (total === 0) return undefined;
    let at = spread(position) % total;
    for (const [server, members] of all) {
      if (at < weighs(members)) return server;
      at -= weighs(members);
    }
    return undefined;
  }

  return {
    set,
    /** Nobody is connected to this door any more. */
    gone(server: string): void {
      for (const members of [...this.all()]) if (members.server === server) set({ ...members, here: 0 });
    },
    /** Shared subscriptions that match the topic and whose turn it is at this door, as the clients wrote them. */
    turnsAt(
      server: string,
      { tenant, topic, qos, position }: { tenant: string; topic: string; qos: number; position: number },
      only: { share: string; notAt: string } | undefined,
    ): string[] {
      const turns: string[] = [];
      for (const group of groupsFor(tenant, topic)) {
        const { whole } = group.filter;
        if (only !== undefined && whole !== only.share) continue;
        if (doorOf(group, qos, position, only?.notAt) === server) turns.push(whole);
      }
      return turns;
    },
    /** Has a shared subscription members at other doors than this one? */
    isElsewhere(server: string, tenant: string, whole: string): boolean {
      return [...(tenants.get(tenant)?.get(whole)?.doors.keys() ?? [])].some((other) => other !== server);
    },
    at(server: string, tenant: string, whole: string): Members {
      return tenants.get(tenant)?.get(whole)?.doors.get(server) ?? { here: 0, away: 0 };
    },
    /** Doors with somebody connected. */
    servers(): Set<string> {
      return new Set([...this.all()].filter(({ here }) => here > 0).map(({ server }) => server));
    },
    *all(): Iterable<StoredMembers> {
      for (const [tenant, groups] of tenants)
        for (const [filter, { doors }] of groups)
          for (const [server, members] of doors) yield { server, tenant, filter, ...members };
    },
  };
}

/** Positions of messages that travel alone lie far apart: their remainders alone would always be the same. */
function spread(position: number): number {
  let mixed = (position % 0x1_0000_0000) ^ Math.floor(position / 4096);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
