import type { Kysely, Migration } from 'kysely';

/** What was answered to requests with an `Idempotency-Key`, for a day. Times are ms since 1970. */
export type IdempotencyTables = {
  idempotency_keys: {
    /** Tenant and who of it. */
    actor: string;
    /** SHA-256. */
    key_hash: string;
    /** Of the request: what it asks for and its body. Sealed: a hash of a body with a password could be guessed. */
    fingerprint: string;
    /** The process that works on it. */
    run: string;
    /** Sealed: answers hold secrets that are shown once. Null: not answered yet. */
    answer: string | null;
    created_ms: number;
  };
};

export const idempotencyMigrations: Record<string, Migration> = {
  '0051-idempotency-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('idempotency_keys')
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('key_hash', 'text', (column) => column.notNull())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .addColumn('run', 'text', (column) => column.notNull())
        .addColumn('answer', 'text')
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('idempotency_keys_key', ['actor', 'key_hash'])
        .execute();
      await db.schema.createIndex('idempotency_keys_created').on('idempotency_keys').column('created_ms').execute();
    },
  },
};
