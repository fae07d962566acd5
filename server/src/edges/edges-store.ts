import {
  type Binding,
  binding,
  type Device,
  type DeviceId,
  device,
  type EdgeEvent,
  type EdgeId,
  edgeEvent,
  type Gap,
  gap,
  type TenantId,
} from '@luban/contracts';
import type { Insertable, Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { EdgeTables } from './edges-migrations.ts';

export interface EdgeRow {
  readonly id: EdgeId;
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  readonly number: number;
  readonly name: string;
  readonly createdMs: number;
  /** Of the key that it enrolled for; null before. */
  readonly keyHash: string | null;
  readonly configurationVersion: number;
  readonly createsThings: boolean;
}

/** The only SQL about edges, devices, bindings, gaps and edge events. Every query of a user names the tenant. */
export function createEdgesStore(database: Database) {
  const db = database.withTables<EdgeTables>();
  return {
    edges: async () => (await db.selectFrom('edges').selectAll().orderBy('id').execute()).map(toEdgeRow),
    /** Those of these that there are: id → name. */
    remaining: async (ids: readonly EdgeId[]) => {
      const rows = await db.selectFrom('edges').select(['id', 'name']).where('id', 'in', ids).execute();
      return new Map<string, string>(rows.map(({ id, name }) => [id, name]));
    },
    insertEdge: (row: Insertable<EdgeTables['edges']>) => db.insertInto('edges').values(row).execute(),
    updateEdge: (id: EdgeId, change: Partial<Insertable<EdgeTables['edges']>>) =>
      db.updateTable('edges').set(change).where('id', '=', id).execute(),
    /** The edge with its next version, or undefined when it is no more. Two servers never give the same version. */
    nextConfiguration: async (id: EdgeId) => {
      const row = await db
        .updateTable('edges')
        .set((eb) => ({ configuration_version: eb('configuration_version', '+', 1) }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? undefined : toEdgeRow(row);
    },
    deleteEdge: (within: Database, id: EdgeId) =>
      within.withTables<EdgeTables>().deleteFrom('edges').where('id', '=', id).execute(),
    edgeByKey: async (hash: string) => {
      const row = await db.selectFrom('edges').selectAll().where('key_hash', '=', hash).executeTakeFirst();
      return row === undefined ? null : toEdgeRow(row);
    },
    /** Spends the token: the same statement that finds it clears it, so that two enrolments cannot share it. */
    spendToken: async (tokenHash: string, keyHash: string, nowMs: number) => {
      const row = await db
        .updateTable('edges')
        .set({ token_hash: null, token_expires_ms: null, key_hash: keyHash })
        .where('token_hash', '=', tokenHash)
        .where('token_expires_ms', '>', nowMs)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : toEdgeRow(row);
    },

    allDevices: async () =>
      (await db.selectFrom('devices').select(['id', 'edge']).execute()).map(({ id, edge }): [DeviceId, EdgeId] => [
        id as DeviceId,
        edge as EdgeId,
      ]),
    devices: async (tenant: TenantId, edge?: EdgeId) => {
      let query = db.selectFrom('devices').selectAll().where('tenant', '=', tenant).orderBy('name').orderBy('id');
      if (edge !== undefined) query = query.where('edge', '=', edge);
      return (await query.execute()).map(toDevice);
    },
    device: async (tenant: TenantId, id: DeviceId) => {
      const row = await db
        .selectFrom('devices')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toDevice(row);
    },
    insertDevice: (tenant: TenantId, made: Device) =>
      db
        .insertInto('devices')
        .values({ tenant, ...fromDevice(made) })
        .execute(),
    updateDevice: (tenant: TenantId, changed: Device) =>
      db
        .updateTable('devices')
        .set(fromDevice(changed))
        .where('tenant', '=', tenant)
        .where('id', '=', changed.id)
        .execute(),
    deleteDevice: (within: Database, tenant: TenantId, id: DeviceId) =>
      within.withTables<EdgeTables>().deleteFrom('devices').where('tenant', '=', tenant).where('id', '=', id).execute(),

    bindings: async (tenant: TenantId, of: DeviceId) =>
      (
        await db
          .selectFrom('bindings')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('device', '=', of)
          .orderBy('series')
          .execute()
      ).map(toBinding),
    bindingCounts: async (tenant: TenantId) => {
      const rows = await db
        .selectFrom('bindings')
        .select(['device', (eb) => eb.fn.countAll<number>().as('count')])
        .where('tenant', '=', tenant)
        .groupBy('device')
        .execute();
      return new Map(rows.map((row) => [row.device, Number(row.count)]));
    },
    binding: async (tenant: TenantId, series: number) => {
      const row = await db
        .selectFrom('bindings')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('series', '=', series)
        .executeTakeFirst();
      return row === undefined ? null : toBinding(row);
    },
    insertBindings: async (within: Database, tenant: TenantId, made: readonly Binding[]) => {
      const rows = made.map((one) => ({ tenant, ...fromBinding(one) }));
      for (let i = 0; i < rows.length; i += 1000)
        await within
          .withTables<EdgeTables>()
          .insertInto('bindings')
          .values(rows.slice(i, i + 1000))
          .execute();
    },
    deleteBinding: (within: Database, tenant: TenantId, series: number) =>
      within
        .withTables<EdgeTables>()
        .deleteFrom('bindings')
        .where('tenant', '=', tenant)
        .where('series', '=', series)
        .execute(),

    putGaps: (tenant: TenantId, edge: EdgeId, gaps: readonly Gap[]) =>
      db.transaction().execute(async (transaction) => {
        for (const one of gaps) {
          const row = { from_ms: one.fromMs, to_ms: one.toMs, body: JSON.stringify(one) };
          await transaction
            .insertInto('gaps')
            .values({ id: one.id, tenant, edge, ...row })
            // An id of another edge's gap must not be overwritten.
            .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where('gaps.edge', '=', edge))
            .execute();
        }
      }),
    /** Deletes gaps that are over: all but the newest `kept` of an edge, and those that began before `fromMs`. */
    trimGaps: async (edge: EdgeId, kept: number, fromMs: number) => {
      const last = await db
        .selectFrom('gaps')
        .select('from_ms')
        .where('edge', '=', edge)
        .where('to_ms', 'is not', null)
        .orderBy('from_ms', 'desc')
        .offset(kept)
        .limit(1)
        .executeTakeFirst();
      const before = Math.max(fromMs, last === undefined ? 0 : Number(last.from_ms) + 1);
      await db
        .deleteFrom('gaps')
        .where('edge', '=', edge)
        .where('to_ms', 'is not', null)
        .where('from_ms', '<', before)
        .execute();
    },
    gaps: async (
      tenant: TenantId,
      edge: EdgeId,
      open: boolean | undefined,
      before: { fromMs: number; id: string } | null,
      limit: number,
    ) => {
      let query = db.selectFrom('gaps').selectAll().where('tenant', '=', tenant).where('edge', '=', edge);
      if (open === true) query = query.where('to_ms', 'is', null);
      if (open === false) query = query.where('to_ms', 'is not', null);
      if (before !== null)
        query = query.where((eb) =>
          eb.or([
            eb('from_ms', '<', before.fromMs),
            eb.and([eb('from_ms', '=', before.fromMs), eb('id', '<', before.id)]),
          ]),
        );
      return (await query.orderBy('from_ms', 'desc').orderBy('id', 'desc').limit(limit).execute()).map((row) =>
        gap.parse(JSON.parse(row.body)),
      );
    },
    putEvents: (tenant: TenantId, edge: EdgeId, events: readonly EdgeEvent[]) =>
      db
        .insertInto('edge_events')
        .values(events.map((event) => ({ edge, tenant, sequence: event.sequence, body: JSON.stringify(event) })))
        .onConflict((conflict) => conflict.columns(['edge', 'sequence']).doNothing())
        .execute(),
    trimEvents: (edge: EdgeId, below: number) =>
      db.deleteFrom('edge_events').where('edge', '=', edge).where('sequence', '<', below).execute(),
    events: async (tenant: TenantId, edge: EdgeId, before: number, limit: number) =>
      (
        await db
          .selectFrom('edge_events')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('edge', '=', edge)
          .where('sequence', '<', before)
          .orderBy('sequence', 'desc')
          .limit(limit)
          .execute()
      ).map((row) => edgeEvent.parse(JSON.parse(row.body))),
  };
}

function toEdgeRow(row: Selectable<EdgeTables['edges']>): EdgeRow {
  return {
    id: row.id as EdgeId,
    tenant: row.tenant as TenantId,
    tenantNumber: Number(row.tenant_number),
    number: Number(row.number),
    name: row.name,
    createdMs: Number(row.created_ms),
    keyHash: row.key_hash,
    configurationVersion: Number(row.configuration_version),
    createsThings: Number(row.creates_things) === 1,
  };
}
function toDevice({ tenant: _, ...row }: Selectable<EdgeTables['devices']>): Device {
  return device.parse({
    ...row,
    enabled: row.enabled === 1,
    simulated: row.simulated === 1,
    settings: JSON.parse(row.settings),
  });
}
function fromDevice(one: Device) {
  return {
    id: one.id,
    edge: one.edge,
    name: one.name,
    enabled: one.enabled ? 1 : 0,
    simulated: one.simulated ? 1 : 0,
    protocol: one.protocol,
    settings: JSON.stringify(one.settings),
  };
}
function toBinding(row: Selectable<EdgeTables['bindings']>): Binding {
  return binding.parse({
    ...JSON.parse(row.refinement),
    series: Number(row.series),
    device: row.device,
    thing: row.thing,
    property: row.property,
    address: JSON.parse(row.address),
  });
}
function fromBinding({ series, device: of, thing, property, address, ...refinement }: Binding) {
  return {
    series,
    device: of,
    thing,
    property,
    address: JSON.stringify(address),
    refinement: JSON.stringify(refinement),
  };
}
