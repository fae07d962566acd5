import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

let platform: InProcessPlatform;
let owner: ApiClient;
beforeAll(async () => {
  platform = await startInProcess();
  ({ api: owner } = await platform.addTenant('Works', 'owner@works.example'));
});
afterAll(() => platform.stop());

const answerTo = async (api: ApiClient) => {
  const { status, body } = await api.request('GET', '/api/v1/servers');
  return [status, body.code ?? body.items.length];
};
const mayRead = async (api: ApiClient) => (await api.get('/api/v1/me')).permissions.includes('platform.read');

test('the owner of the one tenant sees the platform’s server: what it does, since when, of which version', async () => {
  const { items } = await owner.get('/api/v1/servers');
  expect(items).toEqual([
    {
      id: expect.stringMatching(/^server:/),
      name: expect.any(String),
      roles: ['door', 'api', 'writer'],
      version: expect.stringMatching(/^\d/),
      startedAt: expect.any(String),
      silentMs: 0,
      live: true,
      leads: true,
    },
  ]);
  expect(await mayRead(owner)).toBe(true);
});

test('nobody else of the tenant sees it, nor who is not signed in', async () => {
  expect(await answerTo(createApiClient(platform.url))).toEqual([401, 'session.required']);
  for (const role of ['engineer', 'operator', 'viewer']) {
    const password = 'correct horse battery';
    await owner.post('/api/v1/users', { name: role, email: `${role}@works.example`, role, password });
    const api = createApiClient(platform.url);
    await api.post('/api/v1/sessions', { email: `${role}@works.example`, password });
    expect([role, ...(await answerTo(api))]).toEqual([role, 403, 'permission.denied']);
    expect(await mayRead(api)).toBe(false);
  }
});

test('as soon as another tenant shares the platform no tenant sees its servers', async () => {
  const { api: neighbour } = await platform.addTenant('Neighbour', 'owner@neighbour.example');
  for (const api of [owner, neighbour]) {
    expect(await answerTo(api)).toEqual([403, 'permission.shared-platform']);
    expect(await mayRead(api)).toBe(false);
  }
});
