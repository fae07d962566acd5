import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { opcua } from './opcua-library.ts';

/** The edge's own certificate: made once, kept in the drivers' folder, the same for all OPC UA devices. */
export interface OwnCertificate {
  /** Stands in the certificate too: servers compare. */
  readonly applicationUri: string;
  readonly certificate: Buffer;
  readonly key: object;
}

const applicationName = 'Luban-Edge';
const making = new Map<string, Promise<OwnCertificate>>();

export function loadOwnCertificate(directory: string): Promise<OwnCertificate> {
  // Devices that start together must not make two.
  const ongoing = making.get(directory);
  if (ongoing) return ongoing;
  const mine = loadOrMake(directory).finally(() => making.delete(directory));
  making.set(directory, mine);
  return mine;
}

async function loadOrMake(directory: string): Promise<OwnCertificate> {
  const path = join(directory, 'own-certificate.json');
  const { convertPEMtoDER, makePrivateKeyFromPem } = opcua.crypto_utils;
  const stored = await readIfThere(path);
  if (stored !== null) {
    const { applicationUri, certificate, key } = JSON.parse(stored) as Record<string, string>;
    if (applicationUri && certificate && key)
      return {
        applicationUri,
        certificate: Buffer.from(convertPEMtoDER(certificate)),
        key: makePrivateKeyFromPem(key),
      };
  }
  const host = hostname();
  const applicationUri = `urn:${host}:${applicationName}`;
  const { generatePrivateKey, createSelfSignedCertificate, privateKeyToPEM, CertificatePurpose } = opcua.crypto_utils;
  const privateKey = await generatePrivateKey(2048);
  const { cert } = await createSelfSignedCertificate({
    privateKey,
    subject: `/CN=${applicationName}/O=Luban`,
    applicationUri,
    dns: [host],
    validity: 365 * 20,
    notBefore: new Date(Date.now() - 86_400_000),
    purpose: CertificatePurpose.ForApplication,
  });
  const { privPem } = await privateKeyToPEM(privateKey);
  await writeWhole(path, JSON.stringify({ applicationUri, certificate: cert, key: privPem }));
  return { applicationUri, certificate: Buffer.from(convertPEMtoDER(cert)), key: makePrivateKeyFromPem(privPem) };
}

/** SHA-1 in lower-case hex: what OPC UA tools show as the thumbprint. Of a chain, the server's own comes first. */
export function thumbprintOf(certificate: Buffer): string {
  const [own] = opcua.crypto_utils.split_der(certificate);
  return createHash('sha1')
    .update(own ?? certificate)
    .digest('hex');
}

/** The thumbprint remembered for an endpoint; null before its first connection. */
export async function rememberedThumbprint(directory: string, endpointUrl: string): Promise<string | null> {
  const stored = await readIfThere(pinPath(directory, endpointUrl));
  return stored === null ? null : ((JSON.parse(stored) as { thumbprint?: string }).thumbprint ?? null);
}

export async function rememberThumbprint(directory: string, endpointUrl: string, thumbprint: string): Promise<void> {
  await writeWhole(pinPath(directory, endpointUrl), JSON.stringify({ endpointUrl, thumbprint }));
}

function pinPath(directory: string, endpointUrl: string): string {
  return join(directory, 'servers', `${createHash('sha256').update(endpointUrl).digest('hex').slice(0, 32)}.json`);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
