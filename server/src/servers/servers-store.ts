import { sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { ServerTables } from './servers-migrations.ts';

export interface ServerRow {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly startedMs: number;
  readonly beat: number;
  readonly speaks: number;
}

/** The only SQL about servers. */
export function createServersStore(database: Database) {
  const db = database.withTables<ServerTables>();
  return {
    async all(): Promise<ServerRow[]> {
      const rows = await db.selectFrom('servers').selectAll().orderBy('name').orderBy('id').execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        roles: JSON.parse(row.roles) as string[],
        version: row.version,
        startedMs: Number(row.started_ms),
        beat: Number(row.beat),
        speaks: Number(row.speaks ?? 1),
      }));
    },
    /** Says that it lives; the first time it makes the row, and again where another server took it for dead. */
    async beat(row: Omit<ServerRow, 'beat'>): Promise<void> {
      await db
        .insertInto('servers')
        .values({
          id: row.id,
          name: row.name,
          roles: JSON.stringify(row.roles),
          version: row.version,
          started_ms: row.startedMs,
          beat: 1,
          speaks: row.speaks,
        })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({
            beat: sql<number>`servers.beat + 1`,
            roles: JSON.stringify(row.roles),
            version: row.version,
            started_ms: row.startedMs,
            speaks: row.speaks,
          }),
        )
        .execute();
    },
    async remove(id: string): Promise<void> {
      await db.deleteFrom('servers').where('id', '=', id).execute();
    },
  };
}
