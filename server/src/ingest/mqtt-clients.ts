import {
  idSchema,
  type MqttClient,
  type MqttClientDetail,
  mqttClient,
  mqttClientDetail,
  mqttOwner,
  type PageOfServers,
  type PageQuery,
  type ServerName,
  type TenantId,
} from '@luban/contracts';
import { z } from 'zod';
import { decodeCursor, toPage } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import type { AllDoors } from './all-doors.ts';
import type { MqttClientChoice, MqttClientStats, MqttDoor } from './mqtt/mqtt-door.ts';
import type { MqttHolder, MqttIdentity } from './mqtt-identity.ts';
import type { MqttOwners } from './mqtt-owners.ts';

export type MqttClients = ReturnType<typeof createMqttClients>;

interface MqttClientsOptions {
  door: Pick<MqttDoor<MqttIdentity>, 'clients' | 'client' | 'owners' | 'endSession'>;
  doors: AllDoors;
  owners: MqttOwners;
}

/** What its own door says of a client: anybody can look up the owner's name. */
const ownToTell = { ownerName: true, server: true } as const;
const told = mqttClient.omit(ownToTell);
const toldInDetail = mqttClientDetail.omit(ownToTell);
type Told = z.infer<typeof told>;

/** A session's place in the list: numbers are each door's own. */
const place = z.object({ number: z.int(), server: z.string() });
const oneClient = z.object({ tenant: idSchema('tenant'), owner: mqttOwner, clientId: z.string() });
const choice = z.object({
  tenant: idSchema('tenant'),
  q: z.string().optional(),
  after: place.optional(),
  limit: z.int().min(1),
});

/** Who of a tenant has a session at an MQTT door, and what waits there for whom. */
export function createMqttClients({ door, doors, owners }: MqttClientsOptions) {
  const namesOf = (found: readonly Told[]) => owners.names([...new Set(found.map(({ owner }) => owner))]);

  async function fitting(tenant: TenantId, q: string): Promise<NonNullable<MqttClientChoice['fits']>> {
    const wanted = q.toLowerCase();
    const has = (text: string) => text.toLowerCase().includes(wanted);
    const ids = door.owners(tenant).map(({ name }) => name as MqttHolder);
    const names = await owners.names(ids);
    const fitting = new Set<string>(ids.filter((id) => has(id) || has(names.get(id) ?? '')));
    return ({ name, clientId }) => fitting.has(name) || has(clientId);
  }

  const askForSome = doors.question('mqtt-clients.list', {
    question: choice,
    item: z.object({ number: z.int(), client: told }),
    async here({ tenant, q, after, limit }) {
      // Of the same number come the servers in the order of their ids.
      const number = after === undefined ? 0 : doors.self.id > after.server ? after.number - 1 : after.number;
      const fits = q === undefined ? undefined : await fitting(tenant, q);
      const found = door.clients(tenant, { after: number, limit, ...(fits && { fits }) });
      return found.map((one) => ({ number: one.number, client: tell(one) }));
    },
  });
  const askForOne = doors.question('mqtt-clients.get', {
    question: oneClient,
    item: toldInDetail,
    here({ tenant, owner, clientId }) {
      const found = door.client({ tenant, name: owner, clientId });
      return found === undefined ? [] : [{ ...tell(found), filters: found.filters }];
    },
  });
  const askToEnd = doors.question('mqtt-clients.end', {
    question: oneClient,
    item: z.literal('ended'),
    here: ({ tenant, owner, clientId }) => (door.endSession({ tenant, name: owner, clientId }) ? ['ended'] : []),
  });

  return {
    /**
     * Oldest session first, where there are several doors by turns. `q` is part of a client identifier, or of an owner's
     * name or id.
     */
    async list(
      tenant: TenantId,
      { q, cursor, limit }: PageQuery & { q?: string | undefined },
    ): Promise<PageOfServers<MqttClient>> {
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const { said, notAnswering } = await askForSome({ tenant, q, after, limit: limit + 1 });
      const rows = said.flatMap(({ server, items }) => items.map((item) => ({ ...item, server })));
      rows.sort((a, b) => a.number - b.number || (a.server.id < b.server.id ? -1 : 1));
      const names = await namesOf(rows.slice(0, limit).map(({ client }) => client));
      const page = toPage(
        rows,
        limit,
        ({ number, server }) => `${number} ${server.id}`,
        ({ client, server }) => ({ ...client, ...toldOf(client, names, server) }),
      );
      return { ...page, notAnswering };
    },
    async get(tenant: TenantId, owner: MqttHolder, clientId: string): Promise<MqttClientDetail> {
      const { said, notAnswering } = await askForOne({ tenant, owner, clientId });
      const all = said.flatMap(({ server, items }) => items.map((client) => ({ server, client })));
      // A door that was away may still keep an older one, until it has heard of the newer.
      const found = all.find(({ client }) => client.connected) ?? all.sort(newestFirst)[0];
      if (found === undefined) throw noSuch(owner, clientId, notAnswering);
      const { client, server } = found;
      return { ...client, ...toldOf(client, await namesOf([client]), server) };
    },
    /** Wherever it is: its messages and subscriptions are gone; it may come again and begins anew. */
    async end(tenant: TenantId, owner: MqttHolder, clientId: string): Promise<void> {
      const which = { tenant, owner, clientId };
      const { said, notAnswering } = await askForOne(which);
      const at = said.flatMap(({ server, items }) => (items.length > 0 ? [server] : []));
      if (at.length === 0) throw noSuch(owner, clientId, notAnswering);
      // Only where it is now: a door that is frozen would do it when it wakes, to whatever session there is then.
      const ended = await Promise.all(at.map((server) => askToEnd(which, server)));
      const silent = ended.flatMap((one) => one.notAnswering);
      if (silent.length > 0) throw noSuch(owner, clientId, silent);
    },
  };

  function toldOf({ owner }: Told, names: ReadonlyMap<string, string>, server: ServerName) {
    return { ownerName: names.get(owner) ?? null, server: doors.several() ? server : null };
  }
}

function placeOf(cursor: string): z.infer<typeof place> {
  const [number = '', server = ''] = decodeCursor(cursor, 'string').split(' ');
  const { success, data } = place.safeParse({ number: Number(number), server });
  if (!success) throw new Refusal('request.invalid', 'The cursor is not one that this API gave');
  return data;
}

function newestFirst(a: { client: Told }, b: { client: Told }): number {
  return Date.parse(b.client.since) - Date.parse(a.client.since);
}

function noSuch(owner: MqttHolder, clientId: string, notAnswering: readonly ServerName[]): Refusal {
  if (notAnswering.length === 0)
    return new Refusal('mqtt-clients.not-found', `${owner} has no session with the client identifier ${clientId}`);
  const silent = notAnswering.map(({ id, name }) => `${name} (${id})`).join(', ');
  return new Refusal('servers.not-answering', `The session may be at a server that does not answer: ${silent}`);
}

function tell(found: MqttClientStats): Told {
  const { owner, clientId, connected, sinceMs, expiresMs, version } = found;
  const { subscriptions, queued, queuedBytes, inflight, dropped } = found;
  return {
    owner: owner as MqttHolder,
    ...{ clientId, connected, since: new Date(sinceMs).toISOString() },
    expiresAt: expiresMs === Number.POSITIVE_INFINITY ? null : new Date(expiresMs).toISOString(),
    protocol: version === undefined ? null : version === 5 ? '5' : '3.1.1',
    ...{ subscriptions, queued, queuedBytes, inflight, dropped },
  };
}
