import { type EdgeId, type EdgeReport, edgeReport } from '@luban/contracts';
import { parseJson } from '../platform/json.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { Servers } from '../servers/servers.ts';
import { createPresences, type Presence, type Presences } from './presences.ts';
import type { PresenceRow, PresencesStore } from './presences-store.ts';

interface SharedPresencesOptions {
  readonly store: PresencesStore;
  readonly servers: Pick<Servers, 'id' | 'isLive'>;
  /** The edge is connected to another server by now: its connection here is left over. */
  readonly elsewhere: (edge: EdgeId) => void;
  /** An edge has told another server how it is. */
  readonly heard: (edge: EdgeId, report: EdgeReport) => void;
  readonly nowMs: () => number;
  readonly lines: LogLines;
}

/** What the records say of an edge that came in last at another server; its report is read when it changes. */
interface Elsewhere {
  readonly row: PresenceRow;
  readonly report: EdgeReport | null;
}

/** One statement a second holds what all edges of a door have said meanwhile; the others look as often. */
const everyMs = 1000;

/**
 * The same over several servers, through the records. What an edge says here is seen elsewhere a second or two later. An
 * edge whose server is gone counts as away.
 */
export function createSharedPresences(options: SharedPresencesOptions) {
  const { store, servers, elsewhere, heard, nowMs, lines } = options;
  const here: Presences = createPresences(nowMs);
  let others = new Map<EdgeId, Elsewhere>();
  /** Edges that came in here since the last write, and those that said anything. */
  let came = new Set<EdgeId>();
  let changed = new Set<EdgeId>();
  let gone = new Set<EdgeId>();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  async function write(): Promise<void> {
    const [newcomers, rest, removed] = [came, changed, gone];
    came = new Set();
    changed = new Set();
    gone = new Set();
    const rowOf = (edge: EdgeId): PresenceRow[] => {
      const known = here.of(edge);
      return known === undefined ? [] : [{ edge, server: servers.id, ...known, report: reportText(known) }];
    };
    try {
      await store.put([...newcomers].flatMap(rowOf), true);
      await store.put([...rest].filter((edge) => !newcomers.has(edge)).flatMap(rowOf), false);
      await store.remove([...removed]);
    } catch (error) {
      for (const edge of newcomers) came.add(edge);
      for (const edge of rest) changed.add(edge);
      for (const edge of removed) gone.add(edge);
      throw error;
    }
  }

  async function look(): Promise<void> {
    const rows = await store.all();
    const found = new Map<EdgeId, Elsewhere>();
    for (const row of rows) {
      if (row.server === servers.id) continue;
      const known = others.get(row.edge);
      const told = row.report !== null && row.report !== known?.row.report;
      const report = row.report === null ? null : told ? edgeReport.parse(parseJson(row.report)) : known!.report;
      found.set(row.edge, { row, report });
      if (told) heard(row.edge, report!);
      if (row.connected && here.of(row.edge)?.connected === true && !came.has(row.edge)) elsewhere(row.edge);
    }
    others = found;
  }

  function turn(): void {
    working ??= write()
      .then(look)
      .catch((error: unknown) => lines('warn', 'presence of edges not shared', { cause: errorLine(error) }))
      .finally(() => {
        working = undefined;
      });
  }

  return {
    of(edge: EdgeId): Presence | undefined {
      const own = here.of(edge);
      if (own?.connected === true) return own;
      // The records name the server where it came in last.
      const other = others.get(edge);
      if (other === undefined) return own;
      const { connected, server, sinceMs } = other.row;
      return { connected: connected && servers.isLive(server), sinceMs, report: other.report };
    },
    connected(edge: EdgeId, connected: boolean): void {
      here.connected(edge, connected);
      (connected ? came : changed).add(edge);
    },
    reported(edge: EdgeId, report: EdgeReport): void {
      here.reported(edge, report);
      changed.add(edge);
    },
    forget(edge: EdgeId): void {
      here.forget(edge);
      others.delete(edge);
      gone.add(edge);
    },
    async start(): Promise<void> {
      await store.leave(servers.id);
      await look();
      timer = setInterval(turn, everyMs);
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await working;
      await write().catch((error: unknown) =>
        lines('warn', 'presence of edges not shared', { cause: errorLine(error) }),
      );
    },
  };
}

function reportText({ report }: Presence): string | null {
  return report === null ? null : JSON.stringify(report);
}
