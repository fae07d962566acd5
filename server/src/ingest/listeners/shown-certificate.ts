import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type CertificateName, certificateName } from '../../platform/tls/revocation-list.ts';

/** The certificate that a client proved to have, with its name and those of its authorities on revocation lists. */
export interface ShownCertificate {
  readonly certificate: X509Certificate;
  readonly names: readonly CertificateName[];
}

/**
 * What a client showed in its handshake. `doubtful`: a certificate that the client authorities do not vouch for; who
 * shows it needs a key as if there was none. Null: none.
 */
export function shownCertificate(
  stream: Duplex,
  revoked: ReadonlySet<CertificateName>,
): ShownCertificate | 'revoked' | { readonly doubtful: string } | null {
  if (!(stream instanceof TLSSocket)) return null;
  const certificate = stream.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const fault = stream.authorizationError as unknown as string | null;
  if (fault === 'CERT_REVOKED') return 'revoked';
  if (!stream.authorized) return { doubtful: String(fault) };
  const names = namesOf(certificate);
  return names.some((name) => revoked.has(name)) ? 'revoked' : { certificate, names };
}

function namesOf(certificate: X509Certificate): CertificateName[] {
  const names: CertificateName[] = [];
  for (let one: X509Certificate | undefined = certificate; one !== undefined; one = one.issuerCertificate) {
    const name = certificateName(one.raw);
    if (names.includes(name)) break; // the root is its own issuer
    names.push(name);
  }
  return names;
}
