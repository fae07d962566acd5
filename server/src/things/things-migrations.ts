import type { Kysely, Migration } from 'kysely';

/** Tables of sites, thing models, things, points and thing keys. Names and JSON are text, times are ms since 1970. */
export type ThingTables = {
  sites: { id: string; tenant: string; parent: string | null; level: string; name: string };
  thing_models: { id: string; tenant: string; key: string; body: string };
  things: {
    id: string;
    tenant: string;
    tenant_number: number;
    number: number;
    key: string;
    name: string;
    model: string;
    site: string | null;
    created_ms: number;
    /** The edge that it sends through, and that edge's number as a sender; both null when it sends by itself. */
    edge: string | null;
    edge_number: number | null;
    source: string | null;
  };
  points: {
    series: number;
    tenant: string;
    thing: string;
    key: string;
    /** Its place among the properties of the model, for lists. */
    position: number;
    type: string;
    body: string;
    device: string | null;
    sender: number;
    max_interval_ms: number | null;
  };
  thing_keys: {
    id: string;
    tenant: string;
    thing: string;
    name: string;
    prefix: string;
    /** Of a signed key no hash of anything: nobody signs in by sending it. */
    hash: string;
    created_ms: number;
    /** The user name of a signed login and its sealed secret (`platform/sealing.ts`); both null for a plain key. */
    login: string | null;
    sealed: string | null;
  };
};

export const thingMigrations: Record<string, Migration> = {
  '0002-things': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('sites')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('parent', 'text', (column) => column.references('sites.id'))
        .addColumn('level', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('thing_models')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addUniqueConstraint('thing_models_key', ['tenant', 'key'])
        .execute();
      await db.schema
        .createTable('things')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('tenant_number', 'bigint', (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull().unique())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull().references('thing_models.id'))
        .addColumn('site', 'text', (column) => column.references('sites.id'))
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('things_key', ['tenant', 'key'])
        .execute();
      await db.schema
        .createTable('points')
        .addColumn('series', 'bigint', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('thing', 'text', (column) => column.notNull().references('things.id').onDelete('cascade'))
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('device', 'text')
        .addColumn('sender', 'bigint', (column) => column.notNull())
        .addColumn('max_interval_ms', 'bigint')
        .addUniqueConstraint('points_key', ['thing', 'key'])
        .execute();
      await db.schema
        .createTable('thing_keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('thing', 'text', (column) => column.notNull().references('things.id').onDelete('cascade'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('prefix', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '0010-signed-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('thing_keys').addColumn('login', 'text').execute();
      await db.schema.alterTable('thing_keys').addColumn('sealed', 'text').execute();
      await db.schema.createIndex('thing_keys_login').on('thing_keys').columns(['login', 'tenant']).unique().execute();
    },
  },
  '0011-discovered-things': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('things').addColumn('edge', 'text').execute();
      await db.schema.alterTable('things').addColumn('edge_number', 'bigint').execute();
      await db.schema.alterTable('things').addColumn('source', 'text').execute();
      await db.schema.createIndex('things_source').on('things').columns(['tenant', 'source']).unique().execute();
      await db.schema.createIndex('things_model').on('things').column('model').execute();
    },
  },
};
