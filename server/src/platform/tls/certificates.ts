import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { errorLine, type LogLines } from '../log-lines.ts';
import { pemBlocks } from './pem.ts';
import { type CertificateName, revokedBy } from './revocation-list.ts';

/** PEM files by what they are for; the settings that name them stand in `settingOf`. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Whoever these sign is asked for a certificate of their own. */
  readonly clientCa: string | null;
  readonly clientCrl: string | null;
}
type FileOf = keyof CertificateFiles;

/** What the files hold, checked and ready for listeners. */
export interface CertificateMaterial {
  /** For a listener that asks nobody for a certificate. */
  readonly server: SecureContextOptions;
  /** The same with the authorities that clients' certificates are checked against. */
  readonly withClients: SecureContextOptions;
  readonly expiresMs: number;
  /** Certificates of clients that are revoked. */
  readonly revoked: ReadonlySet<CertificateName>;
}

interface CertificatesOptions {
  files: CertificateFiles;
  /** ms since 1970. */
  now: () => number;
  lines: LogLines;
  /** How often the files are looked at. */
  pollMs?: number;
}

const settingOf: Record<FileOf, string> = {
  certificate: 'LUBAN_TLS_CERT',
  key: 'LUBAN_TLS_KEY',
  clientCa: 'LUBAN_MQTT_CLIENT_CA',
  clientCrl: 'LUBAN_MQTT_CLIENT_CRL',
};
const dayMs = 24 * 3_600_000;
const warnBeforeMs = 30 * dayMs;

export type Certificates = ReturnType<typeof createCertificates>;

/**
 * The platform's certificate and what it checks those of clients by. Changed files are noticed within seconds and serve
 * new connections; files that do not fit together are refused and reported, and what there was stays.
 */
export function createCertificates({ files, now, lines, pollMs = 2000 }: CertificatesOptions) {
  const present = Object.entries(files).filter((entry): entry is [FileOf, string] => entry[1] !== null);
  const listeners: ((material: CertificateMaterial) => void)[] = [];
  let material: CertificateMaterial | undefined;
  /** The files as they were last read, and as they were last seen. */
  let readMark = '';
  let seenMark = '';
  let warnedMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  /** Changes whenever a file does. A file that is away for a moment while it is replaced changes it too. */
  async function markOf(): Promise<string> {
    const marks = present.map(async ([, path]) => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs}:${size}:${ino}`;
      } catch (error) {
        return errorLine(error);
      }
    });
    return (await Promise.all(marks)).join(' ');
  }

  async function read(): Promise<CertificateMaterial> {
    const texts: Partial<Record<FileOf, string>> = {};
    for (const [of, path] of present) {
      texts[of] = await readFile(path, 'utf8').catch((error: unknown) => {
        throw new Error(`${settingOf[of]}: cannot be read: ${errorLine(error)}`);
      });
    }
    return materialOf(texts as { certificate: string; key: string; clientCa?: string; clientCrl?: string });
  }

  function warnOfExpiry({ expiresMs }: CertificateMaterial): void {
    if (expiresMs - now() > warnBeforeMs || now() - warnedMs < dayMs) return;
    warnedMs = now();
    const over = expiresMs <= now();
    lines(over ? 'error' : 'warn', over ? 'server certificate has expired' : 'server certificate expires soon', {
      file: files.certificate,
      expires: new Date(expiresMs).toISOString(),
      daysLeft: Math.floor((expiresMs - now()) / dayMs),
    });
  }

  /** Takes files that changed, once they have stayed the same from one look to the next: they are replaced one by one. */
  async function look(): Promise<void> {
    const mark = await markOf();
    const settled = mark === seenMark;
    seenMark = mark;
    if (settled && mark !== readMark) {
      readMark = mark;
      try {
        const next = await read();
        if (next.expiresMs <= now()) throw new Error(`${settingOf.certificate}: the new certificate has expired`);
        material = next;
        warnedMs = Number.NEGATIVE_INFINITY;
        for (const listener of listeners) listener(next);
        lines('info', 'certificates renewed', { expires: new Date(next.expiresMs).toISOString() });
      } catch (error) {
        lines('error', 'new certificates refused; the ones before stay in use', { cause: errorLine(error) });
      }
    }
    if (material !== undefined) warnOfExpiry(material);
  }

  function lookAgain(): void {
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) => lines('error', 'certificates not looked at', { cause: errorLine(error) }))
        .finally(() => {
          if (timer !== undefined) lookAgain();
        });
    }, pollMs);
  }

  return {
    /** Throws an Error that names the setting whose file is wrong. */
    async start(): Promise<void> {
      readMark = seenMark = await markOf();
      material = await read();
      warnOfExpiry(material);
      lookAgain();
    },
    current(): CertificateMaterial {
      if (material === undefined) throw new Error('the certificates are not read yet');
      return material;
    },
    /** Called with each new material, before it is reported. */
    onChange(listener: (material: CertificateMaterial) => void): void {
      listeners.push(listener);
    },
    stop(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

function materialOf(texts: {
  certificate: string;
  key: string;
  clientCa?: string;
  clientCrl?: string;
}): CertificateMaterial {
  const chain = blocksOf(texts.certificate, 'CERTIFICATE', 'certificate');
  const certificate = checked('certificate', () => new X509Certificate(chain[0]!));
  const key = checked('key', () => createPrivateKey(texts.key));
  if (!certificate.checkPrivateKey(key))
    throw new Error(`${settingOf.key}: this is not the key of the certificate in ${settingOf.certificate}`);
  const server = { cert: texts.certificate, key: texts.key, minVersion: 'TLSv1.2' } as const;
  checked('certificate', () => createSecureContext(server));
  const ca = texts.clientCa === undefined ? undefined : blocksOf(texts.clientCa, 'CERTIFICATE', 'clientCa');
  for (const one of ca ?? []) checked('clientCa', () => new X509Certificate(one));
  const crl = texts.clientCrl === undefined ? undefined : blocksOf(texts.clientCrl, 'X509 CRL', 'clientCrl');
  const revoked = checked('clientCrl', () => new Set((crl ?? []).flatMap(revokedBy)));
  // No tickets: a session that is taken up again would not look at the client's certificate again.
  const secureOptions = constants.SSL_OP_NO_TICKET;
  const withClients = { ...server, secureOptions, ...(ca && { ca }), ...(crl && { crl }) };
  checked('clientCrl', () => createSecureContext(withClients));
  return { server, withClients, expiresMs: Date.parse(certificate.validTo), revoked };
}

function blocksOf(text: string, kind: string, of: FileOf): string[] {
  const blocks = pemBlocks(text, kind);
  if (blocks.length === 0) throw new Error(`${settingOf[of]}: the file holds no PEM block "${kind}"`);
  return blocks;
}

/** Says which setting's file it was. */
function checked<T>(of: FileOf, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${settingOf[of]}: cannot be used: ${errorLine(error)}`, { cause: error });
  }
}
