import type { EdgeId } from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import type { EdgeTables } from './edges-migrations.ts';

export interface PresenceRow {
  readonly edge: EdgeId;
  readonly server: string;
  readonly connected: boolean;
  readonly sinceMs: number;
  /** JSON. */
  readonly report: string | null;
}

export type PresencesStore = ReturnType<typeof createPresencesStore>;

/** The only SQL about which edge is connected where. */
export function createPresencesStore(database: Database) {
  const db = database.withTables<EdgeTables>();
  return {
    async all(): Promise<PresenceRow[]> {
      const rows = await db.selectFrom('edge_presences').selectAll().execute();
      return rows.map((row) => ({
        edge: row.edge as EdgeId,
        server: row.server,
        connected: Number(row.connected) === 1,
        sinceMs: Number(row.since_ms),
        report: row.report,
      }));
    },
    async remove(edges: readonly EdgeId[]): Promise<void> {
      if (edges.length > 0) await db.deleteFrom('edge_presences').where('edge', 'in', edges).execute();
    },
    /** A server that starts has no edge yet, whatever it had when it ended. */
    async leave(server: string): Promise<void> {
      await db.updateTable('edge_presences').set({ connected: 0 }).where('server', '=', server).execute();
    },
    /** `came`: the edge has come in at this server, whoever had it before. Else only what is this server's is changed. */
    async put(rows: readonly PresenceRow[], came: boolean): Promise<void> {
      for (let i = 0; i < rows.length; i += 200)
        await db
          .insertInto('edge_presences')
          .values(
            rows.slice(i, i + 200).map(({ edge, server, connected, sinceMs, report }) => ({
              ...{ edge, server, connected: connected ? 1 : 0, since_ms: sinceMs, report },
            })),
          )
          .onConflict((conflict) => {
            const update = conflict.column('edge').doUpdateSet(({ ref }) => ({
              server: ref('excluded.server'),
              connected: ref('excluded.connected'),
              since_ms: ref('excluded.since_ms'),
              report: ref('excluded.report'),
            }));
            return came ? update : update.whereRef('edge_presences.server', '=', 'excluded.server');
          })
          .execute();
    },
  };
}
