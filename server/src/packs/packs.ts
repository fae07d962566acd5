import type { DeviceConnection, EdgeId, Language, SiteId, TenantId, ThingModelId } from '@luban/contracts';
import type { Edges, NewBinding } from '../edges/edges.ts';
import type { Things } from '../things/things.ts';
import { type Pack, pack as packSchema } from './pack.ts';

interface PacksOptions {
  things: Things;
  edges: Edges;
}
interface PackOwner {
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  readonly language: Language;
}

/** A pack as it stands in its file. Throws ZodError for anything else. */
export function readPack(text: string): Pack {
  return packSchema.parse(JSON.parse(text));
}

/** Installs packs: a tenant gets its own copy of everything in it, named in its own language. */
export function createPacks({ things, edges }: PacksOptions) {
  return {
    /**
     * `connect` turns a pack's example connection into the one of this plant. Throws Refusal when a key of the pack is
     * taken; what was made before stays, since each part is of use alone.
     */
    async install(
      owner: PackOwner,
      pack: Pack,
      edge: EdgeId,
      connect: (connection: DeviceConnection) => DeviceConnection,
    ): Promise<void> {
      const { tenant, language } = owner;
      const models = new Map<string, ThingModelId>();
      for (const model of pack.models) models.set(model.key, (await things.addModel(tenant, model)).id);
      const sites = new Map<string, SiteId>();
      for (const { key, parent, level, name } of pack.sites) {
        const above = parent === null ? null : named(sites, parent);
        sites.set(key, (await things.addSite(tenant, { level, name: name[language], parent: above })).id);
      }
      const bindings = new Map<string, NewBinding[]>();
      for (const { key, name, model, site, bindings: wanted } of pack.things) {
        const made = await things.addThing(owner, {
          key,
          name: name[language],
          model: named(models, model),
          site: named(sites, site),
        });
        for (const { device, ...binding } of wanted) {
          const ofDevice = bindings.get(device) ?? [];
          ofDevice.push({ ...binding, thing: made.id });
          bindings.set(device, ofDevice);
        }
      }
      for (const { key, name, simulated, ...example } of pack.devices) {
        const device = await edges.addDevice(tenant, {
          name: name[language],
          edge,
          enabled: true,
          simulated,
          ...connect(example),
        });
        const ofDevice = bindings.get(key) ?? [];
        if (ofDevice.length > 0) await edges.addBindings(tenant, device.id, ofDevice);
      }
    },
  };
}

function named<T>(known: ReadonlyMap<string, T>, key: string): T {
  const found = known.get(key);
  if (found === undefined) throw new Error(`the pack names ${key}, which stands nowhere before it`);
  return found;
}
