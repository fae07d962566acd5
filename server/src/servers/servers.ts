import { hostname } from 'node:os';
import type { Server, ServerName } from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { createSharedLeadership, createSoleLeadership, type Leadership, type Led, writerDuty } from './leadership.ts';
import { createLeasesStore } from './leases-store.ts';
import type { ServerRole } from './server-role.ts';
import { createServersStore, type ServerRow } from './servers-store.ts';
import { spokenHere } from './spoken.ts';

export { refuseServers } from './no-servers.ts';
export type { ServerRole } from './server-role.ts';
export { spoken } from './spoken.ts';
export { createToLeader } from './to-leader.ts';
export { withoutLeader } from './without-leader.ts';

interface ServersOptions {
  database: Database;
  /** Stays over restarts: no two processes have the same at once. */
  id: string;
  roles: readonly ServerRole[];
  /** Whether other servers can share these records; false: this is the only one, and nothing is written of it. */
  shared: boolean;
  version: string;
  nowMs: () => number;
  lines: LogLines;
}

const beatEveryMs = 2000;
/** A server whose beat stood still for so long counts as gone … */
const goneAfterMs = 15_000;
/** … and after so long nobody need remember it. */
const forgottenAfterMs = 600_000;

/** The servers of this platform: which there are, and who of them leads what. */
export function createServers(options: ServersOptions) {
  const { database, id, roles, shared, version, nowMs, lines } = options;
  const store = createServersStore(database);
  const leases = createLeasesStore(database);
  const name = hostname();
  const startedMs = nowMs();
  const clockMs = () => performance.now();
  const others = new Map<string, { row: ServerRow; sinceMs: number }>();
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> = Promise.resolve();
  let busy = false;

  const self = { id, name, roles, version, startedMs, speaks: spokenHere };

  async function beatAndLook(): Promise<void> {
    await store.beat(self);
    const rows = await store.all();
    const seenMs = clockMs();
    const here = new Set(rows.map((row) => row.id));
    for (const known of [...others.keys()]) if (!here.has(known)) others.delete(known);
    for (const row of rows) {
      if (row.id === id) continue;
      const known = others.get(row.id);
      if (known === undefined || known.row.beat !== row.beat) others.set(row.id, { row, sinceMs: seenMs });
      else if (seenMs - known.sinceMs > forgottenAfterMs) await store.remove(row.id);
    }
  }

  function beat(): void {
    if (busy) return;
    busy = true;
    beating = beatAndLook()
      .catch((error: unknown) => lines('warn', 'server not announced', { cause: errorLine(error) }))
      .finally(() => {
        busy = false;
      });
  }

  return {
    id,
    name,
    /** All that have beaten lately, this one first, and who leads. */
    async list(): Promise<Server[]> {
      const leader = await this.leader();
      const shown = (row: Omit<ServerRow, 'beat'>, silentMs: number): Server => ({
        id: row.id,
        name: row.name,
        roles: [...row.roles],
        version: row.version,
        startedAt: new Date(row.startedMs).toISOString(),
        silentMs: Math.round(silentMs),
        live: silentMs < goneAfterMs,
        leads: row.id === leader,
      });
      return [shown(self, 0), ...[...others.values()].map(({ row, sinceMs }) => shown(row, clockMs() - sinceMs))];
    },
    /** Doors of other servers, also those that are silent, until they have signed off or are forgotten. */
    otherDoors: (): ServerName[] =>
      [...others.values()].flatMap(({ row }) => (row.roles.includes('door') ? [{ id: row.id, name: row.name }] : [])),
    /** Also those that are silent, until they are forgotten: they may be back. */
    othersSpeak: (what: number): boolean => [...others.values()].every(({ row }) => row.speaks >= what),
    /** Who leads, by the records. */
    leader: async (): Promise<string | undefined> =>
      shared ? ((await leases.lease(writerDuty))?.server ?? undefined) : id,
    isLive(server: string): boolean {
      const found = others.get(server);
      return server === id || (found !== undefined && clockMs() - found.sinceMs < goneAfterMs);
    },
    leadership: (led: Led): Leadership =>
      shared ? createSharedLeadership({ store: leases, server: id, led, clockMs, lines }) : createSoleLeadership(led),
    async start(): Promise<void> {
      if (!shared) return;
      await beatAndLook();
      timer = setInterval(beat, beatEveryMs);
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await beating;
      if (shared)
        await store
          .remove(id)
          .catch((error: unknown) => lines('warn', 'server not signed off', { cause: errorLine(error) }));
    },
  };
}
export type Servers = ReturnType<typeof createServers>;
