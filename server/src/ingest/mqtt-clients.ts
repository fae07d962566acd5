import type { MqttClient, MqttClientDetail, Page, PageQuery, TenantId } from '@luban/contracts';
import { decodeCursor, toPage } from '../platform/database/page-cursor.ts';
import { Refusal } from '../platform/errors.ts';
import type { MqttClientChoice, MqttClientStats, MqttDoor } from './mqtt/mqtt-door.ts';
import type { MqttHolder, MqttIdentity } from './mqtt-identity.ts';
import type { MqttOwners } from './mqtt-owners.ts';

export type MqttClients = ReturnType<typeof createMqttClients>;

interface MqttClientsOptions {
  door: Pick<MqttDoor<MqttIdentity>, 'clients' | 'client' | 'owners' | 'endSession'>;
  owners: MqttOwners;
}

/** Who of a tenant has a session at the MQTT door, and what waits there for whom. */
export function createMqttClients({ door, owners }: MqttClientsOptions) {
  const namesOf = (found: readonly MqttClientStats[]) =>
    owners.names([...new Set(found.map(({ owner }) => owner as MqttHolder))]);

  async function fitting(tenant: TenantId, q: string): Promise<NonNullable<MqttClientChoice['fits']>> {
    const wanted = q.toLowerCase();
    const has = (text: string) => text.toLowerCase().includes(wanted);
    const ids = door.owners(tenant).map(({ name }) => name as MqttHolder);
    const names = await owners.names(ids);
    const fitting = new Set<string>(ids.filter((id) => has(id) || has(names.get(id) ?? '')));
    return ({ name, clientId }) => fitting.has(name) || has(clientId);
  }

  return {
    /** Oldest session first. `q` is part of a client identifier, or of an owner's name or id. */
    async list(
      tenant: TenantId,
      { q, cursor, limit }: PageQuery & { q?: string | undefined },
    ): Promise<Page<MqttClient>> {
      const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number');
      const fits = q === undefined ? undefined : await fitting(tenant, q);
      const rows = door.clients(tenant, { after, limit: limit + 1, ...(fits && { fits }) });
      const names = await namesOf(rows);
      return toPage(
        rows,
        limit,
        ({ number }) => number,
        (row) => shown(row, names),
      );
    },
    async get(tenant: TenantId, owner: MqttHolder, clientId: string): Promise<MqttClientDetail> {
      const found = door.client({ tenant, name: owner, clientId });
      if (found === undefined) throw noSuch(owner, clientId);
      return { ...shown(found, await namesOf([found])), filters: found.filters };
    },
    /** Its messages and subscriptions are gone; it may come again and begins anew. */
    end(tenant: TenantId, owner: MqttHolder, clientId: string): void {
      if (!door.endSession({ tenant, name: owner, clientId })) throw noSuch(owner, clientId);
    },
  };
}

function noSuch(owner: MqttHolder, clientId: string): Refusal {
  return new Refusal('mqtt-clients.not-found', `${owner} has no session with the client identifier ${clientId}`);
}

function shown(found: MqttClientStats, names: ReadonlyMap<string, string>): MqttClient {
  const { owner, clientId, connected, sinceMs, expiresMs, version } = found;
  const { subscriptions, queued, queuedBytes, inflight, dropped } = found;
  return {
    owner: owner as MqttHolder,
    ownerName: names.get(owner) ?? null,
    ...{ clientId, connected, since: new Date(sinceMs).toISOString() },
    expiresAt: expiresMs === Number.POSITIVE_INFINITY ? null : new Date(expiresMs).toISOString(),
    protocol: version === undefined ? null : version === 5 ? '5' : '3.1.1',
    ...{ subscriptions, queued, queuedBytes, inflight, dropped },
  };
}
