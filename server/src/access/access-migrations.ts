import { type Kysely, type Migration, sql } from 'kysely';

/** Access keys and client certificates. Topics are JSON, times are ms since 1970. */
export type AccessTables = {
  access_keys: {
    id: string;
    tenant: string;
    tenant_number: number;
    name: string;
    prefix: string;
    hash: string;
    publish: string;
    subscribe: string;
    created_ms: number;
    created_by: string;
    created_by_name: string;
    last_used_ms: number | null;
    expires_ms: number | null;
    revoked_ms: number | null;
  };
  client_certificates: {
    id: string;
    tenant: string;
    holder: string;
    kind: string;
    fingerprint: string;
    /** What a tenant can bind once: a certificate, an issuer for one holder. */
    bound_once: string;
    pem: string | null;
    created_ms: number;
    created_by: string;
    created_by_name: string;
    revoked_ms: number | null;
  };
};

export const accessMigrations: Record<string, Migration> = {
  '0013-access-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('access_keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('tenant_number', 'bigint', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('prefix', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('publish', 'text', (column) => column.notNull())
        .addColumn('subscribe', 'text', (column) => column.notNull())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_by_name', 'text', (column) => column.notNull())
        .addColumn('last_used_ms', 'bigint')
        .addColumn('expires_ms', 'bigint')
        .addColumn('revoked_ms', 'bigint')
        .execute();
      await db.schema.createIndex('access_keys_by_tenant').on('access_keys').columns(['tenant', 'id']).execute();
    },
  },
  '0022-client-certificates': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('client_certificates')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .addColumn('bound_once', 'text', (column) => column.notNull().unique())
        .addColumn('pem', 'text')
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_by_name', 'text', (column) => column.notNull())
        .addColumn('revoked_ms', 'bigint')
        .execute();
      for (const column of ['tenant', 'holder', 'fingerprint'])
        await db.schema
          .createIndex(`client_certificates_by_${column}`)
          .on('client_certificates')
          .column(column)
          .execute();
    },
  },
  // A certificate could be bound once on the whole platform: whoever knew one could keep its owner from using it.
  '0050-certificates-of-each-tenant': {
    async up(db: Kysely<unknown>) {
      await sql`update client_certificates set bound_once = tenant || ' ' || bound_once`.execute(db);
    },
  },
};
