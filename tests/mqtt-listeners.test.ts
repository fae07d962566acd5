import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createAuthority } from '../server/src/platform/tls/authority.test-support.ts';
import type { ApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';

const authority = createAuthority('Works CA');
const first = authority.issue('first');
const second = authority.issue('second');
const files = { certificate: authority.at('server.pem'), key: authority.at('server.key') };
const ca = readFileSync(authority.ca);
let platform: InProcessPlatform;
let api: ApiClient;
let thing: Awaited<ReturnType<typeof addThing>>;
let login: { username: string; password: string; reconnectPeriod: 0 };

function install({ certificate, key }: { certificate: string; key: string }): void {
  copyFileSync(certificate, files.certificate);
  copyFileSync(key, files.key);
}

beforeAll(async () => {
  install(first);
  platform = await startInProcess({
    tls: {
      files: { ...files, clientCa: null, clientCrl: null },
      httpsPort: 0,
      mqttPort: 0,
      clientCertificates: 'not-asked',
    },
  });
  ({ api } = await platform.addTenant('Works', 'owner@works.example'));
  thing = await addThing(api, 'SENDER-1');
  login = { username: thing.id, password: thing.key, reconnectPeriod: 0 };
});
afterAll(async () => {
  await platform.stop();
  authority.remove();
});

const valued = (value: number) => JSON.stringify({ values: { p0: value } });
const latest = async () =>
  (await api.get(`/api/v1/readings/latest?series=${thing.series[0]}`)).items[0].reading?.value ?? null;
const mosquittoPub = (value: number, ...more: string[]) =>
  promisify(execFile)(
    'mosquitto_pub',
    [
      ...['-h', '127.0.0.1', '-p', String(platform.ports.mqttTlsPort), '-q', '1', '-u', thing.id, '-P', thing.key],
      ...['-t', 'luban/v1/samples', '-m', valued(value), ...more],
    ],
    { timeout: 20_000 },
  );

test.each(['tlsv1.2', 'tlsv1.3'])('mosquitto_pub sends by %s', async (version) => {
  const value = Math.random();
  await mosquittoPub(value, '--cafile', authority.ca, '--tls-version', version, '-V', '5');
  await expect.poll(latest).toBe(value);
});

test('a client that does not trust the authority does not come in, nor does one without TLS', async () => {
  await expect(mosquittoPub(1, '--cafile', second.certificate, '-V', '5')).rejects.toThrow(/TLS error/);
  await expect(mosquittoPub(1, '-V', '5')).rejects.toThrow();
});

const urls = () => ({
  ws: `ws://127.0.0.1:${platform.ports.httpPort}/mqtt`,
  wss: `wss://127.0.0.1:${platform.ports.httpsPort}/mqtt`,
  mqtts: `mqtts://127.0.0.1:${platform.ports.mqttTlsPort}`,
});

test.each([
  ['ws', 5],
  ['ws', 4],
  ['wss', 5],
  ['wss', 4],
  ['mqtts', 5],
] as const)('the mqtt client sends by %s with protocol version %i', async (scheme, protocolVersion) => {
  const client = await mqtt.connectAsync(urls()[scheme], { ...login, protocolVersion, ca });
  for (let i = 0; i < 20; i++) {
    const value = Math.random();
    await client.publishAsync('luban/v1/samples', valued(value), { qos: 1 });
    await expect.poll(latest).toBe(value);
  }
  await client.endAsync();
});

test('a large message that arrives in many pieces is taken whole, and one beyond the limit ends the connection', async () => {
  const client = await mqtt.connectAsync(urls().ws, { ...login, protocolVersion: 5 });
  const samples = Array.from({ length: 9000 }, (_, i) => ({
    time: new Date(Date.now() - 8000 + i).toISOString(),
    values: { p0: i + 1 },
  }));
  await client.publishAsync('luban/v1/samples', JSON.stringify({ samples }), { qos: 1 });
  await expect.poll(latest).toBe(9000);
  const closed = new Promise((resolve) => client.once('close', () => resolve(true)));
  client.stream.write(Buffer.alloc(3 << 20));
  expect(await closed).toBe(true);
  await client.endAsync(true);
});

test('a WebSocket that names no subprotocol of MQTT is refused, and the one of old is answered with its name', async () => {
  const refusal = await new Promise((resolve) => {
    new WebSocket(urls().ws).on('error', (error) => resolve(error.message));
  });
  expect(refusal).toMatch(/400/);
  const old = new WebSocket(urls().ws, ['mqttv3.1']);
  await new Promise((resolve) => old.once('open', resolve));
  expect(old.protocol).toBe('mqttv3.1');
  old.close();
});

test('text in a WebSocket is no MQTT and ends the connection', async () => {
  const socket = new WebSocket(urls().ws, ['mqtt']);
  const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
  socket.once('open', () => socket.send('hello'));
  expect(await closed).toBe(1003);
});

test('a device that is revoked loses its connections of every kind', async () => {
  const neighbour = await platform.addTenant('Second works', 'owner@second.example');
  const other = await addThing(neighbour.api, 'SENDER-2');
  const clients = await Promise.all(
    Object.values(urls()).map((url) =>
      mqtt.connectAsync(url, { username: other.id, password: other.key, protocolVersion: 5, ca, reconnectPeriod: 0 }),
    ),
  );
  const reasons = clients.map(
    (client) => new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode))),
  );
  const [key] = (await neighbour.api.get(`/api/v1/things/${other.id}/keys`)).items;
  await neighbour.api.request('DELETE', `/api/v1/things/${other.id}/keys/${key.id}`);
  expect(await Promise.all(reasons)).toEqual([0x87, 0x87, 0x87]);
  for (const client of clients) await client.endAsync(true);
});

test('a renewed certificate serves new MQTT connections while old ones go on', async () => {
  const old = await mqtt.connectAsync(urls().mqtts, { ...login, clientId: 'old', protocolVersion: 5, ca });
  install(second);
  const nameNow = async () => {
    const client = await mqtt.connectAsync(urls().mqtts, { ...login, clientId: 'new', protocolVersion: 5, ca });
    const { subject } = (client.stream as unknown as TLSSocket).getPeerCertificate();
    await client.endAsync();
    return subject.CN;
  };
  await expect.poll(nameNow, { timeout: 20_000, interval: 250 }).toBe('second');
  await old.publishAsync('luban/v1/samples', valued(1), { qos: 1 });
  await old.endAsync();
});
