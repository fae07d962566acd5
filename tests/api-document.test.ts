import { permissions } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

let platform: InProcessPlatform;
beforeAll(async () => {
  platform = await startInProcess();
});
afterAll(() => platform.stop());

type Operation = { 'x-permission'?: string; security?: object[] };

test('the API document says of each operation which permission it needs, and who may have it', async () => {
  const { paths } = await createApiClient(platform.url).get('/api/v1/openapi.json');
  const operations = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
  expect(operations.length).toBeGreaterThan(50);
  const known = new Set<string>([...permissions, 'signed-in', 'public', 'operator']);
  for (const { name, operation } of operations)
    expect([name, known.has(operation['x-permission'] ?? '')]).toEqual([name, true]);
  const of = (name: string) => operations.find((one) => one.name === name)?.operation;
  expect(of('post /api/v1/samples')?.security).toEqual([{ session: [] }, { thingKey: [] }]);
  expect(of('get /api/v1/things')).toMatchObject({ 'x-permission': 'things.read', security: [{ session: [] }] });
  expect(of('post /api/v1/sessions')?.security).toEqual([]);
});
