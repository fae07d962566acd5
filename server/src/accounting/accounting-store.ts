import { type Insertable, sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { AccountingTables } from './accounting-migrations.ts';
import type { Account } from './received-counts.ts';

export type EdgeBookRow = Insertable<AccountingTables['edge_books']>;
/** `holder` null: all of the sender. */
export type RefusalCount = Insertable<AccountingTables['account_refusals']> & { holder: string | null };
type RefusalRow = Omit<RefusalCount, 'holder'> & { holder?: string };

/** The only SQL about what was received. */
export function createAccountingStore(database: Database) {
  const db = database.withTables<AccountingTables>();
  return {
    progress: async () => {
      const row = await db.selectFrom('accounting_progress').selectAll().executeTakeFirst();
      return row === undefined ? null : { position: Number(row.position), sinceMs: Number(row.since_ms) };
    },
    accounts: async () =>
      (await db.selectFrom('accounts').selectAll().execute()).map((row) => ({
        holder: row.holder,
        edge: row.edge,
        tenantNumber: Number(row.tenant_number),
        received: Number(row.received),
        repeated: Number(row.repeated),
      })),
    /** Of these senders, and of what others send for these holders. */
    async refusals(senders: readonly number[], holders: readonly string[]): Promise<RefusalCount[]> {
      const all =
        senders.length === 0
          ? []
          : await db.selectFrom('account_refusals').selectAll().where('sender', 'in', senders).execute();
      const own =
        holders.length === 0
          ? []
          : await db.selectFrom('account_refusals_of').selectAll().where('holder', 'in', holders).execute();
      return [...all, ...own].map(countOf);
    },
    books: async (): Promise<EdgeBookRow[]> =>
      (await db.selectFrom('edge_books').selectAll().execute()).map(
        ({ edge, ...numbers }) =>
          ({
            edge,
            ...Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, Number(value)])),
          }) as EdgeBookRow,
      ),
    /**
     * Counts and the place in the log up to which they go, at once: a crash neither loses nor doubles any. False, and
     * nothing is saved, when the place is no longer `before`: another server has counted on.
     */
    save: (
      { before, position, sinceMs }: { before: number | null; position: number; sinceMs: number },
      accounts: readonly Account[],
      books: readonly EdgeBookRow[],
    ): Promise<boolean> =>
      db.transaction().execute(async (transaction) => {
        if (before === null) {
          const { numInsertedOrUpdatedRows } = await transaction
            .insertInto('accounting_progress')
            .values({ id: 'log', position, since_ms: sinceMs })
            .onConflict((conflict) => conflict.column('id').doNothing())
            .executeTakeFirst();
          if (numInsertedOrUpdatedRows !== 1n) return false;
        } else {
          const { numUpdatedRows } = await transaction
            .updateTable('accounting_progress')
            .set({ position })
            .where('id', '=', 'log')
            .where('position', '=', before)
            .executeTakeFirst();
          if (numUpdatedRows !== 1n) return false;
        }
        const accountRows = accounts.map(({ holder, tenantNumber, edge, received, repeated }) => ({
          holder,
          tenant_number: tenantNumber,
          edge,
          received,
          repeated,
        }));
        for (const rows of inParts(accountRows))
          await transaction
            .insertInto('accounts')
            .values(rows)
            .onConflict((conflict) =>
              conflict.columns(['tenant_number', 'holder']).doUpdateSet(({ ref }) => ({
                edge: ref('excluded.edge'),
                received: ref('excluded.received'),
                repeated: ref('excluded.repeated'),
              })),
            )
            .execute();
        for (const rows of inParts(books)) {
          const names = Object.keys(rows[0]!).filter((name) => name !== 'edge') as (keyof EdgeBookRow)[];
          await transaction
            .insertInto('edge_books')
            .values(rows)
            .onConflict((conflict) =>
              conflict
                .column('edge')
                .doUpdateSet(({ ref }) => Object.fromEntries(names.map((name) => [name, ref(`excluded.${name}`)]))),
            )
            .execute();
        }
        return true;
      }),
    /** Counted at a door since it last said so: each adds its own. */
    addRefusals: (counts: readonly RefusalCount[]) =>
      db.transaction().execute(async (transaction) => {
        for (const { holder, ...row } of counts) {
          const added = {
            samples: sql<number>`excluded.samples + ${sql.ref(`${holder === null ? all : part}.samples`)}`,
            batches: sql<number>`excluded.batches + ${sql.ref(`${holder === null ? all : part}.batches`)}`,
          };
          if (holder === null)
            await transaction
              .insertInto(all)
              .values(row)
              .onConflict((conflict) => conflict.columns(['sender', 'reason']).doUpdateSet(added))
              .execute();
          else
            await transaction
              .insertInto(part)
              .values({ ...row, holder })
              .onConflict((conflict) => conflict.columns(['sender', 'holder', 'reason']).doUpdateSet(added))
              .execute();
        }
      }),
  };
}

const all = 'account_refusals';
const part = 'account_refusals_of';

function countOf({ sender, holder = null, reason, samples, batches }: RefusalRow | RefusalCount): RefusalCount {
  return { sender: Number(sender), holder, reason, samples: Number(samples), batches: Number(batches) };
}

/** Rows for one statement: a database takes so many parameters and no more. */
function* inParts<T>(rows: readonly T[]): Iterable<T[]> {
  for (let i = 0; i < rows.length; i += 200) yield rows.slice(i, i + 200);
}
