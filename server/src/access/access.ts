import {
  type AccessKey,
  type AccessKeyId,
  filterContains,
  filterForClient,
  isId,
  type NewAccessKey,
  type NewAccessToken,
  newId,
  type TenantId,
  type UserId,
} from '@luban/contracts';
import type { Edges } from '../edges/edges.ts';
import type { Database } from '../platform/database/database.ts';
import { Refusal } from '../platform/errors.ts';
import { hashSecret, newSecret } from '../platform/secret.ts';
import type { Things } from '../things/things.ts';
import { type AccessKeyRow, createAccessStore } from './access-store.ts';
import { signToken, tokenPrefix, verifyToken } from './access-token.ts';
import { type CertificateId, createClientCertificates } from './client-certificates.ts';
import type { TokenKeys } from './token-keys.ts';

export type { CertificateId } from './client-certificates.ts';
export { openTokenKeys } from './token-keys.ts';
export type Access = ReturnType<typeof createAccess>;

/** Who came in by an access key or a token of one, and what they may do until when. */
export interface AccessHolder {
  readonly kind: 'access';
  readonly access: AccessKeyId;
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  /** Topic filters, `%c` replaced. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly untilMs: number | null;
}

interface AccessOptions {
  database: Database;
  tokenKeys: TokenKeys;
  now: () => number;
  /** The name of a user, to be kept with what they made. */
  userName: (tenant: TenantId, user: UserId) => Promise<string>;
  /** Ends the connections that were opened with this key or a token of it, and all that is kept for its clients. */
  gone: (tenant: TenantId, key: AccessKeyId) => void;
  /** Ends the connections that were opened with this certificate. */
  dismissCertificate: (certificate: CertificateId) => void;
  things: Things;
  edges: Edges;
  /** Who acts as which key without showing it: whoever shows no login, or any. */
  anonymous?: { readonly key: AccessKeyId; readonly login: 'none' | 'any' } | null;
}

/** How exact `lastUsedAt` is: a program that connects all the time does not write the records all the time. */
const usedExactMs = 60_000;
const keyPrefix = 'lba';

/** An access key or a token of one: nobody else's secret begins so. */
export function isAccessSecret(secret: Buffer): boolean {
  const start = secret.toString('latin1', 0, 4);
  return start === `${keyPrefix}_` || start === tokenPrefix;
}

