import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiClient } from './fixtures/api-client.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
});
afterAll(() => platform.remove());

const post = (path: string, body: object, key?: string, api = platform.api) =>
  api.request('POST', path, { body, ...(key !== undefined && { headers: { 'idempotency-key': key } }) });
const site = (name: string) => ({ name, level: 'site', parent: null });
const countOf = async (name: string) =>
  (await platform.api.get('/api/v1/sites')).items.filter((one: { name: string }) => one.name === name).length;

test('the same request with the same key answers the same and makes one thing, also after a kill', async () => {
  const key = randomUUID();
  const first = await post('/api/v1/access-keys', { name: 'MES', publish: ['a'], subscribe: [] }, key);
  expect(first.status, first.text).toBe(201);
  const again = async () => {
    const second = await post('/api/v1/access-keys', { subscribe: [], publish: ['a'], name: 'MES' }, `"${key}"`);
    expect(second.status).toBe(201);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(second.text, 'with the secret that is shown once').toBe(first.text);
  };
  await again();
  await platform.kill();
  await platform.start();
  await again();
  expect((await platform.api.get('/api/v1/access-keys')).items.length).toBe(1);
  const { secret } = first.body;
  const files = readdirSync(platform.dataDirectory).filter((name) => name.startsWith('records.sqlite'));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) expect(readFileSync(`${platform.dataDirectory}/${name}`, 'latin1')).not.toContain(secret);
});

test('a key that was used for something else is refused, and so is one that is none', async () => {
  const key = randomUUID();
  expect((await post('/api/v1/sites', site('A'), key)).status).toBe(201);
  const other = await post('/api/v1/sites', site('B'), key);
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({
    code: 'idempotency.other-request',
    text: { zh: expect.stringMatching(/[一-龥]/) },
  });
  expect((await post('/api/v1/thing-models', site('A'), key)).status, 'its body is looked at first').toBe(400);
  expect(await countOf('B')).toBe(0);
  for (const bad of ['x'.repeat(256), '""']) expect((await post('/api/v1/sites', site('B'), bad)).status).toBe(400);
});

test('of many at once with one key one makes it, the rest hear that it is being made or the same answer', async () => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 12 }, () => post('/api/v1/sites', site('Once'), key)));
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ text }) => text)).size).toBe(1);
  for (const refused of answers.filter(({ status }) => status !== 201)) {
    expect(refused.body.code).toBe('idempotency.in-progress');
    expect(refused.headers.get('retry-after')).toBe('1');
  }
  expect(await countOf('Once')).toBe(1);
});

test('a request that was refused made nothing, so its key is free for another try', async () => {
  const key = randomUUID();
  const place = await platform.api.post('/api/v1/sites', site('Away'));
  const below = { name: 'Below', level: 'area', parent: place.id };
  await platform.api.delete(`/api/v1/sites/${place.id}`);
  expect((await post('/api/v1/sites', below, key)).status).toBe(404);
  expect((await post('/api/v1/sites', site('Below'), key)).status).toBe(201);
});

test('two people may use the same key, and without one everything is as before', async () => {
  const key = randomUUID();
  const user = { name: 'Second', email: 'second@example.com', role: 'engineer', password: 'correct horse battery' };
  expect((await post('/api/v1/users', user)).status).toBe(201);
  const second = createApiClient(platform.url);
  await second.post('/api/v1/sessions', { email: user.email, password: user.password });
  for (const api of [platform.api, second])
    expect((await post('/api/v1/sites', site('Two'), key, api)).status).toBe(201);
  for (let i = 0; i < 2; i++) expect((await post('/api/v1/sites', site('Two'))).status).toBe(201);
  expect(await countOf('Two')).toBe(4);
});

test('every POST takes a key, but for those that make nothing twice anyway', async () => {
  const { paths } = await platform.api.get('/api/v1/openapi.json');
  // biome-ignore lint/suspicious/noExplicitAny: a foreign document
  const posts = Object.entries<any>(paths).filter(([, operations]) => operations.post !== undefined);
  const without = posts
    .filter(([, { post: one }]) => !one.parameters?.some(({ name }: { name: string }) => name === 'Idempotency-Key'))
    .map(([path]) => path);
  expect(without.sort()).toEqual([
    '/api/v1/backups', // the operator's; a target that is there is refused
    '/api/v1/client-certificates/{id}/revocation',
    '/api/v1/edges/enrol', // the token works once
    '/api/v1/imports', // the same samples twice double nothing
    '/api/v1/jobs/{id}/cancel',
    '/api/v1/samples', // the same samples twice double nothing
    '/api/v1/sessions',
    '/api/v1/sessions/link',
    '/api/v1/setup', // works once
  ]);
});
