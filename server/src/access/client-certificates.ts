import { X509Certificate } from 'node:crypto';
import {
  type CertificateHolder,
  type ClientCertificate,
  certificateHolder,
  type NewClientCertificate,
  newId,
  type TenantId,
  type UserId,
} from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import { Refusal } from '../platform/errors.ts';
import { type CertificateId, type CertificateRow, createCertificatesStore } from './client-certificates-store.ts';

export type { CertificateId } from './client-certificates-store.ts';

interface ClientCertificatesOptions {
  database: Database;
  now: () => number;
  userName: (tenant: TenantId, user: UserId) => Promise<string>;
  /** Throws the Refusal that fits when the tenant has no such thing, edge or access key. */
  holderName: (tenant: TenantId, holder: CertificateHolder) => Promise<string>;
  /** Ends the connections that were opened with these certificates. */
  dismiss: (certificate: CertificateId) => void;
}

/** What a certificate opens at the door. */
export interface CertificateVerdict {
  /** Null: nobody has bound it, or it is not clear whose binding is meant. */
  readonly bound: {
    readonly binding: CertificateId;
    readonly tenant: TenantId;
    readonly holder: CertificateHolder;
  } | null;
  /** Several tenants have bound it, and the user name is no holder's id. */
  readonly ambiguous: boolean;
  /** There it opens nothing, not even with a good key beside it. */
  readonly revokedIn: ReadonlySet<TenantId>;
}

/** Client certificates: which of them stand for a thing, an edge or an access key. */
export function createClientCertificates(options: ClientCertificatesOptions) {
  const { database, now, userName, holderName, dismiss } = options;
  const store = createCertificatesStore(database);

  async function find(tenant: TenantId, id: CertificateId): Promise<CertificateRow> {
    const row = await store.find(tenant, id);
    if (row === null) throw new Refusal('certificates.not-found', `There is no client certificate ${id}`);
    return row;
  }

  async function nameIfThere({ tenant, holder }: CertificateRow): Promise<string | null> {
    try {
      return await holderName(tenant, holder);
    } catch (error) {
      if (error instanceof Refusal && error.code.endsWith('.not-found')) return null;
      throw error;
    }
  }

  return {
    /** Ordered by id, at most `limit`, after the id `after`. */
    async list(tenant: TenantId, after: string, limit: number): Promise<ClientCertificate[]> {
      const rows = await store.list(tenant, after, limit);
      return Promise.all(rows.map(async (row) => shown(row, await nameIfThere(row))));
    },
    /**
     * Throws Refusal certificates.taken: in a tenant a certificate stands for one holder only. Another tenant may bind
     * it too: whoever merely knows a certificate must not be able to keep its owner from using it.
     */
    async bind(by: { tenant: TenantId; user: UserId }, wanted: NewClientCertificate): Promise<ClientCertificate> {
      const name = await holderName(by.tenant, wanted.holder);
      const pem = wanted.certificate ?? wanted.issuer ?? null;
      const row: CertificateRow = {
        id: newId('certificate', now()),
        tenant: by.tenant,
        holder: wanted.holder,
        kind: wanted.issuer === undefined ? 'certificate' : 'issuer',
        fingerprint: pem === null ? plainHex(wanted.fingerprint ?? '') : fingerprintOf(read(pem, wanted)),
        pem,
        createdMs: now(),
        createdBy: { user: by.user, name: await userName(by.tenant, by.user) },
        revokedMs: null,
      };
      if (!(await store.insert(row))) throw new Refusal('certificates.taken');
      return shown(row, name);
    },
    /** It opens nothing any more and stays in the list, so that it cannot be bound again. */
    async revoke(tenant: TenantId, id: CertificateId): Promise<void> {
      await find(tenant, id);
      await store.revoke(tenant, id, now());
      dismiss(id);
    },
    /** The certificate stands for nobody again. */
    async unbind(tenant: TenantId, id: CertificateId): Promise<void> {
      await find(tenant, id);
      await store.remove(tenant, id);
      dismiss(id);
    },
    /** For a certificate whose chain the TLS listener has checked. Bound by several tenants, the user name decides. */
    async verdictOn(certificate: X509Certificate, userName: string | undefined): Promise<CertificateVerdict> {
      const own = await store.byFingerprint(fingerprintOf(certificate));
      // Of one tenant the certificate itself counts before its issuer.
      const issued = await boundByIssuer(certificate);
      const rows = [...own, ...issued.filter(({ tenant }) => own.every((row) => row.tenant !== tenant))];
      const named = certificateHolder.safeParse(userName).success;
      const meant =
        rows.find(({ holder }) => holder === userName) ?? (rows.length === 1 && !named ? rows[0] : undefined);
      const revokedIn = new Set(rows.flatMap(({ tenant, revokedMs }) => (revokedMs === null ? [] : [tenant])));
      return {
        bound:
          meant === undefined || meant.revokedMs !== null
            ? null
            : { binding: meant.id, tenant: meant.tenant, holder: meant.holder },
        ambiguous: !named && rows.length > 1,
        revokedIn,
      };
    },
  };

  async function boundByIssuer(certificate: X509Certificate): Promise<CertificateRow[]> {
    const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
    if (name === undefined) return [];
    for (const row of await store.issuersOf(name)) {
      // The name of an authority is not enough: whoever signed it must have had this authority's key.
      const issuer = new X509Certificate(row.pem ?? '');
      if (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)) return [row];
    }
    return [];
  }
}

function read(pem: string, { issuer }: NewClientCertificate): X509Certificate {
  const pointer = issuer === undefined ? '/certificate' : '/issuer';
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Refusal('request.invalid', `This is no certificate as PEM: ${(error as Error).message}`, [
      { pointer, message: 'must be a certificate as PEM' },
    ]);
  }
}

function fingerprintOf(certificate: X509Certificate): string {
  return plainHex(certificate.fingerprint256);
}
function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function shown(row: CertificateRow, holderName: string | null): ClientCertificate {
  return {
    id: row.id,
    holder: row.holder,
    holderName,
    kind: row.kind,
    fingerprint: row.fingerprint,
    subject: row.pem === null ? null : new X509Certificate(row.pem).subject.replaceAll('\n', ', '),
    createdAt: new Date(row.createdMs).toISOString(),
    createdBy: row.createdBy,
    revokedAt: row.revokedMs === null ? null : new Date(row.revokedMs).toISOString(),
  };
}
