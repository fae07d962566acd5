import {
  type EdgeId,
  newId,
  newThingModel,
  type Point,
  type Property,
  type TenantId,
  type Thing,
  type ThingId,
  type ThingModel,
} from '@luban/contracts';
import { takeNumbers } from '../platform/database/counters.ts';
import type { Database } from '../platform/database/database.ts';
import { isTaken } from '../platform/database/taken.ts';
import { Refusal } from '../platform/errors.ts';
import { createDiscoveryStore, type ModelThing } from './discovery-store.ts';
import type { HeldPoints, Owner, PointsThing } from './held-points.ts';
import { pointRows } from './point-rows.ts';

/** An edge as a sender: its number is what its series are owned by. */
export interface SendingEdge {
  readonly id: EdgeId;
  readonly number: number;
}

/** What a device says of itself: enough to make a thing of it. */
export interface DiscoveredThing {
  /** Where it stands, the same each time: `spBv1.0/Plant 1/Line 2/Press`. */
  readonly source: string;
  readonly key: string;
  readonly name: string;
  readonly modelKey: string;
  /** Each with its `source`; the same source twice when its type has changed. */
  readonly properties: readonly Property[];
}

interface DiscoveryOptions {
  database: Database;
  now: () => number;
  points: HeldPoints;
  /** Takes into memory what the records say of it: another server may have written it. */
  reread: (thing: ThingId) => Promise<void>;
}

/** Things that make themselves known, and the edges that things send through. */
export function createDiscovery({ database, now, points, reread }: DiscoveryOptions) {
  const store = createDiscoveryStore(database);

  /** Points for properties that a model gets, for each of its things: with the series that they get. */
  async function pointsFor(
    { tenant, tenantNumber }: Owner,
    model: string,
    things: readonly ModelThing[],
    properties: readonly Property[],
    firstPosition: number,
  ) {
    const first = await takeNumbers(database, 'series', Math.max(1, things.length * properties.length));
    const made = things.map(({ id, number, edgeNumber }, t) => {
      const thing: PointsThing = { id, number, tenant, tenantNumber, model, ownSender: edgeNumber ?? number };
      return { thing, firstSeries: first + t * properties.length };
    });
    const rows = made.flatMap(({ thing, firstSeries }) => pointRows(thing, properties, firstSeries, firstPosition));
    return { made, rows };
  }

  /**
   * Adds properties to a model and their points to all its things, or nothing of it. Throws ZodError when the model
   * would break its own rules: a key twice, too many properties.
   */
  async function extendModel(owner: Owner, model: ThingModel, properties: readonly Property[]): Promise<void> {
    if (properties.length === 0) return;
    const { id: _, ...body } = { ...model, properties: [...model.properties, ...properties] };
    const extended = { ...newThingModel.parse(body), id: model.id };
    const things = await store.thingsOfModel(owner.tenant, model.id);
    const { made, rows } = await pointsFor(owner, model.id, things, properties, model.properties.length);
    await store.extendModel(owner.tenant, extended, rows);
    points.add(made, properties);
  }

  async function addDiscovered(owner: Owner, edge: SendingEdge, wanted: DiscoveredThing): Promise<ThingId> {
    const kept = await store.modelByKey(owner.tenant, wanted.modelKey);
    const name = { zh: wanted.name, en: wanted.name };
    const model = kept ?? {
      ...newThingModel.parse({ key: wanted.modelKey, name, properties: wanted.properties }),
      id: newId('model', now()),
    };
    const number = await takeNumbers(database, 'senders');
    const thing: ModelThing = { id: newId('thing', now()), number, edgeNumber: edge.number };
    const { made, rows } = await pointsFor(owner, model.id, [thing], model.properties, 0);
    const row = {
      id: thing.id,
      tenant: owner.tenant,
      tenant_number: owner.tenantNumber,
      number,
      key: wanted.key,
      name: wanted.name,
      model: model.id,
      site: null,
      created_ms: now(),
      edge: edge.id,
      edge_number: edge.number,
      source: wanted.source,
    };
    await store.insertDiscovered(owner.tenant, kept === null ? model : null, row, rows);
    points.add(made, model.properties);
    return thing.id;
  }

  /** Of two births at once that make the same thing, or two things of a new model, one comes first: then look again. */
  async function addUnlessThere(
    owner: Owner,
    edge: SendingEdge,
    wanted: DiscoveredThing,
    tries = 3,
  ): Promise<Pick<Thing, 'id' | 'edge'>> {
    try {
      return { id: await addDiscovered(owner, edge, wanted), edge: edge.id };
    } catch (error) {
      if (!isTaken(error) || tries === 0) throw error;
      const found = await store.discovered(owner.tenant, wanted.source);
      return found ?? addUnlessThere(owner, edge, wanted, tries - 1);
    }
  }

  /** Says through which edge a thing sends; null: by itself. What a device of an edge is read for stays with that. */
  async function sendThrough(tenant: TenantId, id: ThingId, edge: SendingEdge | null): Promise<void> {
    await store.setEdge(tenant, id, edge);
    points.sendThrough(id, edge?.number ?? null);
  }

  return {
    /** What is known of a device already: of its thing, or of the model that a removed one left. */
    async discoveredProperties(tenant: TenantId, source: string, modelKey: string): Promise<readonly Property[]> {
      const found = await store.discovered(tenant, source);
      const model = found === null ? await store.modelByKey(tenant, modelKey) : await store.modelOf(tenant, found.id);
      return model?.properties ?? [];
    },
    thingsThrough: (tenant: TenantId, edge: EdgeId): Promise<Thing[]> => store.thingsThrough(tenant, edge),
    /** Of every tenant: what was discovered at places that begin so, and which edge speaks for it. */
    discoveredUnder: (prefix: string) => store.discoveredUnder(prefix),
    sendThrough,
    /**
     * Makes the thing, or brings its model up to what the device now says: properties are added, never taken away.
     * The same call twice does nothing the second time. Throws Refusal `things.other-edge` when another edge speaks for it.
     */
    async putDiscovered(owner: Owner, edge: SendingEdge, wanted: DiscoveredThing): Promise<ThingId> {
      const found =
        (await store.discovered(owner.tenant, wanted.source)) ?? (await addUnlessThere(owner, edge, wanted));
      // The edge before it is gone: the device is the same.
      if (found.edge === null) await sendThrough(owner.tenant, found.id, edge);
      else if (found.edge !== edge.id)
        throw new Refusal('things.other-edge', `${wanted.source} belongs to ${found.edge}`);
      await extendTo(owner, found.id, wanted);
      return found.id;
    },
  };

  /** What the device names and the thing's model lacks. */
  async function extendTo(owner: Owner, id: ThingId, wanted: DiscoveredThing): Promise<void> {
    const missing = () => {
      const known = new Set(points.pointsOf(id).map(sameness));
      return wanted.properties.filter((property) => !known.has(sameness(property)));
    };
    if (missing().length === 0) return;
    const model = await store.modelOf(owner.tenant, id);
    // What the records have and the memory has not, another server has just written.
    if (points.pointsOf(id).length < model.properties.length) await reread(id);
    await extendModel(owner, model, missing());
  }
}

function sameness({ source, type }: Pick<Point, 'source' | 'type'>): string {
  return `${type} ${source}`;
}
