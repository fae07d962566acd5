import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';

let platform: InProcessPlatform;
let api: ApiClient;
let objects: {
  name: string;
  path: string;
  listed: string | null;
  write: 'PUT' | 'PATCH';
  body: (turn: number) => object;
}[];

beforeAll(async () => {
  platform = await startInProcess();
  ({ api } = await platform.addTenant('Shared', 'owner@shared.example'));
  const thing = await addThing(api, 'T-1');
  const site = await api.post('/api/v1/sites', { name: 'Hall', level: 'site', parent: null });
  const edge = await api.post('/api/v1/edges', { name: 'Edge' });
  const user = await api.post('/api/v1/users', {
    ...{ name: 'Second', email: 'second@shared.example', role: 'viewer', password: 'correct horse battery' },
  });
  const settings = { endpointUrl: 'opc.tcp://127.0.0.1:4840', user: { name: 'u', password: 'kept secret' } };
  const opcUa = { edge: edge.id, enabled: true, simulated: false, protocol: 'opc-ua' };
  const device = await api.post('/api/v1/devices', { ...opcUa, name: 'Device', settings });
  const names = (turn: number) => ({ name: `name ${turn}` });
  objects = [
    { name: 'thing', path: `/api/v1/things/${thing.id}`, listed: '/api/v1/things', write: 'PATCH', body: names },
    { name: 'site', path: `/api/v1/sites/${site.id}`, listed: '/api/v1/sites', write: 'PATCH', body: names },
    { name: 'edge', path: `/api/v1/edges/${edge.id}`, listed: '/api/v1/edges', write: 'PATCH', body: names },
    { name: 'user', path: `/api/v1/users/${user.id}`, listed: '/api/v1/users', write: 'PATCH', body: names },
    {
      ...{ name: 'device', path: `/api/v1/devices/${device.id}`, listed: '/api/v1/devices', write: 'PUT' },
      body: (turn) => ({ ...opcUa, ...names(turn), settings: { ...settings, user: { name: 'u', password: '' } } }),
    },
    {
      ...{ name: 'retention', path: '/api/v1/retention', listed: null, write: 'PUT' },
      body: (turn) => ({ scope: 'tenant', policy: { sampleDays: 10 + turn, minuteDays: 1000, hourDays: null } }),
    },
  ];
});
afterAll(() => platform.stop());

const write = ({ write: method, path, body }: (typeof objects)[number], turn: number, ifMatch?: string) =>
  api.request(method, path, { body: body(turn), ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }) });

test('what a creation answers is what there is, tag and all', async () => {
  const model = (await api.get('/api/v1/things')).items[0].model;
  const password = 'correct horse battery';
  const creations: [path: string, body: object][] = [
    ['/api/v1/things', { key: 'MADE-1', name: 'Made', model, site: null }],
    ['/api/v1/sites', { name: 'Made', level: 'site', parent: null }],
    ['/api/v1/edges', { name: 'Made' }],
    ['/api/v1/users', { name: 'Made', email: 'made@shared.example', role: 'viewer', password }],
  ];
  // The clock goes on while one is made.
  for (const [path, body] of creations)
    for (let turn = 0; turn < 4; turn++) {
      const unlike = {
        ...body,
        ...('key' in body && { key: `MADE-${turn}` }),
        ...('email' in body && { email: `m${turn}@x.example` }),
      };
      const made = await api.post(path, unlike);
      const { etag, ...there } = await api.get(`${path}/${made.id}`);
      expect(made, path).toMatchObject({ ...there, ...(made.etag !== undefined && { etag }) });
      const renamed = await api.request('PATCH', `${path}/${made.id}`, {
        body: { name: 'Renamed' },
        headers: { 'if-match': made.etag ?? etag },
      });
      expect([path, renamed.status]).toEqual([path, 200]);
    }
});

test('of two who change the same object the second is told, and changes nothing', async () => {
  for (const object of objects) {
    const read = await api.request('GET', object.path);
    const etag = read.headers.get('etag') ?? '';
    expect(etag, object.name).toMatch(/^"[\w-]{22}"$/);
    expect(read.body.etag).toBe(etag);
    const first = await write(object, 1, etag);
    expect(first.status, first.text).toBe(200);
    expect(first.headers.get('etag')).not.toBe(etag);
    expect(first.headers.get('etag')).toBe(first.body.etag);

    const second = await write(object, 2, etag);
    expect(second.status, object.name).toBe(412);
    expect(second.body).toMatchObject({ code: 'request.stale', text: { zh: expect.stringMatching(/[一-龥]/) } });
    const after = await api.request('GET', object.path);
    expect(after.headers.get('etag')).toBe(first.headers.get('etag'));

    expect((await write(object, 2, first.headers.get('etag')!)).status).toBe(200);
    expect((await write(object, 3, '*')).status).toBe(200);
    expect((await write(object, 4)).status, 'without If-Match a write works as before').toBe(200);
    expect((await write(object, 5, 'W/"weak", "other"')).status).toBe(412);
    if (object.listed === null) continue;
    const now = await api.get(object.path);
    const { items } = await api.get(object.listed);
    expect(items.find(({ id }: { id: string }) => id === now.id).etag, object.name).toBe(now.etag);
  }
});

test('of many who change the same object at once from the same state exactly one does', async () => {
  for (const object of objects) {
    const { etag } = await api.get(object.path);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => write(object, 100 + i, etag)));
    expect(answers.map(({ status }) => status).sort(), object.name).toEqual([200, ...Array(7).fill(412)]);
  }
});

test('what changes by itself changes no tag: a thing that comes online can be saved', async () => {
  const [thing] = objects;
  const before = await api.get(thing!.path);
  const key = await api.post(`${thing!.path}/keys`, { name: 'k' });
  const headers = { authorization: `Bearer ${key.secret}` };
  await api.request('POST', '/api/v1/samples', { body: { values: { p0: 1 } }, headers });
  await expect.poll(async () => (await api.get(thing!.path)).state).not.toBe(before.state);
  expect((await write(thing!, 200, before.etag)).status).toBe(200);
});

test('a removal keeps to If-Match too', async () => {
  const { id, etag } = await api.post('/api/v1/sites', { name: 'Away', level: 'site', parent: null });
  await api.request('PATCH', `/api/v1/sites/${id}`, { body: { name: 'Still needed' } });
  const remove = (tag: string) => api.request('DELETE', `/api/v1/sites/${id}`, { headers: { 'if-match': tag } });
  expect((await remove(etag)).status).toBe(412);
  const { etag: present } = await api.get(`/api/v1/sites/${id}`);
  expect((await remove(present)).status).toBe(204);
  expect((await remove(present)).status).toBe(404);
});

test('the API document names ETag and If-Match where they are', async () => {
  const { paths } = await api.get('/api/v1/openapi.json');
  for (const path of ['things', 'sites', 'users', 'devices', 'edges'].map((name) => `/api/v1/${name}/{id}`)) {
    expect(paths[path].get.responses['200'].headers, path).toHaveProperty('ETag');
    const write = paths[path].patch ?? paths[path].put;
    for (const operation of [write, paths[path].delete])
      expect(operation.parameters.map(({ name }: { name: string }) => name)).toContain('If-Match');
  }
  expect(paths['/api/v1/thing-models/{id}'].get.responses['200'].headers).toHaveProperty('ETag');
  expect(paths['/api/v1/things'].get.responses['200'].headers).not.toHaveProperty('ETag');
});
