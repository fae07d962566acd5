import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key as PEM files. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly pem: string;
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const settings = `[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
`;

/** A certificate authority by openssl, in a directory of its own. */
export function createAuthority(name: string) {
  const directory = mkdtempSync(join(tmpdir(), 'luban-ca-'));
  const at = (file: string) => join(directory, file);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  const ca = ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'];
  writeFileSync(at('ca.cnf'), settings);
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), '1000\n');
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '400', '-subj', `/CN=${name}`);
  let made = 0;

  return {
    directory,
    at,
    /** The authority's own certificate. */
    ca: at('ca.pem'),
    /** Good from now for so many days; below 0 it has expired. */
    issue(commonName: string, days = 90): IssuedCertificate {
      const folder = at(String(++made));
      mkdirSync(folder);
      const [certificate, key, request] = ['cert.pem', 'key.pem', 'request.pem'].map((file) => join(folder, file)) as [
        string,
        string,
        string,
      ];
      const names = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
      openssl('req', ...curve, '-keyout', key, '-out', request, ...names);
      const time = (fromNowDays: number) =>
        `${new Date(Date.now() + fromNowDays * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
      const term = ['-startdate', time(Math.min(0, days) - 1), '-enddate', time(days)];
      openssl('ca', '-batch', '-notext', ...ca, '-in', request, '-out', certificate, ...term);
      return { certificate, key, pem: readFileSync(certificate, 'utf8') };
    },
    revoke: ({ certificate }: IssuedCertificate) => void openssl('ca', ...ca, '-revoke', certificate),
    /** Writes the list of what is revoked so far, in one step. */
    writeCrl(file: string): void {
      openssl('ca', ...ca, '-gencrl', '-out', `${file}.new`);
      renameSync(`${file}.new`, file);
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
