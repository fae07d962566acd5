import { setTimeout } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';

/** Serialization failure and deadlock: PostgreSQL's way to say that two were not as if each were alone. */
const clashes = new Set(['40001', '40P01']);
const attempts = 20;

/**
 * Makes every transaction of `database` serializable, and run again when another one came between: what SQLite gives
 * by having one writer.
 */
export function repeatTransactions<Tables>(database: Kysely<Tables>): Kysely<Tables> {
  const begin = database.transaction.bind(database);
  const withTables = database.withTables.bind(database) as () => Kysely<Tables>;
  return Object.assign(database, {
    withTables: () => repeatTransactions(withTables()),
    transaction() {
      const builder = begin().setIsolationLevel('serializable');
      const execute = builder.execute.bind(builder);
      return Object.assign(builder, {
        execute: <Result>(work: (transaction: Transaction<Tables>) => Promise<Result>) => repeat(() => execute(work)),
      });
    },
  }) as Kysely<Tables>;
}

async function repeat<Result>(once: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (!clashes.has((error as { code?: string }).code ?? '') || attempt === attempts) throw error;
      await setTimeout(Math.random() * 10 * attempt);
    }
  }
}
