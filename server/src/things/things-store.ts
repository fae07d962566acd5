import {
  isId,
  type Site,
  site,
  type TenantId,
  type Thing,
  type ThingId,
  type ThingModel,
  thing,
  thingModel,
} from '@luban/contracts';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { PointBinding, PointsThing } from './held-points.ts';
import type { ThingTables } from './things-migrations.ts';

/** What the records say of a thing's points. */
export interface ThingPoints {
  readonly thing: PointsThing;
  /** A JSON array, in the order of the points. */
  readonly properties: string;
  readonly points: readonly PointBinding[];
}

/** The only SQL about sites, models, things, points and their keys. Every query names the tenant. */
export function createThingsStore(database: Database) {
  const db = database.withTables<ThingTables>();
  return {
    // --- sites
    sites: async (tenant: TenantId) =>
      (await db.selectFrom('sites').selectAll().where('tenant', '=', tenant).orderBy('name').execute()).map(toSite),
    site: async (tenant: TenantId, id: string) => {
      const row = await db
        .selectFrom('sites')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toSite(row);
    },
    insertSite: (tenant: TenantId, row: Site) =>
      db
        .insertInto('sites')
        .values({ ...row, tenant })
        .execute(),
    updateSite: (tenant: TenantId, row: Site) =>
      db
        .updateTable('sites')
        .set({ parent: row.parent, level: row.level, name: row.name })
        .where('tenant', '=', tenant)
        .where('id', '=', row.id)
        .execute(),
    deleteSite: (tenant: TenantId, id: string) =>
      db.deleteFrom('sites').where('tenant', '=', tenant).where('id', '=', id).execute(),
    siteInUse: async (tenant: TenantId, id: string) => {
      const child = await db
        .selectFrom('sites')
        .select('id')
        .where('tenant', '=', tenant)
        .where('parent', '=', id)
        .executeTakeFirst();
      const held = await db
        .selectFrom('things')
        .select('id')
        .where('tenant', '=', tenant)
        .where('site', '=', id)
        .executeTakeFirst();
      return child !== undefined || held !== undefined;
    },

    // --- models
    models: async (tenant: TenantId, after: string, limit: number) =>
      (
        await db
          .selectFrom('thing_models')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('key', '>', after)
          .orderBy('key')
          .limit(limit)
          .execute()
      ).map(toModel),
    model: async (tenant: TenantId, id: string) => {
      const row = await db
        .selectFrom('thing_models')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toModel(row);
    },
    modelByKey: async (tenant: TenantId, key: string) => {
      const row = await db
        .selectFrom('thing_models')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : toModel(row);
    },
    insertModel: (tenant: TenantId, model: ThingModel) =>
      db
        .insertInto('thing_models')
        .values({ id: model.id, tenant, key: model.key, body: JSON.stringify(model) })
        .execute(),

    // --- things
    things: async (tenant: TenantId) =>
      (await db.selectFrom('things').selectAll().where('tenant', '=', tenant).orderBy('key').execute()).map(toThing),
    thing: async (tenant: TenantId, idOrKey: string) => {
      const row = await db
        .selectFrom('things')
        .selectAll()
        .where('tenant', '=', tenant)
        .where(isId('thing', idOrKey) ? 'id' : 'key', '=', idOrKey)
        .executeTakeFirst();
      return row === undefined ? null : toThing(row);
    },
    /** Those of these that there are: id → name. */
    remaining: async (ids: readonly ThingId[]) => {
      const rows = await db.selectFrom('things').select(['id', 'name']).where('id', 'in', ids).execute();
      return new Map<string, string>(rows.map(({ id, name }) => [id, name]));
    },
    updateThing: (tenant: TenantId, id: ThingId, change: { key?: string; name?: string; site?: string | null }) =>
      db.updateTable('things').set(change).where('tenant', '=', tenant).where('id', '=', id).execute(),
    deleteThing: (tenant: TenantId, id: ThingId) =>
      db.deleteFrom('things').where('tenant', '=', tenant).where('id', '=', id).execute(),
    insertThing: (row: Insertable<ThingTables['things']>, points: Insertable<ThingTables['points']>[]) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('things').values(row).execute();
        await insertPoints(transaction, points);
      }),

    // --- points
    /** Of one thing, or of so many whose ids come after one. */
    async pointsOfThings(which: { id: ThingId } | { after: string; limit: number }): Promise<ThingPoints[]> {
      const select = db
        .selectFrom('things')
        .select(['id', 'tenant', 'tenant_number', 'number', 'edge_number', 'model']);
      const things = await ('id' in which
        ? select.where('id', '=', which.id)
        : select.where('id', '>', which.after).orderBy('id').limit(which.limit)
      ).execute();
      if (things.length === 0) return [];
      const rows = await db
        .selectFrom('points')
        .select(['series', 'thing', 'body', 'device', 'sender', 'max_interval_ms'])
        .where(
          'thing',
          'in',
          things.map(({ id }) => id),
        )
        .orderBy('series')
        .execute();
      const byThing = new Map<string, typeof rows>(things.map(({ id }) => [id, []]));
      for (const row of rows) byThing.get(row.thing)!.push(row);
      return things.map((row) => toThingPoints(row, byThing.get(row.id)!));
    },
    /** All of them and what `alongside` writes, or nothing. */
    bindPoints: (
      points: readonly { series: number; device: string | null; sender: number; maxIntervalMs: number | null }[],
      alongside: (transaction: Database) => Promise<unknown>,
    ) =>
      database.transaction().execute(async (transaction) => {
        await alongside(transaction);
        for (const { series, device, sender, maxIntervalMs } of points)
          await transaction
            .withTables<ThingTables>()
            .updateTable('points')
            .set({ device, sender, max_interval_ms: maxIntervalMs })
            .where('series', '=', series)
            .execute();
      }),

    // --- keys
    keys: (tenant: TenantId, id: ThingId) =>
      db
        .selectFrom('thing_keys')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('thing', '=', id)
        .orderBy('id')
        .execute(),
    insertKey: (row: Insertable<ThingTables['thing_keys']>) => db.insertInto('thing_keys').values(row).execute(),
    deleteKey: (tenant: TenantId, id: ThingId, key: string) =>
      db
        .deleteFrom('thing_keys')
        .where('tenant', '=', tenant)
        .where('thing', '=', id)
        .where('id', '=', key)
        .executeTakeFirst(),
    keyHolder: (hash: string) =>
      db
        .selectFrom('thing_keys')
        .innerJoin('things', 'things.id', 'thing_keys.thing')
        .select(['things.id', 'things.tenant', 'things.tenant_number', 'things.number'])
        .where('thing_keys.hash', '=', hash)
        .executeTakeFirst(),
    /** Those of these hashes that a key has. */
    hashesThere: async (hashes: readonly string[]): Promise<ReadonlySet<string>> => {
      const rows = await db.selectFrom('thing_keys').select('hash').where('hash', 'in', hashes).execute();
      return new Set(rows.map(({ hash }) => hash));
    },
    holder: (id: ThingId) =>
      db
        .selectFrom('things')
        .select(['id', 'tenant', 'tenant_number', 'number'])
        .where('id', '=', id)
        .executeTakeFirst(),
    /** Of every tenant that has such a login: whose it is shows only when its secret fits. */
    signedKeys: (login: string) =>
      db
        .selectFrom('thing_keys')
        .innerJoin('things', 'things.id', 'thing_keys.thing')
        .select(['things.id', 'things.tenant', 'things.tenant_number', 'things.number', 'thing_keys.sealed'])
        .where('thing_keys.login', '=', login)
        .orderBy('thing_keys.created_ms')
        .execute(),
    loginInUse: async (tenant: TenantId, login: string) =>
      (await db
        .selectFrom('thing_keys')
        .select('id')
        .where('tenant', '=', tenant)
        .where('login', '=', login)
        .executeTakeFirst()) !== undefined,
  };
}

