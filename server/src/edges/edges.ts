import {
  type Binding,
  type CollectedDevice,
  type Device,
  type DeviceId,
  type DeviceReport,
  type Edge,
  type EdgeConfiguration,
  type EdgeEvent,
  type EdgeId,
  type EdgeReport,
  type Gap,
  newId,
  type Series,
  type TenantId,
  type ThingId,
} from '@luban/contracts';
import { takeNumbers } from '../platform/database/counters.ts';
import type { Database } from '../platform/database/database.ts';
import { unlessTaken } from '../platform/database/taken.ts';
import { Refusal } from '../platform/errors.ts';
import { hashSecret, newSecret } from '../platform/secret.ts';
import { createVerifiedKeys } from '../platform/verified-keys.ts';
import type { Things } from '../things/things.ts';
import { createEdgesStore, type EdgeRow } from './edges-store.ts';
import type { Presences } from './presences.ts';

export { createPresences } from './presences.ts';
export { createPresencesStore } from './presences-store.ts';
export { createSharedPresences } from './shared-presences.ts';
export type Edges = Awaited<ReturnType<typeof createEdges>>;
/** A binding without what follows from it. */
export type NewBinding = Omit<Binding, 'series' | 'device'>;

const tokenLifeMs = 24 * 3_600_000;
const keyPrefix = 'lbk';
/** How many lines of an edge's log the platform keeps. */
const keptEvents = 10_000;
/** Gaps that are over: so many of an edge stay, and none that began longer ago. Open ones always stay. */
const keptGaps = 20_000;
const gapLifeMs = 3 * 365 * 24 * 3_600_000;
/** Old gaps are looked for once in so many messages of an edge. */
const trimGapsEvery = 200;

/** Whether it is an edge's, if it is anybody's: nobody else's key begins so. */
export function isEdgeKey(secret: string | Buffer): boolean {
  return secret.toString().startsWith(`${keyPrefix}_`);
}

interface EdgesOptions {
  database: Database;
  things: Things;
  presences: Presences;
  now: () => number;
  /** Hands a new configuration to an edge that is connected; another edge gets it when it subscribes. */
  sendConfiguration: (edge: EdgeId) => void;
  /** An edge has told how it is. */
  onReport?: (edge: EdgeId, report: EdgeReport) => void;
  /** Ends the connections of an edge whose key another one has replaced. */
  dismiss: (edge: EdgeId) => void;
  /** Ends all that is kept for an edge that is no more. */
  gone: (tenant: TenantId, edge: EdgeId) => void;
}

