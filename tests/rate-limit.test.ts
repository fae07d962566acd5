import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../server/src/config.ts';
import { createApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';

const perMinute = 60;
let platform: InProcessPlatform;
beforeAll(async () => {
  platform = await startInProcess({ rateLimit: perMinute });
});
afterAll(() => platform.stop());

test('a user who asks without end is refused for the rest of the minute; others, senders and pages go on', async () => {
  const busy = await platform.addTenant('Busy', 'owner@busy.example');
  const calm = await platform.addTenant('Calm', 'owner@calm.example');
  const thing = await addThing(busy.api, 'T-1');
  // A minute may begin anew in between: then it takes as many requests once more.
  let refused = await busy.api.request('GET', '/api/v1/me');
  for (let i = 0; i < 3 * perMinute && refused.status !== 429; i++) {
    expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
    refused = await busy.api.request('GET', '/api/v1/me');
  }
  expect(refused.status).toBe(429);
  expect(refused.headers.get('ratelimit-policy')).toBe(`"default";q=${perMinute};w=60`);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect((await calm.api.request('GET', '/api/v1/me')).status).toBe(200);

  const sender = createApiClient(platform.url);
  const headers = { authorization: `Bearer ${thing.key}` };
  for (let i = 0; i < perMinute + 10; i++) {
    const answer = await sender.request('POST', '/api/v1/samples', { body: { values: { p0: i } }, headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.has('ratelimit')).toBe(false);
  }
  expect((await busy.api.request('GET', '/health/live')).status).toBe(200);
});

test('the API document names the limit at what it holds for', async () => {
  const { paths } = await createApiClient(platform.url).get('/api/v1/openapi.json');
  expect(paths['/api/v1/things'].get.responses.default.headers).toHaveProperty('RateLimit');
  expect(paths['/api/v1/things'].post.responses['201'].headers).toHaveProperty('RateLimit-Policy');
  expect(paths['/api/v1/samples'].post.responses['200'].headers).toBeUndefined();
  expect(paths['/api/v1/setup'].post.responses.default.headers).toBeUndefined();
});

test('the limit is a setting, and can be none', async () => {
  expect(readConfig({}).rateLimit).toBe(12_000);
  expect(readConfig({ LUBAN_RATE_LIMIT: '0' }).rateLimit).toBe(0);
  expect(() => readConfig({ LUBAN_RATE_LIMIT: 'many' })).toThrow('LUBAN_RATE_LIMIT');
  const free = await startInProcess({ rateLimit: 0 });
  const { api } = await free.addTenant('Free', 'owner@free.example');
  expect((await api.request('GET', '/api/v1/me')).headers.has('ratelimit')).toBe(false);
  await free.stop();
});
