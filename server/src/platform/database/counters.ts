import type { Kysely, Migration } from 'kysely';
import type { Database } from './database.ts';

/** Numbers that are never given twice, whatever is deleted: series, senders. Portable, unlike auto-increment. */
type CounterTables = { counters: { name: string; value: number } };

export const counterMigrations: Record<string, Migration> = {
  '0000-counters': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('counters')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};

/** Takes the next `count` numbers of a counter and returns the first. Numbers of a write that fails are left out for ever. */
export async function takeNumbers(database: Database, name: string, count = 1): Promise<number> {
  const db = database.withTables<CounterTables>();
  await db
    .insertInto('counters')
    .values({ name, value: 0 })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await db
    .updateTable('counters')
    .set((eb) => ({ value: eb('value', '+', count) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow();
  return Number(value) - count + 1;
}
