import type { ThingId } from '@luban/contracts';
import type { Things } from '../../things/things.ts';
import type { MqttIdentity } from '../mqtt-identity.ts';

export type EdgeIdentity = MqttIdentity & { readonly kind: 'edge' };

/** Names are looked up anew at most once in this time: a gateway may well send for devices that nobody has made. */
const lookAgainMs = 2000;

/** The things that a gateway speaks for, by the name or key that it has for them. */
export function createGatewayThings({ things, nowMs }: { things: Things; nowMs: () => number }) {
  const known = new Map<string, { names: ReadonlyMap<string, ThingId>; readMs: number }>();

  async function read({ tenant, edge }: EdgeIdentity): Promise<ReadonlyMap<string, ThingId>> {
    const names = new Map<string, ThingId>();
    const through = await things.thingsThrough(tenant, edge);
    for (const { id, name } of through) names.set(name, id);
    // A key is unique, a name may not be: the key has the last word.
    for (const { id, key } of through) names.set(key, id);
    known.set(edge, { names, readMs: nowMs() });
    return names;
  }

  /**
   * Null when no thing of that name sends through the edge. A thing that no longer does may still be found for as long
   * as nothing else is asked for: its series are the edge's no more, so nothing of it is stored.
   */
  return async function find(identity: EdgeIdentity, name: string): Promise<ThingId | null> {
    const held = known.get(identity.edge);
    const found = held?.names.get(name);
    if (found !== undefined) return found;
    if (held !== undefined && nowMs() - held.readMs < lookAgainMs) return null;
    return (await read(identity)).get(name) ?? null;
  };
}
