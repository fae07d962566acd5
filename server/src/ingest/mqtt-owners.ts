import { isId } from '@luban/contracts';
import type { Access } from '../access/access.ts';
import type { Edges } from '../edges/edges.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { Things } from '../things/things.ts';
import type { MqttDoor } from './mqtt/mqtt-door.ts';
import type { MqttHolder, MqttIdentity } from './mqtt-identity.ts';

interface OwnersOptions {
  things: Pick<Things, 'remaining'>;
  edges: Pick<Edges, 'remaining'>;
  access: Pick<Access, 'remaining'>;
}

export type MqttOwners = ReturnType<typeof createMqttOwners>;

/** Ids in one query. */
const atOnce = 500;

/** The things, edges and access keys behind the sessions of the MQTT door. */
export function createMqttOwners({ things, edges, access }: OwnersOptions) {
  async function namesOfFew(ids: readonly MqttHolder[]): Promise<(readonly [string, string])[]> {
    const [keys, edgeIds, thingIds] = [
      ids.filter((id) => isId('access', id)),
      ids.filter((id) => isId('edge', id)),
      ids.filter((id) => isId('thing', id)),
    ];
    const found = await Promise.all([
      keys.length > 0 ? access.remaining(keys) : [],
      edgeIds.length > 0 ? edges.remaining(edgeIds) : [],
      thingIds.length > 0 ? things.remaining(thingIds) : [],
    ]);
    return found.flatMap((some) => [...some]);
  }
  return {
    /** By id, of those that there are and that may come in. */
    async names(ids: readonly MqttHolder[]): Promise<ReadonlyMap<string, string>> {
      const names = new Map<string, string>();
      for (let from = 0; from < ids.length; from += atOnce)
        for (const [id, name] of await namesOfFew(ids.slice(from, from + atOnce))) names.set(id, name);
      return names;
    },
  };
}

interface OwnerCheckOptions {
  door: Pick<MqttDoor<MqttIdentity>, 'owners' | 'endSessions'>;
  owners: MqttOwners;
  lines: LogLines;
}

/**
 * Ends sessions whose owner is no more or may not come again. Mostly they end with it; but the platform may have been
 * killed in between, another server may have removed it, and of a key that expires nobody is told.
 */
export function createOwnerCheck({ door, owners, lines }: OwnerCheckOptions): () => Promise<void> {
  return async () => {
    const here = door.owners();
    const names = await owners.names(here.map(({ name }) => name as MqttHolder));
    for (const owner of here) {
      if (names.has(owner.name)) continue;
      lines('info', 'MQTT sessions ended: their owner is no more', owner);
      door.endSessions(owner);
    }
  };
}
