import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiClient } from './fixtures/api-client.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
});
afterAll(() => platform.remove());

test('whoever is not signed in sees that the platform lives and is ready', async () => {
  const stranger = createApiClient(platform.url);
  expect((await stranger.request('GET', '/health/live')).body).toEqual({ state: 'live' });
  const answer = await stranger.request('GET', '/health/ready');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body.state).toBe('ready');
  expect(answer.body.parts.map((part: { name: string }) => part.name)).toEqual([
    'http',
    'mqtt',
    'log',
    'records',
    'telemetry',
  ]);
});

test('while the store is away the platform lives but is not ready, and says why in both languages', async () => {
  let seen: unknown;
  await until(async () => {
    platform.killStore();
    const answer = await platform.api.request('GET', '/health/ready?standBy=ready');
    if (answer.status === 503) seen = answer.body;
    return answer.status === 503;
  }, 'not ready');
  expect(seen).toMatchObject({
    state: 'not-ready',
    parts: expect.arrayContaining([
      expect.objectContaining({ name: 'log', ready: true, cause: null }),
      expect.objectContaining({
        name: 'telemetry',
        ready: false,
        cause: {
          code: 'telemetry.unreachable',
          text: { zh: expect.stringMatching(/[一-龥]/), en: expect.stringMatching(/store/) },
        },
      }),
    ]),
  });
  expect((await platform.api.request('GET', '/health/live')).status).toBe(200);
  await until(async () => (await platform.api.request('GET', '/health/ready')).status === 200, 'ready again');
});
