import {
  type DeviceId,
  mayContain,
  newId,
  type Point,
  type Site,
  type SiteId,
  type TenantId,
  type Thing,
  type ThingId,
  type ThingModel,
} from '@luban/contracts';
import { takeNumbers } from '../platform/database/counters.ts';
import type { Database } from '../platform/database/database.ts';
import { arrivedTenants } from '../platform/database/moved-tenants.ts';
import { unlessTaken } from '../platform/database/taken.ts';
import { Refusal } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { hashSecret } from '../platform/secret.ts';
import { createVerifiedKeys } from '../platform/verified-keys.ts';
import { createDiscovery } from './discovered-things.ts';
import { HeldPoints, type KeyedPoints, type Owner, type PointBinding, type PointsThing } from './held-points.ts';
import { pointRows } from './point-rows.ts';
import { plainKey, signedKey } from './thing-keys.ts';
import { createThingsStore, type ThingPoints } from './things-store.ts';

export type { KeyedPoints } from './held-points.ts';
export { anySealedSecret } from './things-store.ts';
export type Things = Awaited<ReturnType<typeof createThings>>;
type NewThing = Omit<Thing, 'id' | 'createdAt' | 'edge' | 'source'>;

interface ThingsOptions {
  database: Database;
  sealer: Sealer;
  now: () => number;
  /** Ends the connections of a thing that has a key less. */
  dismiss: (thing: ThingId) => void;
  /** Ends all that is kept for a thing that is no more. */
  gone: (tenant: TenantId, thing: ThingId) => void;
  /** These devices have points less to collect. */
  pointsGone: (devices: ReadonlySet<DeviceId>) => Promise<void>;
}

/** Of at most 2,000 points each: so that never all rows are in memory. */
const thingsAtOnce = 100;

