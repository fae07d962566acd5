import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createAuthority } from '../server/src/platform/tls/authority.test-support.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

const authority = createAuthority('Works CA');
const first = authority.issue('first');
const second = authority.issue('second');
const certificate = authority.at('server.pem');
const key = authority.at('server.key');
const { ca: caFile } = authority;
let platform: InProcessPlatform;
let port: number;

function install(files: { certificate: string; key: string }): void {
  copyFileSync(files.certificate, certificate);
  copyFileSync(files.key, key);
}

beforeAll(async () => {
  install(first);
  platform = await startInProcess({
    tls: {
      files: { certificate, key, clientCa: null, clientCrl: null },
      httpsPort: 0,
      mqttPort: 0,
      clientCertificates: 'not-asked',
    },
  });
  port = platform.ports.httpsPort!;
});
afterAll(async () => {
  await platform.stop();
  authority.remove();
});

/** By programs that we did not write. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const running = promisify(execFile)(program, args, { timeout: 20_000 });
  running.child.stdin?.end();
  return (await running).stdout;
}
const curl = (path: string, ...more: string[]) =>
  run('curl', ['--silent', '--show-error', '--cacert', caFile, ...more, `https://127.0.0.1:${port}${path}`]);

test('the API answers by HTTPS, to whoever trusts the authority', async () => {
  expect(JSON.parse(await curl('/api/v1/setup'))).toEqual({ needed: true });
  await expect(curl('/api/v1/setup', '--cacert', second.certificate)).rejects.toThrow(/certificate/);
});

test('nothing older than TLS 1.2 is spoken', async () => {
  const speak = (...version: string[]) =>
    run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', caFile, ...version]);
  expect(await speak('-tls1_2')).toContain('Verify return code: 0 (ok)');
  expect(await speak('-tls1_3')).toContain('Verify return code: 0 (ok)');
  await expect(speak('-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')).rejects.toThrow(/alert protocol version/);
});

test('a sign-in by HTTPS sets a cookie for HTTPS alone', async () => {
  const { api } = await platform.addTenant('Works', 'owner@works.example');
  const { user } = await api.get('/api/v1/me');
  const token = await platform.app.identity.createSignInLink(user.id);
  const headers = await curl(
    '/api/v1/sessions/link',
    ...['--dump-header', '-', '-o', '/dev/null', '-H', 'content-type: application/json', '-H', 'x-luban-request: 1'],
    ...['--data', JSON.stringify({ token })],
  );
  expect(headers).toMatch(/set-cookie: luban_session=.*; Secure/i);
});

test('live connections pass through HTTPS too, and an unknown address is answered', async () => {
  const options = { ca: readFileSync(authority.ca) };
  const refusal = (path: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, options);
      socket.on('error', (error) => resolve(error.message));
    });
  expect(await refusal('/api/v1/live')).toMatch(/401/);
  expect(await refusal('/elsewhere')).toMatch(/404/);
});

test('a renewed certificate serves new connections while old ones go on', async () => {
  const ca = readFileSync(authority.ca);
  const subjectNow = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ca }, () => {
        resolve(subjectOf(socket));
        socket.end();
      });
      socket.on('error', reject);
    });
  const old = connect({ port, host: '127.0.0.1', ca });
  await new Promise((resolve) => old.once('secureConnect', resolve));
  expect(subjectOf(old)).toBe('first');
  install(second);
  await expect.poll(subjectNow, { timeout: 20_000, interval: 250 }).toBe('second');

  const answer = await new Promise<number | undefined>((resolve, reject) => {
    request({ createConnection: () => old, path: '/health/live' }, (reply) => resolve(reply.statusCode))
      .on('error', reject)
      .end();
  });
  expect(answer).toBe(200);
  old.destroy();
});

function subjectOf(socket: TLSSocket): string {
  return String(socket.getPeerCertificate().subject.CN);
}

test('an edge that enrols by HTTPS is told the MQTT door with TLS, another one the plain door', async () => {
  const { api } = await platform.addTenant('Edge works', 'owner@edge.example');
  const edge = await api.post('/api/v1/edges', { name: 'Edge' });
  const token = async () => (await api.post(`/api/v1/edges/${edge.id}/enrolment-token`, {})).token;
  const json = ['-H', 'content-type: application/json', '--data'];
  const secure = JSON.parse(
    await curl('/api/v1/edges/enrol', ...json, JSON.stringify({ token: await token(), software: 'test' })),
  );
  expect(secure.mqttPort).toBe(platform.ports.mqttTlsPort);
  const plain = await api.post('/api/v1/edges/enrol', { token: await token(), software: 'test' });
  expect(plain.mqttPort).toBe(platform.ports.mqttPort);
});
