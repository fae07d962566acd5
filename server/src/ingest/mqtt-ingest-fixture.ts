import { join } from 'node:path';
import type { TenantId } from '@luban/contracts';
import { createAccess, openTokenKeys } from '../access/access.ts';
import { accessMigrations } from '../access/access-migrations.ts';
import { createEdges, createPresences } from '../edges/edges.ts';
import { edgeMigrations } from '../edges/edges-migrations.ts';
import { counterMigrations } from '../platform/database/counters.ts';
import { migrate } from '../platform/database/database.ts';
import { movedTenantMigrations } from '../platform/database/moved-tenants.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { openSealer } from '../platform/sealing.ts';
import { createThings } from '../things/things.ts';
import { thingMigrations } from '../things/things-migrations.ts';
import { createAllDoors } from './all-doors.ts';
import { createIngest } from './ingest.ts';
import { createMqttIngest } from './mqtt-ingest.ts';
import { createRefusedValues } from './refused-values.ts';

export const owner = { tenant: 'tenant:00000000000000000000' as TenantId, tenantNumber: 1 };
const lines = () => undefined;

/** The MQTT door with its things, edges and access keys, on records and a folder of its own; samples go nowhere. */
export async function startMqttIngest() {
  let clockUs = 1_790_000_000_000_000;
  const nowUs = () => clockUs;
  const now = () => clockUs / 1000;
  const records = await openTestDatabase();
  const { database } = records;
  await migrate(database, {
    ...counterMigrations,
    ...thingMigrations,
    ...edgeMigrations,
    ...accessMigrations,
    ...movedTenantMigrations,
  });
  let mqtt: ReturnType<typeof createMqttIngest>;
  /** What is removed while the door is deaf, it is not told of: as when the platform is killed in between. */
  let deaf = false;
  const told = (tell: () => void) => {
    if (!deaf) tell();
  };
  const sealer = openSealer(join(records.directory, 'seal.key'));
  const things = await createThings({
    database,
    sealer,
    now,
    dismiss: (id) => told(() => mqtt.dismiss(id)),
    gone: (tenant, id) => told(() => mqtt.endSessions(tenant, id)),
    pointsGone: async () => undefined,
  });
  const edges = await createEdges({
    database,
    things,
    presences: createPresences(now),
    now,
    sendConfiguration: (id) => mqtt.sendConfiguration(id),
    dismiss: (id) => told(() => mqtt.dismiss(id)),
    gone: (tenant, id) => told(() => mqtt.endSessions(tenant, id)),
  });
  const access = createAccess({
    database,
    tokenKeys: openTokenKeys({ sealKey: sealer, dataDirectory: records.directory, othersDerive: () => true }),
    now,
    userName: async () => 'Owner',
    gone: (tenant, id) => told(() => mqtt.endSessions(tenant, id)),
    dismissCertificate: (id) => told(() => mqtt.dismissCertificate(id)),
    things,
    edges,
  });
  const refused = createRefusedValues({ nowMs: now, lines });
  const ingest = createIngest({
    log: { join: async () => 0, newestArrivalUs: 0 },
    directory: things.directory,
    sourceOf: things.sourceOf,
    refused,
    nowUs,
    lines,
  });
  let held: { found: () => void; go: Promise<void> } | undefined;
  /** What a login has found out, it learns when the test lets it go on. */
  function slow<Args extends unknown[], Found>(look: (...args: Args) => Promise<Found>) {
    return async (...args: Args): Promise<Found> => {
      const found = await look(...args);
      if (held !== undefined && found !== null) {
        held.found();
        await held.go;
      }
      return found;
    };
  }
  const fixture = {
    ...{ things, edges, access, nowUs, directory: records.directory, port: 0 },
    mqtt: () => mqtt,
    async start(): Promise<void> {
      mqtt = createMqttIngest({
        host: '127.0.0.1',
        port: 0,
        directory: join(records.directory, 'mqtt'),
        doors: createAllDoors({
          relay: undefined,
          self: { id: 'server:a', name: 'a' },
          isDoor: true,
          others: () => [],
          lines,
        }),
        ingest,
        things: { ...things, keyHolder: slow(things.keyHolder) },
        edges: { ...edges, keyHolder: slow(edges.keyHolder) },
        access: { ...access, keyHolder: slow(access.keyHolder) },
        anonymous: null,
        departed: new Map(),
        otherHosts: [],
        revoked: () => new Set(),
        refused,
        nowUs,
        lines,
      });
      ({ port: fixture.port } = await mqtt.start());
    },
    /** The door comes back from its folder. */
    async restart(): Promise<void> {
      await mqtt.stop();
      await fixture.start();
    },
    async unheard(remove: () => Promise<unknown>): Promise<void> {
      deaf = true;
      await remove();
      deaf = false;
    },
    pass(seconds: number): void {
      clockUs += seconds * 1_000_000;
    },
    /** Holds the next login where it has found out who it is. */
    holdLogin(): { found: Promise<void>; letGo: () => void } {
      let letGo!: () => void;
      const go = new Promise<void>((resolve) => {
        letGo = () => {
          held = undefined;
          resolve();
        };
      });
      const found = new Promise<void>((resolve) => {
        held = { found: resolve, go };
      });
      return { found, letGo };
    },
    async addThing(key: string) {
      const property = { key: 'speed', name: { zh: '速度', en: 'Speed' }, type: 'number', unit: null, range: null };
      const model = await things.addModel(owner.tenant, {
        key: `model-${key}`,
        name: { zh: '型', en: 'Model' },
        description: null,
        properties: [property],
      } as never);
      return things.addThing(owner, { key, name: key, model: model.id, site: null });
    },
    async close(): Promise<void> {
      await mqtt.stop();
      await records.close();
    },
  };
  await fixture.start();
  return fixture;
}
