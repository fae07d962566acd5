import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { createAuthority } from './authority.test-support.ts';
import { type CertificateMaterial, createCertificates } from './certificates.ts';
import { certificateName, revokedBy } from './revocation-list.ts';

const dayMs = 86_400_000;
const authority = createAuthority('Works CA');
const first = authority.issue('first');
const second = authority.issue('second');
const files = {
  certificate: authority.at('server.pem'),
  key: authority.at('server.key'),
  clientCa: authority.ca,
  clientCrl: authority.at('crl.pem'),
};
let nowMs = Date.now();
let certificates: ReturnType<typeof createCertificates>;
let changes: CertificateMaterial[];
let log: { level: string; event: string; fields: Record<string, unknown> }[];

beforeEach(() => {
  nowMs = Date.now();
  changes = [];
  log = [];
  install(first);
  authority.writeCrl(files.clientCrl);
  certificates = createCertificates({
    files,
    now: () => nowMs,
    lines: (level, event, fields = {}) => log.push({ level, event, fields }),
    pollMs: 10,
  });
  certificates.onChange((material) => changes.push(material));
});
afterEach(() => certificates.stop());
afterAll(() => authority.remove());

function install({ certificate, key }: { certificate: string; key: string }): void {
  copyFileSync(certificate, files.certificate);
  copyFileSync(key, files.key);
}
const servedNow = () => new X509Certificate(String(certificates.current().server.cert)).subject;
const events = () => log.map(({ level, event }) => `${level} ${event}`);

test('changed files are taken within seconds, the old ones until then', async () => {
  await certificates.start();
  expect(servedNow()).toBe('CN=first');
  install(second);
  await expect.poll(servedNow).toBe('CN=second');
  expect(changes).toHaveLength(1);
  expect(events()).toEqual(['info certificates renewed']);
});

test.each<[string, () => void, RegExp]>([
  ['a key of another certificate', () => copyFileSync(second.key, files.key), /LUBAN_TLS_KEY: this is not the key/],
  ['no certificate', () => writeFileSync(files.certificate, 'nonsense'), /LUBAN_TLS_CERT: .* no PEM block/],
  [
    'a damaged certificate',
    () => writeFileSync(files.certificate, first.pem.replace(/M/g, 'N')),
    /LUBAN_TLS_CERT: cannot be used/,
  ],
  ['an empty key', () => writeFileSync(files.key, ''), /LUBAN_TLS_KEY: cannot be used/],
  ['an expired certificate', () => install(authority.issue('late', -1)), /has expired/],
  ['a damaged revocation list', () => writeFileSync(files.clientCrl, 'x'), /LUBAN_MQTT_CLIENT_CRL: .* no PEM block/],
])('%s is refused and reported, and what there was stays until a good one comes', async (_, breakFiles, cause) => {
  await certificates.start();
  breakFiles();
  await expect.poll(events).toEqual(['error new certificates refused; the ones before stay in use']);
  expect(log[0]?.fields.cause).toMatch(cause);
  expect(servedNow()).toBe('CN=first');
  install(second);
  authority.writeCrl(files.clientCrl);
  await expect.poll(servedNow).toBe('CN=second');
});

test('a file that is not there stops the start and is named', async () => {
  const lost = createCertificates({
    files: { ...files, key: '/nowhere/key.pem' },
    now: () => nowMs,
    lines: () => undefined,
  });
  await expect(lost.start()).rejects.toThrow(/LUBAN_TLS_KEY: cannot be read: .*\/nowhere\/key\.pem/);
});

test('an expiry within 30 days is warned of at the start and once a day', async () => {
  install(authority.issue('short', 31));
  await certificates.start();
  expect(events()).toEqual([]);
  nowMs += 2 * dayMs;
  await expect.poll(events).toEqual(['warn server certificate expires soon']);
  expect(log[0]?.fields).toMatchObject({ daysLeft: 28 });
  nowMs += dayMs - 60_000;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(events()).toHaveLength(1);
  nowMs += 120_000;
  await expect.poll(events).toHaveLength(2);
  nowMs += 40 * dayMs;
  await expect.poll(events).toContain('error server certificate has expired');
});

test('the revocation list says which certificates it names, and a new one is taken', async () => {
  const [good, lost] = [authority.issue('good'), authority.issue('lost')];
  const nameOf = ({ pem }: { pem: string }) => certificateName(new X509Certificate(pem).raw);
  await certificates.start();
  expect(certificates.current().revoked).toEqual(new Set());
  authority.revoke(lost);
  authority.writeCrl(files.clientCrl);
  await expect.poll(() => certificates.current().revoked).toEqual(new Set([nameOf(lost)]));
  expect(certificates.current().revoked).not.toContain(nameOf(good));
});

test('what is no revocation list is refused, wherever it is cut off', () => {
  authority.writeCrl(files.clientCrl);
  const body = Buffer.from(readFileSync(files.clientCrl, 'utf8').replace(/-----[^-]*-----/g, ''), 'base64');
  const pem = (der: Buffer) => `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----`;
  expect(() => revokedBy(pem(body))).not.toThrow();
  for (let length = 0; length < body.length; length++)
    expect(() => revokedBy(pem(body.subarray(0, length)))).toThrow(RangeError);
  expect(() => revokedBy(first.pem)).toThrow(RangeError);
});