/** Sites, thing models, things and points of all tenants. */
export async function createThings({ database, sealer, now, dismiss, gone, pointsGone }: ThingsOptions) {
  const store = createThingsStore(database);
  const points = new HeldPoints();
  const { directory } = points;
  const verified = createVerifiedKeys({
    read: async (hash) => {
      const row = await store.keyHolder(hash);
      return row === undefined ? null : holderOf(row);
    },
  });
  await reread(null);
  directory.setArrived(await arrivedTenants(database));

  async function findThing(tenant: TenantId, idOrKey: string): Promise<Thing> {
    const found = await store.thing(tenant, idOrKey);
    if (found === null) throw new Refusal('things.not-found', `There is no thing ${idOrKey}`);
    return found;
  }
  async function findModel(tenant: TenantId, id: string): Promise<ThingModel> {
    const found = await store.model(tenant, id);
    if (found === null) throw new Refusal('models.not-found', `There is no thing model ${id}`);
    return found;
  }
  async function findSite(tenant: TenantId, id: string): Promise<Site> {
    const found = await store.site(tenant, id);
    if (found === null) throw new Refusal('sites.not-found', `There is no site ${id}`);
    return found;
  }
  async function checkPlace(tenant: TenantId, place: Omit<Site, 'id'>, self?: SiteId) {
    if (place.parent === null) return;
    const parent = await findSite(tenant, place.parent);
    if (!mayContain(parent.level, place.level))
      throw new Refusal('sites.wrong-level', `A ${place.level} cannot stand in a ${parent.level}`);
    // Levels only go down, so a loop would need equal levels: the check above excludes it; a site in itself too.
    if (parent.id === self) throw new Refusal('sites.wrong-level', 'A site cannot stand in itself');
  }

  function keyLess(id: ThingId): void {
    verified.forget(({ thing }) => thing === id);
    dismiss(id);
  }
  /** What the records say of a thing by now; undefined: nothing, or that it has no points. */
  function take(id: ThingId, said: ThingPoints | undefined): void {
    const before = points.thing(id);
    if (said !== undefined) points.put(said.thing, said.properties, said.points);
    else points.remove(id);
    if (before !== undefined && points.thing(id) === undefined) keyLess(id);
  }
  /** An answer that was read before a change of this server's must not be taken after it. */
  async function unchanged<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      const { changes } = points;
      const answer = await read();
      if (changes === points.changes) return answer;
    }
  }
  /** Another server has changed this thing or its points; null: any of them. */
  async function reread(id: ThingId | null): Promise<void> {
    if (id !== null) {
      take(id, (await unchanged(() => store.pointsOfThings({ id })))[0]);
      return;
    }
    const gone = new Set(points.ids());
    for (let after = ''; ; ) {
      const next = await unchanged(() => store.pointsOfThings({ after, limit: thingsAtOnce }));
      for (const said of next) {
        take(said.thing.id, said);
        gone.delete(said.thing.id);
      }
      if (next.length < thingsAtOnce) break;
      after = next.at(-1)!.thing.id;
    }
    for (const one of gone) await reread(one);
  }

  const discovery = createDiscovery({
    database,
    now,
    points,
    reread,
  });

  return {
    directory,
    ...discovery,

    sites: (tenant: TenantId) => store.sites(tenant),
    site: findSite,
    async addSite(tenant: TenantId, place: Omit<Site, 'id'>): Promise<Site> {
      await checkPlace(tenant, place);
      const made = { ...place, id: newId('site', now()) };
      await store.insertSite(tenant, made);
      return made;
    },
    async changeSite(tenant: TenantId, id: SiteId, change: Partial<Omit<Site, 'id'>>): Promise<Site> {
      const changed = { ...(await findSite(tenant, id)), ...change };
      await checkPlace(tenant, changed, id);
      for (const child of (await store.sites(tenant)).filter((other) => other.parent === id))
        if (!mayContain(changed.level, child.level))
          throw new Refusal('sites.wrong-level', `${child.name} stands in it`);
      await store.updateSite(tenant, changed);
      return changed;
    },
    async removeSite(tenant: TenantId, id: SiteId): Promise<void> {
      await findSite(tenant, id);
      if (await store.siteInUse(tenant, id)) throw new Refusal('sites.in-use', 'Move what stands in it first');
      await store.deleteSite(tenant, id);
    },

    models: (tenant: TenantId, after: string, limit: number) => store.models(tenant, after, limit),
    model: findModel,
    async addModel(tenant: TenantId, model: Omit<ThingModel, 'id'>): Promise<ThingModel> {
      const taken = () => new Refusal('models.key-taken', `The key ${model.key} is in use`);
      if ((await store.modelByKey(tenant, model.key)) !== null) throw taken();
      const made = { ...model, id: newId('model', now()) };
      await unlessTaken(store.insertModel(tenant, made), taken);
      return made;
    },

    things: (tenant: TenantId) => store.things(tenant),
    thing: findThing,
    async addThing(owner: Owner, wanted: NewThing): Promise<Thing> {
      const model = await findModel(owner.tenant, wanted.model);
      if (wanted.site !== null) await findSite(owner.tenant, wanted.site);
      if ((await store.thing(owner.tenant, wanted.key)) !== null) throw keyTaken(wanted.key);
      const createdMs = now();
      const made: Thing = {
        ...wanted,
        id: newId('thing', createdMs),
        edge: null,
        source: null,
        createdAt: new Date(createdMs).toISOString(),
      };
      const thingNumber = await takeNumbers(database, 'senders');
      const firstSeries = await takeNumbers(database, 'series', Math.max(1, model.properties.length));
      const thing: PointsThing = {
        id: made.id,
        number: thingNumber,
        tenant: owner.tenant,
        tenantNumber: owner.tenantNumber,
        model: made.model,
        ownSender: thingNumber,
      };
      const written = store.insertThing(
        {
          id: made.id,
          tenant: owner.tenant,
          tenant_number: owner.tenantNumber,
          number: thingNumber,
          key: made.key,
          name: made.name,
          model: made.model,
          site: made.site,
          created_ms: createdMs,
          edge: null,
          edge_number: null,
          source: null,
        },
        pointRows(thing, model.properties, firstSeries, 0),
      );
      await unlessTaken(written, () => keyTaken(wanted.key));
      points.add([{ thing, firstSeries }], model.properties);
      return made;
    },
    async changeThing(tenant: TenantId, id: ThingId, change: Partial<Omit<NewThing, 'model'>>): Promise<Thing> {
      const before = await findThing(tenant, id);
      if (change.site) await findSite(tenant, change.site);
      if (change.key !== undefined && change.key !== before.key && (await store.thing(tenant, change.key)) !== null)
        throw keyTaken(change.key);
      if (Object.keys(change).length > 0)
        await unlessTaken(store.updateThing(tenant, id, change), () => keyTaken(change.key ?? before.key));
      return { ...before, ...change };
    },
    /** Its history stays in the store until it expires; nobody can write or read it any more. */
    async removeThing(tenant: TenantId, id: ThingId): Promise<void> {
      await findThing(tenant, id);
      await store.deleteThing(tenant, id);
      verified.forget(({ thing }) => thing === id);
      const devices = new Set<DeviceId>();
      for (const { device } of points.pointsOf(id)) if (device !== null) devices.add(device);
      points.remove(id);
      gone(tenant, id);
      await pointsGone(devices);
    },

    reread,
    /** A tenant comes from another platform. */
    rereadArrived: async () => directory.setArrived(await arrivedTenants(database)),
    pointsOf: (tenant: TenantId, id: ThingId): Point[] =>
      points.thing(id)?.tenant === tenant ? points.pointsOf(id) : [],
    /** The same for who asks by key at every message: the cost does not grow with the thing's points. */
    keyedPointsOf: (tenant: TenantId, id: ThingId): KeyedPoints =>
      points.thing(id)?.tenant === tenant ? points.keyedPointsOf(id) : new Map(),
    /** Undefined when the tenant has no such point. */
    point: (tenant: TenantId, series: number): Point | undefined =>
      points.thingOf(series)?.tenant === tenant ? points.point(series) : undefined,
    /** The thing model that a series follows; undefined when there is no such point. */
    modelOf: (series: number) => points.thingOf(series)?.model,
    /** More after each change of points, and of who collects or writes them. */
    changes: () => points.changes,
    /** Whose samples a series has; undefined when there is no such point. */
    sourceOf(series: number): { thing: ThingId; device: DeviceId | null } | undefined {
      const thing = points.thingOf(series);
      return thing && { thing: thing.id, device: points.deviceOf(series) };
    },
    /** The number under which a thing writes its own points; 0 for a thing without points. */
    senderOf: (id: ThingId) => points.thing(id)?.number ?? 0,
    tenantNumberOf: (id: ThingId) => points.thing(id)?.tenantNumber ?? 0,
    /**
     * Says which device collects points, and which sender may write them; `device` null: the thing itself. Together with
     * what `alongside` writes, or not at all: a point bound only in part would be refused to its own edge.
     */
    async bindPoints(
      wanted: readonly { series: number; device: { id: DeviceId; sender: number; maxIntervalMs: number } | null }[],
      alongside: (transaction: Database) => Promise<unknown>,
    ): Promise<void> {
      const bound = wanted.map(({ series, device }): PointBinding => {
        const thing = points.thingOf(series);
        if (thing === undefined) throw new Refusal('points.not-found', `There is no series ${series}`);
        const sender = device?.sender ?? thing.ownSender;
        return { series, sender, device: device?.id ?? null, maxIntervalMs: device?.maxIntervalMs ?? null };
      });
      await store.bindPoints(bound, alongside);
      for (const one of bound) points.bind(one);
    },

    async keys(tenant: TenantId, id: ThingId) {
      await findThing(tenant, id);
      return store.keys(tenant, id);
    },
    /** `signed`: a login of another cloud, whose secret the device has already or gets now. */
    async issueKey(tenant: TenantId, id: ThingId, name: string, signed?: { login: string; secret?: string }) {
      await findThing(tenant, id);
      const { secret, ...stored } = signed === undefined ? plainKey() : signedKey(signed, sealer);
      const taken = () => new Refusal('things.login-taken', `Another key has the login ${stored.login}`);
      if (stored.login !== null && (await store.loginInUse(tenant, stored.login))) throw taken();
      const row = { id: newId('key', now()), tenant, thing: id, name, ...stored, created_ms: now() };
      await unlessTaken(store.insertKey(row), taken);
      return { ...row, secret };
    },
    async revokeKey(tenant: TenantId, id: ThingId, key: string): Promise<void> {
      const { numDeletedRows } = await store.deleteKey(tenant, id, key);
      if (numDeletedRows === 0n) throw new Refusal('things.key-not-found', `There is no key ${key}`);
      keyLess(id);
    },
    /** Another server has removed a key of this thing; null: it may have, of any. */
    async keysGone(id: ThingId | null): Promise<void> {
      if (id === null) return verified.recheck(store.hashesThere);
      keyLess(id);
    },
    /** The thing that a device key belongs to, or null. `remembered`: also while the records are away, if they had it of late. */
    keyHolder: (secret: string | Buffer, { remembered = false } = {}) =>
      verified.holder(hashSecret(secret), { remembered }),
    /** The thing as who comes in without a key of its own: by a certificate. Null when it is no more. */
    async holder(id: ThingId) {
      const row = await store.holder(id);
      return row === undefined ? null : holderOf(row);
    },
    /** Those of these things that there are: id → name. */
    remaining: (ids: readonly ThingId[]): Promise<ReadonlyMap<string, string>> => store.remaining(ids),
    /** The thing whose signed login this is; `fits` looks at one secret after the other. Null: nobody's. */
    async loginHolder(login: string, fits: (secret: string) => boolean) {
      for (const row of await store.signedKeys(login))
        if (row.sealed !== null && fits(sealer.unseal(row.sealed))) return holderOf(row);
      return null;
    },
  };
}

function keyTaken(key: string): Refusal {
  return new Refusal('things.key-taken', `The key ${key} is in use`);
}

function holderOf(row: { id: string; tenant: string; tenant_number: number; number: number }) {
  return {
    kind: 'thing' as const,
    thing: row.id as ThingId,
    tenant: row.tenant as TenantId,
    tenantNumber: Number(row.tenant_number),
    number: Number(row.number),
  };
}
