import type { Kysely, Migration } from 'kysely';

/** Tables of what was received: by whom, up to where in the log, and the edges' own books. */
export type AccountingTables = {
  /** One row: everything in the log below `position` is counted. */
  accounting_progress: { id: string; position: number; since_ms: number };
  /** `holder`: a device, a thing that sends by itself, or `unknown`. */
  accounts: { holder: string; tenant_number: number; edge: string | null; received: number; repeated: number };
  account_refusals: { sender: number; reason: string; samples: number; batches: number };
  /** Of `account_refusals`: what was one device's, or one thing's that sends through an edge. */
  account_refusals_of: { sender: number; holder: string; reason: string; samples: number; batches: number };
  /** What an edge last said, and what both sides had when its book was begun. */
  edge_books: {
    edge: string;
    time_ms: number;
    since_ms: number;
    collected: number;
    pending: number;
    refused: number;
    dropped: number;
    unknown_losses: number;
    received: number;
    base_acknowledged: number;
    base_received: number;
    slack: number;
  };
};

export const accountingMigrations: Record<string, Migration> = {
  '0021-accounting': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('accounting_progress')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('since_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('accounts')
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('tenant_number', 'bigint', (column) => column.notNull())
        .addColumn('edge', 'text')
        .addColumn('received', 'bigint', (column) => column.notNull())
        .addColumn('repeated', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('accounts_key', ['tenant_number', 'holder'])
        .execute();
      await db.schema
        .createTable('account_refusals')
        .addColumn('sender', 'bigint', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('samples', 'bigint', (column) => column.notNull())
        .addColumn('batches', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('account_refusals_key', ['sender', 'reason'])
        .execute();
      let books = db.schema.createTable('edge_books').addColumn('edge', 'text', (column) => column.primaryKey());
      for (const name of [
        'time_ms',
        'since_ms',
        'collected',
        'pending',
        'refused',
        'dropped',
        'unknown_losses',
        'received',
        'base_acknowledged',
        'base_received',
        'slack',
      ])
        books = books.addColumn(name, 'bigint', (column) => column.notNull());
      await books.execute();
    },
  },
  // A table beside the other: servers of the version before go on adding to that.
  '0064-refusals-by-device': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('account_refusals_of')
        .addColumn('sender', 'bigint', (column) => column.notNull())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('samples', 'bigint', (column) => column.notNull())
        .addColumn('batches', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('account_refusals_of_key', ['sender', 'holder', 'reason'])
        .execute();
      await db.schema.createIndex('account_refusals_of_holder').on('account_refusals_of').column('holder').execute();
    },
  },
};
