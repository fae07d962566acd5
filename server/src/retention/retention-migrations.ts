import type { Kysely, Migration } from 'kysely';

export type RetentionTables = {
  retention_rules: { tenant: string; scope: string; target: string; policy: string };
};

export const retentionMigrations: Record<string, Migration> = {
  '0011-retention': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('retention_rules')
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('target', 'text', (column) => column.notNull())
        .addColumn('policy', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('retention_rules_key', ['tenant', 'scope', 'target'])
        .execute();
    },
  },
};
