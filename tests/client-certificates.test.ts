import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority, type IssuedCertificate } from '../server/src/platform/tls/authority.test-support.ts';
import type { ApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing, type MadeThing } from './fixtures/plant-records.ts';

const servers = createAuthority('Works CA');
const devices = createAuthority('Device CA');
const strangers = createAuthority('Strangers CA');
const server = servers.issue('platform');
const crl = devices.at('crl.pem');
const files = { certificate: server.certificate, key: server.key, clientCa: devices.ca, clientCrl: crl };
const ca = readFileSync(servers.ca);
const sample = JSON.stringify({ values: { p0: 1 } });
const clients: MqttClient[] = [];
let platform: InProcessPlatform;
let api: ApiClient;
let neighbour: ApiClient;
let thing: MadeThing;

beforeAll(async () => {
  devices.writeCrl(crl);
  platform = await startInProcess({ tls: { files, httpsPort: 0, mqttPort: 0, clientCertificates: 'asked' } });
  ({ api } = await platform.addTenant('Works', 'owner@works.example'));
  neighbour = (await platform.addTenant('Neighbour', 'owner@neighbour.example')).api;
  thing = await addThing(api, 'SENDER-1');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(async () => {
  await platform.stop();
  for (const authority of [servers, devices, strangers]) authority.remove();
});

const bind = (body: object, by = api) => by.request('POST', '/api/v1/client-certificates', { body });
async function connect(issued: IssuedCertificate | null, options: IClientOptions = {}): Promise<MqttClient> {
  const own = issued && { cert: issued.pem, key: readFileSync(issued.key) };
  const client = await mqtt.connectAsync(
    `mqtts://127.0.0.1:${platform.ports.mqttTlsPort}`,
    { protocolVersion: 5, ca, reconnectPeriod: 0, ...own, ...options },
    false,
  );
  clients.push(client);
  return client;
}
const send = (client: MqttClient) => client.publishAsync('luban/v1/samples', sample, { qos: 1 });
const goodbye = (client: MqttClient) =>
  new Promise<number | undefined>((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));

test('a bound certificate is enough to send as its thing, also by mosquitto_pub', async () => {
  const issued = devices.issue('press');
  const { status, body } = await bind({ holder: thing.id, certificate: issued.pem });
  expect([status, body.kind, body.subject]).toEqual([201, 'certificate', 'CN=press']);
  await send(await connect(issued));
  await promisify(execFile)(
    'mosquitto_pub',
    [
      ...['-h', '127.0.0.1', '-p', String(platform.ports.mqttTlsPort), '-V', '5', '-q', '1'],
      ...['--cafile', servers.ca, '--cert', issued.certificate, '--key', issued.key],
      ...['-t', 'luban/v1/samples', '-m', sample],
    ],
    { timeout: 20_000 },
  );
  await expect(connect(issued, { username: 'thing:00000000000000000000' })).rejects.toMatchObject({ code: 0x86 });
  await expect(connect(null)).rejects.toMatchObject({ code: 0x86 });
});

test('a fingerprint as openssl prints it binds an access key', async () => {
  const issued = devices.issue('scada');
  const key = await api.post('/api/v1/access-keys', { name: 'SCADA', publish: ['scada/#'] });
  const { stdout } = await promisify(execFile)('openssl', [
    ...['x509', '-in', issued.certificate, '-noout', '-fingerprint', '-sha256'],
  ]);
  const fingerprint = stdout.trim().split('=')[1];
  expect((await bind({ holder: key.id, fingerprint })).status).toBe(201);
  const client = await connect(issued, { username: 'scada' });
  await client.publishAsync('scada/x', 'x', { qos: 1 });
  await expect(client.publishAsync('other', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
  const ended = goodbye(client);
  await api.request('DELETE', `/api/v1/access-keys/${key.id}`);
  expect(await ended).toBe(0x87);
  await expect(connect(issued)).rejects.toMatchObject({ code: 0x86 });
});

test('an authority is bound for a thing: whatever it issues in the thing’s name stands for it', async () => {
  const other = await addThing(api, 'SENDER-2');
  expect((await bind({ holder: other.id, issuer: readFileSync(devices.ca, 'utf8') })).status).toBe(201);
  await send(await connect(devices.issue(other.id)));
  await send(await connect(devices.issue(other.id)));
  await expect(connect(devices.issue('another name'))).rejects.toMatchObject({ code: 0x86 });
  // An authority with the same name is another one.
  const double = createAuthority('Device CA');
  await expect(connect(double.issue(other.id))).rejects.toMatchObject({ code: 0x86 });
  double.remove();
});

test('a certificate that nobody has bound, or of a strange authority, needs a key', async () => {
  for (const issued of [devices.issue('nobody'), strangers.issue(thing.id)]) {
    await expect(connect(issued)).rejects.toMatchObject({ code: 0x86 });
    await send(await connect(issued, { username: thing.id, password: thing.key }));
  }
});

test('a certificate revoked by the API ends its connections and opens nothing, not even with a key', async () => {
  const issued = devices.issue('lost');
  const { body } = await bind({ holder: thing.id, certificate: issued.pem });
  const bystander = await connect(null, { username: thing.id, password: thing.key });
  const ended = goodbye(await connect(issued));
  const answer = await api.request('POST', `/api/v1/client-certificates/${body.id}/revocation`, {});
  expect(answer.status).toBe(204);
  expect(await ended).toBe(0x87);
  const login = { username: thing.id, password: thing.key };
  for (const options of [{}, login]) await expect(connect(issued, options)).rejects.toMatchObject({ code: 0x86 });
  await send(bystander);
  expect((await bind({ holder: thing.id, certificate: issued.pem })).body.code).toBe('certificates.taken');
});

test('a certificate that is unbound stands for nobody, and can be bound again', async () => {
  const issued = devices.issue('moving');
  const { body } = await bind({ holder: thing.id, certificate: issued.pem });
  const ended = goodbye(await connect(issued));
  await api.request('DELETE', `/api/v1/client-certificates/${body.id}`);
  expect(await ended).toBe(0x87);
  await expect(connect(issued)).rejects.toMatchObject({ code: 0x86 });
  expect((await bind({ holder: thing.id, certificate: issued.pem })).status).toBe(201);
});

test('a certificate on a new revocation list ends its connections and opens nothing; others go on', async () => {
  const [lost, good] = [devices.issue('on the list'), devices.issue('not on it')];
  for (const { pem } of [lost, good]) await bind({ holder: thing.id, certificate: pem });
  const [first, second] = [await connect(lost, { clientId: 'a' }), await connect(good, { clientId: 'b' })];
  const ended = goodbye(first);
  devices.revoke(lost);
  devices.writeCrl(crl);
  expect(await ended).toBe(0x87);
  await send(second);
  await expect(connect(lost)).rejects.toMatchObject({ code: 0x86 });
  await expect(connect(lost, { username: thing.id, password: thing.key })).rejects.toMatchObject({ code: 0x86 });
  await send(await connect(good));
});

test('a neighbour can neither bind to what is not theirs nor see or revoke a certificate', async () => {
  const issued = devices.issue('mine');
  const { body } = await bind({ holder: thing.id, certificate: issued.pem });
  expect((await bind({ holder: thing.id, certificate: devices.issue('theirs').pem }, neighbour)).status).toBe(404);
  expect((await neighbour.get('/api/v1/client-certificates')).items).toEqual([]);
  for (const [method, path] of [
    ['POST', `/api/v1/client-certificates/${body.id}/revocation`],
    ['DELETE', `/api/v1/client-certificates/${body.id}`],
  ] as const)
    expect((await neighbour.request(method, path, {})).status).toBe(404);
  await send(await connect(issued));
});

test('a neighbour who knows a certificate can bind it, and keeps nobody from using it', async () => {
  const issued = devices.issue('known to both');
  const theirs = await addThing(neighbour, 'THEIRS');
  const squatted = await bind({ holder: theirs.id, certificate: issued.pem }, neighbour);
  expect(squatted.status).toBe(201);
  await send(await connect(issued, { username: thing.id, password: thing.key }));
  expect((await bind({ holder: thing.id, certificate: issued.pem })).status).toBe(201);
  expect((await bind({ holder: thing.id, certificate: issued.pem })).status).toBe(409);
  // Whose binding is meant the user name says; without one nobody is let in by the certificate alone.
  await expect(connect(issued)).rejects.toMatchObject({ code: 0x86 });
  await send(await connect(issued, { username: thing.id }));
  await send(await connect(issued, { username: thing.id, password: thing.key }));
  await neighbour.request('POST', `/api/v1/client-certificates/${squatted.body.id}/revocation`, {});
  await send(await connect(issued, { username: thing.id }));
  await expect(connect(issued, { username: theirs.id, password: theirs.key })).rejects.toMatchObject({ code: 0x86 });
});

test('what is no certificate is refused with its field', async () => {
  const broken = await bind({ holder: thing.id, certificate: 'nonsense' });
  expect([broken.status, broken.body.errors[0].pointer]).toEqual([400, '/certificate']);
  expect((await bind({ holder: thing.id })).status).toBe(400);
  expect((await bind({ holder: thing.id, fingerprint: 'ab:cd' })).status).toBe(400);
  const fingerprint = new X509Certificate(devices.issue('x').pem).fingerprint256;
  expect((await bind({ holder: thing.id, fingerprint, issuer: 'x' })).status).toBe(400);
});

test('where a certificate is required nobody comes in without a good one', async () => {
  const strict = await startInProcess({ tls: { files, httpsPort: 0, mqttPort: 0, clientCertificates: 'required' } });
  const { api: owner } = await strict.addTenant('Strict', 'owner@strict.example');
  const own = await addThing(owner, 'STRICT-1');
  const login = { username: own.id, password: own.key, protocolVersion: 5 as const, ca, reconnectPeriod: 0 };
  const url = `mqtts://127.0.0.1:${strict.ports.mqttTlsPort}`;
  await expect(mqtt.connectAsync(url, login, false)).rejects.toThrow();
  const { pem, key } = strangers.issue('x');
  await expect(mqtt.connectAsync(url, { ...login, cert: pem, key: readFileSync(key) }, false)).rejects.toThrow();
  const good = devices.issue('y');
  const client = await mqtt.connectAsync(url, { ...login, cert: good.pem, key: readFileSync(good.key) }, false);
  await client.endAsync();
  await strict.stop();
});
