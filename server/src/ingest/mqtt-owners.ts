import { isId } from '@luban/contracts';
import type { Access } from '../access/access.ts';
import type { Edges } from '../edges/edges.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { Things } from '../things/things.ts';
import type { MqttDoor } from './mqtt/mqtt-door.ts';
import type { MqttHolder, MqttIdentity } from './mqtt-identity.ts';

interface OwnersOptions {
  door: Pick<MqttDoor<MqttIdentity>, 'owners' | 'endSessions'>;
  things: Pick<Things, 'remaining'>;
  edges: Pick<Edges, 'remaining'>;
  access: Pick<Access, 'remaining'>;
  lines: LogLines;
}

/** Ids in one query. */
const atOnce = 500;

/**
 * Ends sessions whose owner is no more or may not come again. Mostly they end with it; but the platform may have been
 * killed in between, another server may have removed it, and of a key that expires nobody is told.
 */
export function createOwnerCheck({ door, things, edges, access, lines }: OwnersOptions): () => Promise<void> {
  async function remainingOf(ids: readonly MqttHolder[]): Promise<ReadonlySet<string>> {
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
    return new Set(found.flatMap((some) => [...some]));
  }

  return async () => {
    const owners = door.owners();
    for (let from = 0; from < owners.length; from += atOnce) {
      const some = owners.slice(from, from + atOnce);
      const remaining = await remainingOf(some.map(({ name }) => name as MqttHolder));
      for (const owner of some) {
        if (remaining.has(owner.name)) continue;
        lines('info', 'MQTT sessions ended: their owner is no more', owner);
        door.endSessions(owner);
      }
    }
  };
}
