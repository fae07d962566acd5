import type { Kysely, Migration } from 'kysely';

/** JSON is text, times are ms since 1970. */
export type JobTables = {
  jobs: {
    id: string;
    tenant: string;
    tenant_number: number;
    user: string;
    kind: string;
    state: string;
    created_ms: number;
    finished_ms: number | null;
    progress: string;
    detail: string;
    report: string | null;
    cause: string | null;
  };
};

export const jobMigrations: Record<string, Migration> = {
  '0012-jobs': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('jobs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('tenant_number', 'bigint', (column) => column.notNull())
        .addColumn('user', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('finished_ms', 'bigint')
        .addColumn('progress', 'text', (column) => column.notNull())
        .addColumn('detail', 'text', (column) => column.notNull())
        .addColumn('report', 'text')
        .addColumn('cause', 'text')
        .execute();
      await db.schema.createIndex('jobs_tenant').on('jobs').columns(['tenant', 'id']).execute();
    },
  },
};
