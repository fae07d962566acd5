import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../server/src/config.ts';
import { createApiClient } from './fixtures/api-client.ts';
import { startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
});
afterAll(() => platform.remove());

async function scrape(): Promise<string> {
  const answer = await createApiClient(platform.url).request('GET', '/metrics');
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers.get('content-type')).toContain('version=0.0.4');
  return answer.text;
}

/** The sum over all label sets that hold `labels`. */
function metricOf(text: string, name: string, labels = ''): number {
  const lines = text
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels));
  expect(lines, `${name} ${labels}`).not.toEqual([]);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

test('metrics count what is taken, refused and stored, and Prometheus finds nothing wrong with them', async () => {
  const thing = await addThing(platform.api, 'SENDER-1');
  const headers = { authorization: `Bearer ${thing.key}` };
  const send = (body: unknown) => platform.api.request('POST', '/api/v1/samples', { body, headers });
  for (let i = 0; i < 7; i++) expect((await send({ values: { p0: i } })).status).toBe(200);
  expect((await send({ time: '1999-01-01T00:00:00Z', values: { p0: 1 } })).status).toBe(400);
  await until(async () => metricOf(await scrape(), 'luban_telemetry_inserted_rows_total') === 7, 'all is stored');

  const text = await scrape();
  const tenant = (await platform.api.get('/api/v1/me')).tenant.id;
  expect(metricOf(text, 'luban_ingest_accepted_samples_total', `tenant="${tenant}"`)).toBe(7);
  expect(metricOf(text, 'luban_ingest_refused_samples_total', 'reason="malformed"')).toBe(1);
  expect(metricOf(text, 'luban_log_appended_records_total')).toBe(7);
  expect(metricOf(text, 'luban_log_sync_seconds_count')).toBeGreaterThan(0);
  expect(metricOf(text, 'luban_telemetry_insert_seconds_count')).toBeGreaterThan(0);
  expect(metricOf(text, 'luban_consumer_lag_records', 'consumer="telemetry"')).toBe(0);
  expect(metricOf(text, 'luban_log_healthy')).toBe(1);
  expect(metricOf(text, 'luban_rollup_end_timestamp_seconds') % 3600).toBe(0);
  expect(metricOf(text, 'luban_rollup_end_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 2 * 3600);
  expect(metricOf(text, 'luban_rollup_backlog')).toBe(0);
  expect(metricOf(text, 'luban_mqtt_sessions')).toBe(0);
  expect(metricOf(text, 'luban_mqtt_dropped_messages_total', 'reason="full"')).toBe(0);
  expect(metricOf(text, 'luban_mqtt_store_healthy')).toBe(1);
  expect(metricOf(text, 'luban_http_request_seconds_count', 'route="/api/v1/samples",status="200"')).toBe(7);
  expect(metricOf(text, 'luban_http_request_seconds_count', 'status="400"')).toBe(1);
  expect(metricOf(text, 'process_start_time_seconds')).toBeGreaterThan(1_700_000_000);
  expect(metricOf(text, 'luban_build_info', 'version="')).toBe(1);

  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect(`${checked.stdout}${checked.stderr}`).toBe('');
  expect(checked.status).toBe(0);
});

test('whoever comes through a proxy of this machine is not taken for local', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const answer = await createApiClient(platform.url).request('GET', '/metrics', { headers });
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({ code: 'metrics.denied', text: { zh: expect.stringMatching(/[一-龥]/) } });
});

test('with a token set only its holder reads metrics; switched off nobody does', async () => {
  const token = 'a-token-of-this-test';
  const guarded = await startInProcess({ metrics: { kind: 'token', token } });
  const stranger = createApiClient(guarded.url);
  const withToken = (given: string) =>
    stranger.request('GET', '/metrics', { headers: { authorization: `Bearer ${given}` } });
  expect((await stranger.request('GET', '/metrics')).status).toBe(403);
  expect((await withToken(`${token}x`)).status).toBe(403);
  expect((await withToken(token)).status).toBe(200);
  await guarded.stop();

  const off = await startInProcess({ metrics: { kind: 'off' } });
  expect((await createApiClient(off.url).request('GET', '/metrics')).status).toBe(404);
  await off.stop();
});

test('a token without the setting, or the setting without a token, stops the start', () => {
  expect(() => readConfig({ LUBAN_METRICS: 'token' })).toThrow('LUBAN_METRICS_TOKEN');
  expect(() => readConfig({ LUBAN_METRICS_TOKEN: 'a-token-of-this-test' })).toThrow('LUBAN_METRICS');
});
