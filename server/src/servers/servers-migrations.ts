import type { Kysely, Migration } from 'kysely';

/** The servers of a platform that runs on several, and which of them leads which duty. */
export type ServerTables = {
  servers: {
    id: string;
    name: string;
    /** JSON. */
    roles: string;
    version: string;
    started_ms: number;
    /** Grows while it lives. */
    beat: number;
    /** `spoken.ts`; null: of a version from before it. */
    speaks: number | null;
  };
  duty_leases: {
    duty: string;
    /** Null: given back. */
    server: string | null;
    /** Grows while the server leads. */
    beat: number;
    /** Grows with every change of the leader. */
    term: number;
  };
};

export const serverMigrations: Record<string, Migration> = {
  '0023-servers': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('servers')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('roles', 'text', (column) => column.notNull())
        .addColumn('version', 'text', (column) => column.notNull())
        .addColumn('started_ms', 'bigint', (column) => column.notNull())
        .addColumn('beat', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('duty_leases')
        .addColumn('duty', 'text', (column) => column.primaryKey())
        .addColumn('server', 'text')
        .addColumn('beat', 'bigint', (column) => column.notNull())
        .addColumn('term', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '0063-what-servers-speak': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('servers').addColumn('speaks', 'bigint').execute();
    },
  },
};
