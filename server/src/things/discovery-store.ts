import type { EdgeId, TenantId, Thing, ThingId, ThingModel } from '@luban/contracts';
import type { Insertable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { ThingTables } from './things-migrations.ts';
import { insertPoints, toModel, toThing } from './things-store.ts';

/** A thing as a sender of its points. */
export interface ModelThing {
  readonly id: ThingId;
  readonly number: number;
  readonly edgeNumber: number | null;
}

/** The SQL about things that make themselves known. Every query of a user names the tenant. */
export function createDiscoveryStore(database: Database) {
  const db = database.withTables<ThingTables>();
  return {
    discovered: async (tenant: TenantId, source: string): Promise<Thing | null> => {
      const row = await db
        .selectFrom('things')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('source', '=', source)
        .executeTakeFirst();
      return row === undefined ? null : toThing(row);
    },
    discoveredUnder: async (prefix: string) =>
      (
        await db
          .selectFrom('things')
          .select(['id', 'tenant', 'tenant_number', 'edge', 'edge_number', 'source'])
          .where('source', 'like', `${prefix}%`)
          .where('edge', 'is not', null)
          .orderBy('id')
          .execute()
      ).map((row) => ({
        thing: row.id as ThingId,
        tenant: row.tenant as TenantId,
        tenantNumber: Number(row.tenant_number),
        edge: row.edge as EdgeId,
        edgeNumber: Number(row.edge_number),
        source: row.source!,
      })),
    thingsThrough: async (tenant: TenantId, edge: EdgeId): Promise<Thing[]> =>
      (
        await db
          .selectFrom('things')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('edge', '=', edge)
          .orderBy('key')
          .execute()
      ).map(toThing),
    modelByKey: async (tenant: TenantId, key: string): Promise<ThingModel | null> => {
      const row = await db
        .selectFrom('thing_models')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : toModel(row);
    },
    modelOf: async (tenant: TenantId, thing: ThingId): Promise<ThingModel> =>
      toModel(
        await db
          .selectFrom('thing_models')
          .innerJoin('things', 'things.model', 'thing_models.id')
          .selectAll('thing_models')
          .where('things.tenant', '=', tenant)
          .where('things.id', '=', thing)
          .executeTakeFirstOrThrow(),
      ),
    thingsOfModel: async (tenant: TenantId, model: string): Promise<ModelThing[]> =>
      (
        await db
          .selectFrom('things')
          .select(['id', 'number', 'edge_number'])
          .where('tenant', '=', tenant)
          .where('model', '=', model)
          .execute()
      ).map(({ id, number, edge_number }) => ({
        id: id as ThingId,
        number: Number(number),
        edgeNumber: edge_number === null ? null : Number(edge_number),
      })),

    /** The model when it is new, the thing and its points: all or nothing. */
    insertDiscovered: (
      tenant: TenantId,
      model: ThingModel | null,
      thing: Insertable<ThingTables['things']>,
      points: readonly Insertable<ThingTables['points']>[],
    ) =>
      db.transaction().execute(async (transaction) => {
        if (model !== null)
          await transaction
            .insertInto('thing_models')
            .values({ id: model.id, tenant, key: model.key, body: JSON.stringify(model) })
            .execute();
        await transaction.insertInto('things').values(thing).execute();
        await insertPoints(transaction, points);
      }),
    /** The model's new form and the points that its things get: all or nothing. */
    extendModel: (tenant: TenantId, model: ThingModel, points: readonly Insertable<ThingTables['points']>[]) =>
      db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('thing_models')
          .set({ body: JSON.stringify(model) })
          .where('tenant', '=', tenant)
          .where('id', '=', model.id)
          .execute();
        await insertPoints(transaction, points);
      }),
    setEdge: (tenant: TenantId, thing: ThingId, edge: { id: EdgeId; number: number } | null) =>
      db.transaction().execute(async (transaction) => {
        const row = await transaction
          .updateTable('things')
          .set({ edge: edge?.id ?? null, edge_number: edge?.number ?? null })
          .where('tenant', '=', tenant)
          .where('id', '=', thing)
          .returning('number')
          .executeTakeFirstOrThrow();
        await transaction
          .updateTable('points')
          .set({ sender: edge?.number ?? Number(row.number) })
          .where('tenant', '=', tenant)
          .where('thing', '=', thing)
          .where('device', 'is', null)
          .execute();
      }),
  };
}
