import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Actor } from '../actor.ts';
import { createHttp, type Http } from './http.ts';
import { createRateLimit } from './rate-limit.ts';

let nowMs: number;
let http: Http;
beforeEach(() => {
  nowMs = 0;
  http = createHttp({
    authenticate: async ({ headers }) =>
      ({
        kind: 'user',
        tenant: 'tenant:a',
        tenantNumber: 1,
        user: headers['x-user'],
        role: 'viewer',
      }) as unknown as Actor,
    isOperator: () => false,
    log: () => undefined,
    rateLimit: createRateLimit({ perMinute: 3, nowMs: () => nowMs }),
  });
  http.get('/api/some', { config: { permission: 'things.read' } }, () => ({}));
  http.get('/api/denied', { config: { permission: 'things.write' } }, () => ({}));
  http.get('/api/samples', { config: { permission: 'things.read', counted: false } }, () => ({}));
  http.get('/api/public', { config: { permission: 'public' } }, () => ({}));
});
afterEach(() => http.close());

const ask = (url = '/api/some', user = 'user:1') => http.inject({ url, headers: { 'x-user': user } });

test('every answer says how much is left and when there is more; beyond it one is refused in words until then', async () => {
  for (const left of [2, 1, 0]) {
    nowMs += 1500;
    const { statusCode, headers } = await ask();
    expect(statusCode).toBe(200);
    expect(headers['ratelimit-policy']).toBe('"default";q=3;w=60');
    expect(headers.ratelimit).toBe(`"default";r=${left};t=${60 - Math.floor(1.5 * (2 - left))}`);
  }
  nowMs = 61_000;
  const refused = await ask();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers).toMatchObject({ 'retry-after': '1', ratelimit: '"default";r=0;t=1' });
  expect(refused.json()).toMatchObject({ code: 'request.too-many', text: { zh: expect.stringMatching(/[一-龥]/) } });
  nowMs = 61_500;
  expect((await ask()).statusCode).toBe(200);
});

test('each actor has a limit of its own, and what is denied counts too', async () => {
  for (let i = 0; i < 3; i++) expect((await ask('/api/denied')).statusCode).toBe(403);
  expect((await ask()).statusCode).toBe(429);
  expect((await ask('/api/some', 'user:2')).statusCode).toBe(200);
});

test('what is declared as not counted, and what everybody may ask, is never refused', async () => {
  for (let i = 0; i < 10; i++)
    for (const url of ['/api/samples', '/api/public']) {
      const { statusCode, headers } = await ask(url);
      expect(statusCode).toBe(200);
      expect(headers).not.toHaveProperty('ratelimit');
    }
  expect((await ask()).statusCode).toBe(200);
});
