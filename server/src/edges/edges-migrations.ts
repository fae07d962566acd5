import type { Kysely, Migration } from 'kysely';

/** Tables of edges, devices, bindings, the gap ledger and the edges' logs of errors. */
export type EdgeTables = {
  edges: {
    id: string;
    tenant: string;
    tenant_number: number;
    number: number;
    name: string;
    created_ms: number;
    key_hash: string | null;
    token_hash: string | null;
    token_expires_ms: number | null;
    configuration_version: number;
    creates_things: number;
  };
  devices: {
    id: string;
    tenant: string;
    edge: string;
    name: string;
    enabled: number;
    simulated: number;
    protocol: string;
    settings: string;
  };
  bindings: {
    series: number;
    tenant: string;
    device: string;
    thing: string;
    property: string;
    address: string;
    refinement: string;
  };
  gaps: { id: string; tenant: string; edge: string; from_ms: number; to_ms: number | null; body: string };
  edge_events: { edge: string; sequence: number; tenant: string; body: string };
  /** At which server of several an edge is or was last connected, and what it last said of itself (JSON). */
  edge_presences: { edge: string; server: string; connected: number; since_ms: number; report: string | null };
};

export const edgeMigrations: Record<string, Migration> = {
  '0003-edges': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('edges')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('tenant_number', 'bigint', (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('key_hash', 'text', (column) => column.unique())
        .addColumn('token_hash', 'text', (column) => column.unique())
        .addColumn('token_expires_ms', 'bigint')
        .addColumn('configuration_version', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('devices')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('edge', 'text', (column) => column.notNull().references('edges.id').onDelete('cascade'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('simulated', 'integer', (column) => column.notNull())
        .addColumn('protocol', 'text', (column) => column.notNull())
        .addColumn('settings', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('bindings')
        .addColumn('series', 'bigint', (column) => column.primaryKey().references('points.series').onDelete('cascade'))
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('device', 'text', (column) => column.notNull().references('devices.id').onDelete('cascade'))
        .addColumn('thing', 'text', (column) => column.notNull())
        .addColumn('property', 'text', (column) => column.notNull())
        .addColumn('address', 'text', (column) => column.notNull())
        .addColumn('refinement', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('bindings_device').on('bindings').column('device').execute();
      await db.schema
        .createTable('gaps')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('edge', 'text', (column) => column.notNull().references('edges.id').onDelete('cascade'))
        .addColumn('from_ms', 'bigint', (column) => column.notNull())
        .addColumn('to_ms', 'bigint')
        .addColumn('body', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('gaps_edge').on('gaps').columns(['edge', 'from_ms']).execute();
      await db.schema
        .createTable('edge_events')
        .addColumn('edge', 'text', (column) => column.notNull().references('edges.id').onDelete('cascade'))
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('edge_events_key', ['edge', 'sequence'])
        .execute();
    },
  },
  '0012-edges-create-things': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable('edges')
        .addColumn('creates_things', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
  '0024-edge-presences': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('edge_presences')
        .addColumn('edge', 'text', (column) => column.primaryKey())
        .addColumn('server', 'text', (column) => column.notNull())
        .addColumn('connected', 'integer', (column) => column.notNull())
        .addColumn('since_ms', 'bigint', (column) => column.notNull())
        .addColumn('report', 'text')
        .execute();
    },
  },
};