/** Access keys and client certificates: what a tenant's programs that are neither edge nor thing may publish and subscribe to. */
export function createAccess(options: AccessOptions) {
  const { database, tokenKeys, now, userName, gone, dismissCertificate, things, edges, anonymous } = options;
  const store = createAccessStore(database);
  const usedAt = new Map<AccessKeyId, number>();

  async function find(tenant: TenantId, id: AccessKeyId): Promise<AccessKeyRow> {
    const row = await store.key(id);
    if (row === null || row.tenant !== tenant) throw new Refusal('access.not-found', `There is no access key ${id}`);
    return row;
  }
  function isGood({ revokedMs, expiresMs }: AccessKeyRow): boolean {
    return revokedMs === null && (expiresMs === null || expiresMs > now());
  }
  async function holderBy(
    row: AccessKeyRow,
    clientId: string,
    narrowed: { publish?: readonly string[] | undefined; subscribe?: readonly string[] | undefined; untilMs?: number },
  ): Promise<AccessHolder> {
    const nowMs = now();
    if (nowMs - (usedAt.get(row.id) ?? row.lastUsedMs ?? 0) >= usedExactMs) {
      usedAt.set(row.id, nowMs);
      await store.used(row.id, nowMs);
    }
    const forClient = (filters: readonly string[]) => filters.flatMap((one) => filterForClient(one, clientId) ?? []);
    const ends = [row.expiresMs, narrowed.untilMs].filter((end) => end !== null && end !== undefined);
    return {
      kind: 'access',
      access: row.id,
      tenant: row.tenant,
      tenantNumber: row.tenantNumber,
      publish: forClient(narrowed.publish ?? row.publish),
      subscribe: forClient(narrowed.subscribe ?? row.subscribe),
      untilMs: ends.length === 0 ? null : Math.min(...ends),
    };
  }

  function shown(row: AccessKeyRow): AccessKey {
    return {
      id: row.id,
      name: row.name,
      prefix: row.prefix,
      publish: [...row.publish],
      subscribe: [...row.subscribe],
      createdAt: new Date(row.createdMs).toISOString(),
      createdBy: row.createdBy,
      lastUsedAt: timeOrNull(row.lastUsedMs),
      expiresAt: timeOrNull(row.expiresMs),
      revokedAt: timeOrNull(row.revokedMs),
      openTo: anonymous?.key !== row.id ? 'nobody' : anonymous.login === 'any' ? 'any-login' : 'no-login',
    };
  }

  const certificates = createClientCertificates({
    database,
    now,
    userName,
    dismiss: dismissCertificate,
    async holderName(tenant, holder) {
      if (isId('access', holder)) return (await find(tenant, holder)).name;
      if (isId('edge', holder)) return edges.get(tenant, holder).name;
      return (await things.thing(tenant, holder)).name;
    },
  });

  return {
    certificates,
    /** Ordered by id, at most `limit`, after the id `after`. */
    async list(tenant: TenantId, after: string, limit: number): Promise<AccessKey[]> {
      return (await store.keys(tenant, after, limit)).map(shown);
    },
    /** Throws Refusal request.invalid for an expiry that is over. */
    async issue(
      by: { tenant: TenantId; tenantNumber: number; user: UserId },
      wanted: NewAccessKey,
    ): Promise<AccessKey & { secret: string }> {
      const expiresMs = wanted.expiresAt === null ? null : Date.parse(wanted.expiresAt);
      if (expiresMs !== null && expiresMs <= now())
        throw new Refusal('request.invalid', 'The expiry is in the past', [
          { pointer: '/expiresAt', message: 'must be in the future' },
        ]);
      const secret = newSecret(keyPrefix);
      const row: AccessKeyRow = {
        id: newId('access', now()),
        tenant: by.tenant,
        tenantNumber: by.tenantNumber,
        name: wanted.name,
        prefix: secret.slice(0, 8),
        publish: wanted.publish,
        subscribe: wanted.subscribe,
        createdMs: now(),
        createdBy: { user: by.user, name: await userName(by.tenant, by.user) },
        lastUsedMs: null,
        expiresMs,
        revokedMs: null,
      };
      await store.insertKey(row, hashSecret(secret));
      return { ...shown(row), secret };
    },
    /** It opens nothing any more, nor do its tokens, and what it had opened is closed. */
    async revoke(tenant: TenantId, id: AccessKeyId): Promise<void> {
      await find(tenant, id);
      await store.revokeKey(tenant, id, now());
      gone(tenant, id);
    },
    /** Those of these keys that still open something: id → name. */
    remaining: async (ids: readonly AccessKeyId[]): Promise<ReadonlyMap<string, string>> =>
      new Map((await store.keysOf(ids)).filter(isGood).map(({ id, name }) => [id, name])),
    /** Throws Refusal access.void for a key that opens nothing, access.too-wide for topics that the key has not. */
    async mintToken(tenant: TenantId, id: AccessKeyId, { lifeSeconds, publish, subscribe }: NewAccessToken) {
      const row = await find(tenant, id);
      if (!isGood(row)) throw new Refusal('access.void', 'Make a new access key');
      checkNarrower('publish', publish, row.publish);
      checkNarrower('subscribe', subscribe, row.subscribe);
      const expiresMs = Math.min(now() + lifeSeconds * 1000, row.expiresMs ?? Number.POSITIVE_INFINITY);
      return {
        token: signToken(tokenKeys.signing(), { tenant, access: id, expiresMs, publish, subscribe }),
        expiresAt: new Date(expiresMs).toISOString(),
      };
    },
    /** Whoever acts as this key without showing it; null when the key is void. */
    async holder(id: AccessKeyId, clientId: string): Promise<AccessHolder | null> {
      const row = await store.key(id);
      return row === null || !isGood(row) ? null : holderBy(row, clientId, {});
    },
    /** Who holds this key or token, or null. A filter with `%c` is left out for a client that gave no identifier. */
    async keyHolder(secret: string | Buffer, clientId: string): Promise<AccessHolder | null> {
      const text = secret.toString();
      if (!text.startsWith(tokenPrefix)) {
        const row = await store.keyByHash(hashSecret(secret));
        return row === null || !isGood(row) ? null : holderBy(row, clientId, {});
      }
      const claims = verifyToken(tokenKeys.recognised, text, now());
      if (claims === null) return null;
      const row = await store.key(claims.access);
      if (row === null || row.tenant !== claims.tenant || !isGood(row)) return null;
      return holderBy(row, clientId, { ...claims, untilMs: claims.expiresMs });
    },
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Each filter of a token must lie within one of its key's. */
function checkNarrower(what: string, asked: readonly string[] | undefined, held: readonly string[]): void {
  const errors = (asked ?? []).flatMap((filter, i) =>
    held.some((one) => filterContains(one, filter))
      ? []
      : [{ pointer: `/${what}/${i}`, message: `${filter} is not within the key’s own topics` }],
  );
  if (errors.length > 0) throw new Refusal('access.too-wide', errors.map(({ message }) => message).join('; '), errors);
}
