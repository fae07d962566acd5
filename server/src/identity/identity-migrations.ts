import { type Migration, sql } from 'kysely';

/** Tenants, users, and how they sign in. Times are milliseconds since 1970. */
export const identityMigrations: Record<string, Migration> = {
  '0001-identity': {
    async up(db) {
      await db.schema
        .createTable('tenants')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('number', 'integer', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('time_zone', 'text', (column) => column.notNull())
        .addColumn('language', 'text', (column) => column.notNull())
        .addCheckConstraint('tenants_number', sql`number >= 1`)
        .execute();
      await db.schema
        .createTable('users')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('email', 'text', (column) => column.notNull().unique())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('password_hash', 'text')
        .addColumn('language', 'text', (column) => column.notNull())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('users_by_tenant').on('users').columns(['tenant', 'id']).execute();
      // user_id, not user: in PostgreSQL an unquoted `user` means the database's own user.
      await db.schema
        .createTable('sessions')
        .addColumn('token_hash', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('seen_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('sessions_by_user').on('sessions').column('user_id').execute();
      await db.schema
        .createTable('sign_in_links')
        .addColumn('token_hash', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
        .addColumn('expires_ms', 'bigint', (column) => column.notNull())
        .addColumn('used_ms', 'bigint')
        .execute();
      await db.schema.createIndex('sign_in_links_by_user').on('sign_in_links').column('user_id').execute();
    },
  },
};
