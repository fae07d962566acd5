import { sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { ServerTables } from './servers-migrations.ts';

/** Who leads a duty, as the records have it. */
export interface Lease {
  readonly server: string | null;
  readonly beat: number;
  readonly term: number;
}

export type LeasesStore = ReturnType<typeof createLeasesStore>;

/** The only SQL about leases. Each write says what it found before, so of two servers at once one has it. */
export function createLeasesStore(database: Database) {
  const db = database.withTables<ServerTables>();
  return {
    async lease(duty: string): Promise<Lease | null> {
      const row = await db.selectFrom('duty_leases').selectAll().where('duty', '=', duty).executeTakeFirst();
      return row === undefined ? null : { server: row.server, beat: Number(row.beat), term: Number(row.term) };
    },
    /** The new term; null when another server was first. `found`: what was read; null: there was no lease yet. */
    async take(duty: string, server: string, found: Lease | null): Promise<number | null> {
      if (found === null) {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('duty_leases')
          .values({ duty, server, beat: 1, term: 1 })
          .onConflict((conflict) => conflict.column('duty').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n ? 1 : null;
      }
      const term = found.term + 1;
      const { numUpdatedRows } = await db
        .updateTable('duty_leases')
        .set({ server, term, beat: found.beat + 1 })
        .where('duty', '=', duty)
        .where('term', '=', found.term)
        .where('beat', '=', found.beat)
        .executeTakeFirst();
      return numUpdatedRows === 1n ? term : null;
    },
    /** False when another server leads by now. */
    async renew(duty: string, server: string, term: number): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('duty_leases')
        .set({ beat: sql<number>`beat + 1` })
        .where('duty', '=', duty)
        .where('server', '=', server)
        .where('term', '=', term)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
    /** The next server need not wait. */
    async giveBack(duty: string, server: string, term: number): Promise<void> {
      await db
        .updateTable('duty_leases')
        .set({ server: null, beat: sql<number>`beat + 1` })
        .where('duty', '=', duty)
        .where('server', '=', server)
        .where('term', '=', term)
        .execute();
    },
  };
}