/** One of the secrets that are sealed, of whichever tenant, for who must know whether a key opens them. Null: there is none. */
export async function anySealedSecret(database: Database): Promise<string | null> {
  const row = await database
    .withTables<ThingTables>()
    .selectFrom('thing_keys')
    .select('sealed')
    .where('sealed', 'is not', null)
    .orderBy('created_ms')
    .limit(1)
    .executeTakeFirst();
  return row?.sealed ?? null;
}

/** SQLite takes at most 32,766 values in a statement; a point has ten. */
export async function insertPoints(
  within: Kysely<ThingTables>,
  points: readonly Insertable<ThingTables['points']>[],
): Promise<void> {
  for (let i = 0; i < points.length; i += 1000)
    await within
      .insertInto('points')
      .values(points.slice(i, i + 1000))
      .execute();
}

function toSite({ tenant: _, ...row }: Selectable<ThingTables['sites']>): Site {
  return site.parse(row);
}
export function toModel(row: Selectable<ThingTables['thing_models']>): ThingModel {
  return thingModel.parse(JSON.parse(row.body));
}
export function toThing(row: Selectable<ThingTables['things']>): Thing {
  return thing.parse({
    id: row.id,
    key: row.key,
    name: row.name,
    model: row.model,
    site: row.site,
    edge: row.edge,
    source: row.source,
    createdAt: new Date(Number(row.created_ms)).toISOString(),
  });
}
function toThingPoints(
  row: Pick<Selectable<ThingTables['things']>, 'id' | 'tenant' | 'tenant_number' | 'number' | 'edge_number' | 'model'>,
  points: readonly Pick<
    Selectable<ThingTables['points']>,
    'series' | 'body' | 'device' | 'sender' | 'max_interval_ms'
  >[],
): ThingPoints {
  return {
    thing: {
      id: row.id as ThingId,
      tenant: row.tenant as TenantId,
      tenantNumber: Number(row.tenant_number),
      number: Number(row.number),
      model: row.model,
      ownSender: Number(row.edge_number ?? row.number),
    },
    properties: `[${points.map(({ body }) => body).join(',')}]`,
    points: points.map(({ series, device, sender, max_interval_ms }) => ({
      series: Number(series),
      sender: Number(sender),
      device: device as PointBinding['device'],
      maxIntervalMs: max_interval_ms === null ? null : Number(max_interval_ms),
    })),
  };
}