/** Edges, the devices that they collect from, what binds a point to an address, and what edges say of themselves. */
export async function createEdges(options: EdgesOptions) {
  const { database, things, presences, now, sendConfiguration, onReport, dismiss, gone } = options;
  const store = createEdgesStore(database);
  const edges = new Map<EdgeId, EdgeRow>((await store.edges()).map((row) => [row.id, row]));
  const gapPuts = new Map<EdgeId, number>();
  /** Which edge a device is at: asked for at every look at a thing's state. */
  const edgeOfDevice = new Map<DeviceId, EdgeId>(await store.allDevices());

  const verified = createVerifiedKeys({
    read: async (hash) => {
      const row = await store.edgeByKey(hash);
      return row === null ? null : holderOf(row);
    },
  });

  /** Counts what this server has changed, so that an answer read before a change is not taken after it. */
  let changes = 0;

  function put(row: EdgeRow): void {
    changes++;
    edges.set(row.id, row);
  }
  function forget({ id, tenant }: EdgeRow): void {
    changes++;
    edges.delete(id);
    verified.forget(({ edge }) => edge === id);
    gone(tenant, id);
    presences.forget(id);
    gapPuts.delete(id);
  }
  function keyReplaced(id: EdgeId): void {
    verified.forget(({ edge }) => edge === id);
    dismiss(id);
  }
  function find(tenant: TenantId, id: string): EdgeRow {
    const found = edges.get(id as EdgeId);
    if (found === undefined || found.tenant !== tenant) throw new Refusal('edges.not-found', `There is no edge ${id}`);
    return found;
  }
  async function findDevice(tenant: TenantId, id: DeviceId): Promise<Device> {
    const found = await store.device(tenant, id);
    if (found === null) throw new Refusal('devices.not-found', `There is no device ${id}`);
    return found;
  }
  function shown(row: EdgeRow): Edge {
    const presence = presences.of(row.id);
    return {
      id: row.id,
      name: row.name,
      createdAt: new Date(row.createdMs).toISOString(),
      enrolled: row.keyHash !== null,
      createsThings: row.createsThings,
      connected: presence?.connected ?? false,
      sinceMs: presence?.sinceMs ?? null,
      report: presence?.report ?? null,
    };
  }
  /** An edge that came from another platform may still say what its points were called there. */
  function asHere(id: EdgeId, told: Gap): Gap {
    const row = edges.get(id);
    if (row === undefined || told.series === null) return told;
    const series = things.directory.asHere(row.number, row.tenantNumber, Uint32Array.from(told.series));
    return series === null ? told : { ...told, series: [...series] as Series[] };
  }
  /** The configuration of an edge has changed: a new version, handed over at once. */
  async function changed(id: EdgeId): Promise<void> {
    const next = await store.nextConfiguration(id);
    if (next === undefined) return;
    put(next);
    sendConfiguration(id);
  }

  return {
    list: (tenant: TenantId) => [...edges.values()].filter((row) => row.tenant === tenant).map(shown),
    get: (tenant: TenantId, id: string) => shown(find(tenant, id)),
    async add(tenant: TenantId, tenantNumber: number, name: string, createsThings = false): Promise<Edge> {
      const row: EdgeRow = {
        id: newId('edge', now()),
        tenant,
        tenantNumber,
        number: await takeNumbers(database, 'senders'),
        name,
        createdMs: now(),
        keyHash: null,
        configurationVersion: 1,
        createsThings,
      };
      await store.insertEdge({
        id: row.id,
        tenant,
        tenant_number: tenantNumber,
        number: row.number,
        name,
        created_ms: row.createdMs,
        key_hash: null,
        token_hash: null,
        token_expires_ms: null,
        configuration_version: 1,
        creates_things: createsThings ? 1 : 0,
      });
      put(row);
      return shown(row);
    },
    async change(tenant: TenantId, id: EdgeId, change: { name?: string; createsThings?: boolean }): Promise<Edge> {
      const { name, createsThings } = { ...find(tenant, id), ...change };
      await store.updateEdge(id, { name, creates_things: createsThings ? 1 : 0 });
      const row = { ...find(tenant, id), name, createsThings };
      put(row);
      return shown(row);
    },
    /** Another server has changed edges or devices: takes what the records say, and tells the edges that are here. */
    async reread(): Promise<void> {
      let rows: EdgeRow[];
      let devices: [DeviceId, EdgeId][];
      let before: number;
      do {
        before = changes;
        [rows, devices] = await Promise.all([store.edges(), store.allDevices()]);
      } while (before !== changes);
      edgeOfDevice.clear();
      for (const [device, edge] of devices) edgeOfDevice.set(device, edge);
      const here = new Set(rows.map(({ id }) => id));
      for (const row of [...edges.values()]) if (!here.has(row.id)) forget(row);
      for (const row of rows) {
        const known = edges.get(row.id);
        put(row);
        if (known !== undefined && known.keyHash !== row.keyHash) keyReplaced(row.id);
        else if (known !== undefined && known.configurationVersion < row.configurationVersion)
          sendConfiguration(row.id);
      }
    },
    /** False for an edge that is no more. */
    createsThings: (id: EdgeId): boolean => edges.get(id)?.createsThings ?? false,
    /** From now on the edge sends what no device of an edge is read for; the thing itself no longer may. */
    async takeThing(tenant: TenantId, id: EdgeId, thing: ThingId): Promise<void> {
      const { number } = find(tenant, id);
      await things.thing(tenant, thing);
      await things.sendThrough(tenant, thing, { id, number });
    },
    /** The thing sends by itself again. */
    async giveThingBack(tenant: TenantId, id: EdgeId, thing: ThingId): Promise<void> {
      find(tenant, id);
      const found = await things.thing(tenant, thing);
      if (found.edge !== id) throw new Refusal('things.not-found', `${thing} does not send through ${id}`);
      await things.sendThrough(tenant, thing, null);
    },
    async remove(tenant: TenantId, id: EdgeId): Promise<void> {
      const row = find(tenant, id);
      for (const { id: thing } of await things.thingsThrough(tenant, id)) await things.sendThrough(tenant, thing, null);
      const devices = await store.devices(tenant, id);
      const bound = (await Promise.all(devices.map((one) => store.bindings(tenant, one.id)))).flat();
      await things.bindPoints(bound.map(unbound), (transaction) => store.deleteEdge(transaction, id));
      for (const one of devices) edgeOfDevice.delete(one.id);
      forget(row);
    },
    /** A one-time token; the one before it is void. */
    async issueToken(tenant: TenantId, id: EdgeId): Promise<{ token: string; expiresAt: string }> {
      find(tenant, id);
      const token = newSecret('lbe');
      const expires = now() + tokenLifeMs;
      await store.updateEdge(id, { token_hash: hashSecret(token), token_expires_ms: expires });
      return { token, expiresAt: new Date(expires).toISOString() };
    },
    /** Spends a token: the edge gets the key that it keeps. A second enrolment voids the first one's key. */
    async enrol(token: string): Promise<{ edge: EdgeId; key: string }> {
      const key = newSecret(keyPrefix);
      const row = await store.spendToken(hashSecret(token), hashSecret(key), now());
      if (row === null) throw new Refusal('edges.token-invalid', 'Make a new token on the edge’s page');
      put(row);
      keyReplaced(row.id);
      return { edge: row.id, key };
    },
    /** The edge that a key belongs to, or null. `remembered`: also while the records are away, if they had it of late. */
    keyHolder: (key: string | Buffer, { remembered = false } = {}) => verified.holder(hashSecret(key), { remembered }),
    /** The edge as who comes in without a key: by a certificate. Null when it is no more. */
    async holder(id: EdgeId) {
      const row = edges.get(id);
      return row === undefined ? null : holderOf(row);
    },

    /** Those of these edges that there are, also those that another server has added: id → name. */
    remaining: (ids: readonly EdgeId[]): Promise<ReadonlyMap<string, string>> => store.remaining(ids),

    devices: (tenant: TenantId, edge?: EdgeId) => store.devices(tenant, edge),
    bindingCounts: (tenant: TenantId) => store.bindingCounts(tenant),
    device: findDevice,
    async addDevice(tenant: TenantId, wanted: Omit<Device, 'id'>): Promise<Device> {
      find(tenant, wanted.edge);
      const made = { ...wanted, id: newId('device', now()) } as Device;
      await store.insertDevice(tenant, made);
      changes++;
      edgeOfDevice.set(made.id, made.edge);
      await changed(made.edge);
      return made;
    },
    async changeDevice(tenant: TenantId, id: DeviceId, change: Omit<Device, 'id'>): Promise<Device> {
      const before = await findDevice(tenant, id);
      if (change.protocol !== before.protocol) throw new Refusal('devices.protocol-fixed', 'Add a new device instead');
      if (change.edge !== before.edge)
        throw new Refusal('devices.protocol-fixed', 'A device stays at its edge; add a new one there');
      const after = { ...change, id } as Device;
      await store.updateDevice(tenant, after);
      await changed(after.edge);
      return after;
    },
    async removeDevice(tenant: TenantId, id: DeviceId): Promise<void> {
      const { edge } = await findDevice(tenant, id);
      const bound = await store.bindings(tenant, id);
      await things.bindPoints(bound.map(unbound), (transaction) => store.deleteDevice(transaction, tenant, id));
      changes++;
      edgeOfDevice.delete(id);
      await changed(edge);
    },

    async bindings(tenant: TenantId, of: DeviceId) {
      await findDevice(tenant, of);
      return store.bindings(tenant, of);
    },
    /** Binds many points in one configuration change: all of them or none. */
    async addBindings(tenant: TenantId, of: DeviceId, wanted: readonly NewBinding[]): Promise<Binding[]> {
      const holder = await findDevice(tenant, of);
      const made: Binding[] = [];
      for (const one of wanted) {
        if (one.address.protocol !== holder.protocol)
          throw new Refusal(
            'bindings.wrong-protocol',
            `${one.property}: ${one.address.protocol} in a ${holder.protocol} device`,
          );
        const point = things.keyedPointsOf(tenant, one.thing).get(one.property);
        if (point === undefined)
          throw new Refusal('points.not-found', `The thing ${one.thing} has no property ${one.property}`);
        if (point.device !== null)
          throw new Refusal('bindings.taken', `${one.property} is collected by ${point.device}`);
        made.push({ ...one, device: of, series: point.series });
      }
      const sender = find(tenant, holder.edge).number;
      const bound = made.map(({ series, maxIntervalMs }) => ({ series, device: { id: of, sender, maxIntervalMs } }));
      await unlessTaken(
        things.bindPoints(bound, (transaction) => store.insertBindings(transaction, tenant, made)),
        () => new Refusal('bindings.taken', 'One of the points is bound by another request'),
      );
      await changed(holder.edge);
      return made;
    },
    async removeBinding(tenant: TenantId, series: Series): Promise<void> {
      const found = await store.binding(tenant, series);
      if (found === null) throw new Refusal('points.not-found', `No device collects series ${series}`);
      await things.bindPoints([unbound(found)], (transaction) => store.deleteBinding(transaction, tenant, series));
      await changed((await findDevice(tenant, found.device)).edge);
    },

    /** Points of these devices are no more: their edges learn it, or they would collect them for ever. */
    async pointsGone(devices: ReadonlySet<DeviceId>): Promise<void> {
      for (const edge of new Set([...devices].map((device) => edgeOfDevice.get(device))))
        if (edge !== undefined) await changed(edge);
    },

    /** What the edge must do now: its enabled devices and their points. */
    async configuration(id: EdgeId): Promise<EdgeConfiguration> {
      const row = edges.get(id);
      if (row === undefined) return { version: 0, devices: [] };
      const thingNames = new Map((await things.things(row.tenant)).map((thing) => [thing.id, thing.key]));
      const devices: CollectedDevice[] = [];
      for (const one of await store.devices(row.tenant, id)) {
        if (!one.enabled) continue;
        const points = (await store.bindings(row.tenant, one.id)).flatMap(({ thing, property, device: _, ...rest }) => {
          const point = things.point(row.tenant, rest.series);
          if (point === undefined) return [];
          return [
            { ...rest, name: `${thingNames.get(thing) ?? thing}/${property}`, type: point.type, range: point.range },
          ];
        });
        const { id: device, name, simulated, protocol, settings } = one;
        devices.push({ id: device, name, simulated, points, protocol, settings } as CollectedDevice);
      }
      return { version: row.configurationVersion, devices };
    },

    /** More after each change of edges, and of which devices they have. */
    changes: () => changes,
    edgeOf: (device: DeviceId) => edgeOfDevice.get(device) ?? null,
    /** The number under which it writes. Throws Refusal for an edge that the tenant does not have. */
    numberOf: (tenant: TenantId, id: EdgeId) => find(tenant, id).number,

    connected: (id: EdgeId, connected: boolean) => presences.connected(id, connected),
    reported(id: EdgeId, report: EdgeReport): void {
      presences.reported(id, report);
      onReport?.(id, report);
    },
    async putGaps(tenant: TenantId, id: EdgeId, gaps: readonly Gap[]): Promise<void> {
      await store.putGaps(
        tenant,
        id,
        gaps.map((one) => asHere(id, one)),
      );
      const puts = (gapPuts.get(id) ?? 0) + 1;
      gapPuts.set(id, puts % trimGapsEvery);
      if (puts % trimGapsEvery === 1) await store.trimGaps(id, keptGaps, now() - gapLifeMs);
    },
    async putEvents(tenant: TenantId, id: EdgeId, events: readonly EdgeEvent[]): Promise<void> {
      if (events.length === 0) return;
      await store.putEvents(tenant, id, events);
      await store.trimEvents(id, events[events.length - 1]!.sequence - keptEvents);
    },
    gaps: (
      tenant: TenantId,
      id: EdgeId,
      open: boolean | undefined,
      before: { fromMs: number; id: string } | null,
      limit: number,
    ) => store.gaps(tenant, find(tenant, id).id, open, before, limit),
    events: (tenant: TenantId, id: EdgeId, before: number, limit: number) =>
      store.events(tenant, find(tenant, id).id, before, limit),
    /** What its edge last said of a device; null when the edge is away, since then nobody knows. */
    deviceReport(device: DeviceId): DeviceReport | null {
      const edge = edgeOfDevice.get(device);
      const presence = edge === undefined ? undefined : presences.of(edge);
      return presence?.connected ? (presence.report?.devices.find(({ id }) => id === device) ?? null) : null;
    },
  };
}

function unbound({ series }: Binding) {
  return { series, device: null };
}

function holderOf({ id, tenant, tenantNumber, number }: EdgeRow) {
  return { kind: 'edge' as const, edge: id, tenant, tenantNumber, number };
}
