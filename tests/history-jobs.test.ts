import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiClient } from './fixtures/api-client.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

let platform: InProcessPlatform;
let api: ApiClient;
let series: number;
beforeAll(async () => {
  platform = await startInProcess();
  ({ api } = await platform.addTenant('History', 'owner@history.example'));
  const model = await api.post('/api/v1/thing-models', {
    key: 'pump',
    name: { zh: '泵', en: 'Pump' },
    properties: [{ key: 'flow', name: { zh: '流量', en: 'Flow' }, type: 'number', unit: null, range: null }],
  });
  const thing = await api.post('/api/v1/things', { key: 'P-1', name: 'Pump 1', model: model.id, site: null });
  series = (await api.get(`/api/v1/points?thing=${thing.id}`)).items[0].series;
});
afterAll(() => platform.stop());

const fromUs = Date.UTC(2026, 0, 5) * 1000;
const minuteUs = 60_000_000;
const history = () => `series=${series}&from=${fromUs}&to=${fromUs + 1440 * minuteUs}`;

async function importCsv(text: string) {
  const headers = { 'content-type': 'text/csv' };
  const { status, body } = await api.request('POST', '/api/v1/imports?name=old.csv', { raw: text, headers });
  expect(status).toBe(202);
  return ended(body.id);
}
async function ended(id: string) {
  await expect
    .poll(async () => (await api.get(`/api/v1/jobs/${id}`)).finishedAt, { timeout: 20_000, interval: 50 })
    .not.toBe(null);
  return api.get(`/api/v1/jobs/${id}`);
}
const total = async () => await api.get(`/api/v1/readings/aggregate?${history()}&interval=86400000&function=count`);

test('a file with a wrong row stores nothing, and says which row and why', async () => {
  const job = await importCsv(
    'time,thing,property,value\n2026-01-05T00:00:00Z,P-1,flow,1\n2026-01-05T00:01:00,P-1,flow,2\n',
  );
  expect(job).toMatchObject({
    state: 'failed',
    cause: { code: 'imports.invalid' },
    report: { rows: 2, accepted: 0, errorCount: 1, errors: [{ line: 3, column: 'time' }] },
  });
  expect((await api.get(`/api/v1/readings/latest?series=${series}`)).items[0].reading).toBe(null);
});

test('history is read in, twice doubles nothing, and what is exported can be read in again', async () => {
  const line = (i: number) => `${new Date(fromUs / 1000 + i * 60_000).toISOString()},P-1,flow,${i / 10}`;
  const file = `time,thing,property,value\n${Array.from({ length: 1440 }, (_, i) => line(i)).join('\n')}`;
  for (let i = 0; i < 2; i++) {
    const job = await importCsv(file);
    expect(job).toMatchObject({ state: 'done', report: { rows: 1440, accepted: 1440, points: 1, errorCount: 0 } });
    await expect.poll(async () => (await total()).items[0].aggregates[0].results[0].value).toBe(1440);
  }
  const exported = await api.request('GET', `/api/v1/readings/export.csv?${history()}&zone=Asia/Shanghai`);
  expect(await importCsv(exported.text)).toMatchObject({ state: 'done', report: { accepted: 1440 } });
  expect((await total()).items[0].aggregates[0].results[0].value).toBe(1440);
});

test('deleting asks first how many, then does it as a job, and is the owner’s alone', async () => {
  const path = `/api/v1/readings?series=${series}&from=${fromUs}&to=${fromUs + 60 * minuteUs}`;
  await platform.app.telemetry.flush();
  await platform.app.telemetry.compact();
  const asked = await api.request('DELETE', path);
  expect([asked.status, asked.body]).toEqual([200, { samples: 60 }]);
  const wrong = await api.request('DELETE', `${path}&samples=59`);
  expect([wrong.status, wrong.body.code]).toEqual([409, 'readings.count-changed']);
  const begun = await api.request('DELETE', `${path}&samples=60`);
  expect(begun.status).toBe(202);
  expect(await ended(begun.body.id)).toMatchObject({ state: 'done', report: { deleted: 60 } });
  expect((await total()).items[0].aggregates[0].results[0].value).toBe(1380);

  await api.post('/api/v1/users', {
    name: 'Engineer',
    email: 'engineer@history.example',
    role: 'engineer',
    password: 'a long password',
    language: 'en',
  });
  const { createApiClient } = await import('./fixtures/api-client.ts');
  const engineer = createApiClient(platform.url);
  await engineer.post('/api/v1/sessions', { email: 'engineer@history.example', password: 'a long password' });
  expect((await engineer.request('DELETE', path)).status).toBe(403);
  expect((await engineer.get('/api/v1/jobs')).items).toHaveLength(5);
});
