import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import mqtt from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../server/src/config.ts';
import { startOtlpReceiver } from '../server/src/platform/tracing/otlp-receiver.test-support.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { addThing } from './fixtures/plant-records.ts';
import { until } from './fixtures/until.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerId = '00f067aa0ba902b7';
const token = 'a-token-of-this-test';
const asked = { traceparent: `00-${traceId}-${callerId}-01` };

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let platform: InProcessPlatform | undefined;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  await platform?.stop();
  platform = undefined;
  await receiver.stop();
  expect(receiver.faults).toEqual([]);
});

/** One tenant with a thing, on a platform that traces by these settings. */
async function start(environment: Record<string, string> = {}) {
  const { tracing } = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment });
  const started = await startInProcess({ tracing, metrics: { kind: 'token', token } });
  platform = started;
  const { api } = await started.addTenant('Traced', 'owner@traced.example');
  const thing = await addThing(api, 'T-1');
  /** Each value at a time of its own. */
  const startMs = Date.now() - 60_000;
  const send = (value: number, headers: Record<string, string> = {}) =>
    api.request('POST', '/api/v1/samples', {
      body: { time: new Date(startMs + value).toISOString(), values: { p0: value } },
      headers: { ...headers, authorization: `Bearer ${thing.key}` },
    });
  return { url: started.url, mqttUrl: started.mqttUrl, api, thing, send };
}

const spansOf = (trace: string) => receiver.spans.filter((span) => span.traceId === trace);
const named = (name: string, trace = traceId) => spansOf(trace).find((span) => span.name === name);

test('a request that asks for it is traced down to the log, and the block that stores its samples is linked', async () => {
  const { thing, send } = await start();
  expect((await send(41)).status).toBe(200);
  expect((await send(42, asked)).status).toBe(200);
  await expect.poll(() => named('POST /api/v1/samples')).toBeDefined();
  const root = named('POST /api/v1/samples')!;
  const accept = named('ingest accept')!;
  const append = named('log append')!;
  expect(root).toMatchObject({
    parentSpanId: callerId,
    kind: 2,
    attributes: { 'http.route': '/api/v1/samples', 'http.response.status_code': 200, 'luban.actor': 'thing' },
  });
  expect(accept).toMatchObject({ parentSpanId: root.spanId, attributes: { 'luban.samples': 1 } });
  expect(append).toMatchObject({ parentSpanId: accept.spanId });
  expect(append.startNs).toBeGreaterThanOrEqual(accept.startNs);
  expect(append.endNs).toBeLessThanOrEqual(accept.endNs);

  await expect.poll(() => receiver.spans.find(({ name }) => name === 'telemetry insert')).toBeDefined();
  const block = receiver.spans.find(({ links }) => links.some(({ spanId }) => spanId === append.spanId))!;
  expect(block.name).toBe('telemetry insert');
  const position = append.attributes['luban.log.position'] as number;
  expect(block.attributes['luban.log.from']).toBeLessThanOrEqual(position);
  expect(block.attributes['luban.log.to']).toBeGreaterThan(position);

  const told = JSON.stringify(receiver.spans, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  expect(told).not.toContain(thing.key);
  const others = receiver.spans.filter((span) => span.traceId !== traceId && span.name !== 'telemetry insert');
  expect(others, 'nobody asked for any other').toEqual([]);
});

test('a question that asks for it is traced through the store and the records, without what was asked', async () => {
  const { api, thing, send } = await start();
  await send(1);
  const path = `/api/v1/readings/range?series=${thing.series[0]}&from=0&to=${Date.now() * 1000 + 1e9}`;
  await until(async () => (await api.get(path)).items[0].readings.length === 1, 'it can be read');
  expect((await api.request('GET', path, { headers: asked })).status).toBe(200);
  await expect.poll(() => named('telemetry range')).toBeDefined();
  await expect.poll(() => named('GET /api/v1/readings/range')).toBeDefined();
  expect(named('telemetry range')?.parentSpanId).toBe(named('GET /api/v1/readings/range')?.spanId);

  expect((await api.request('GET', `/api/v1/things/${thing.id}`, { headers: asked })).status).toBe(200);
  await expect.poll(() => named('GET /api/v1/things/:id')).toBeDefined();
  const statement = named('records select')!;
  expect(statement).toMatchObject({ kind: 3, parentSpanId: named('GET /api/v1/things/:id')?.spanId });
  expect(statement.attributes['db.query.text']).toMatch(/^select .* (\?|\$1)/);
});

test('a caller that does not record, and one that says nothing, cost no span', async () => {
  const { send } = await start();
  await send(1, { traceparent: `00-${traceId}-${callerId}-00` });
  await send(2);
  await send(3, { traceparent: `00-${'a'.repeat(32)}-${callerId}-01` });
  await expect.poll(() => named('POST /api/v1/samples', 'a'.repeat(32))).toBeDefined();
  expect(spansOf(traceId)).toEqual([]);
});

test('by the ratio messages by MQTT are traced too', async () => {
  const { mqttUrl, thing } = await start({ OTEL_TRACES_SAMPLER_ARG: '1' });
  const client = await mqtt.connectAsync(mqttUrl, { username: thing.id, password: thing.key });
  await client.publishAsync('luban/v1/samples', JSON.stringify({ values: { p0: 5 } }), { qos: 1 });
  await client.endAsync();
  await expect.poll(() => receiver.spans.find(({ name }) => name === 'mqtt publish')).toBeDefined();
  const root = receiver.spans.find(({ name }) => name === 'mqtt publish')!;
  expect(root).toMatchObject({
    parentSpanId: undefined,
    kind: 5,
    failure: undefined,
    attributes: {
      'messaging.system': 'mqtt',
      'messaging.destination.name': 'luban/v1/samples',
      'luban.actor': 'thing',
    },
  });
  const accept = named('ingest accept', root.traceId)!;
  expect(accept.parentSpanId).toBe(root.spanId);
  expect(named('log append', root.traceId)?.parentSpanId).toBe(accept.spanId);
});

test('an MQTT 5 message continues the trace that its sender names, at each QoS, and no other is traced', async () => {
  const { mqttUrl, thing } = await start();
  const client = await mqtt.connectAsync(mqttUrl, { username: thing.id, password: thing.key, protocolVersion: 5 });
  let timeMs = Date.now() - 60_000;
  function send(qos: 0 | 1 | 2, userProperties?: Record<string, string | string[]>) {
    timeMs += 1000;
    const payload = JSON.stringify({ time: new Date(timeMs).toISOString(), values: { p0: 5 } });
    const properties = { contentType: 'application/json', ...(userProperties && { userProperties }) };
    return client.publishAsync('luban/v1/samples', payload, { qos, properties });
  }
  const traceOf = (digit: string) => digit.repeat(32);
  const named = (digit: string, flags = '01') => `00-${traceOf(digit)}-${callerId}-${flags}`;
  await send(1);
  await send(1, { traceparent: named('d', '00') });
  await send(1, { traceparent: 'nonsense', tracestate: 'vendor=1' });
  await send(1, { traceparent: [named('e'), named('f')] });
  await send(1, { Traceparent: named('9') });
  for (const qos of [0, 1, 2] as const)
    await send(qos, { other: 'x', traceparent: named(String(qos + 1)), tracestate: 'vendor=1' });
  await client.endAsync();
  for (const digit of ['1', '2', '3']) {
    const of = (name: string) => spansOf(traceOf(digit)).find((span) => span.name === name);
    await expect.poll(() => of('mqtt publish')).toBeDefined();
    expect(of('mqtt publish')).toMatchObject({ parentSpanId: callerId, kind: 5, failure: undefined });
    expect(of('ingest accept')?.parentSpanId).toBe(of('mqtt publish')?.spanId);
    expect(of('log append')?.parentSpanId).toBe(of('ingest accept')?.spanId);
  }
  const traces = new Set(receiver.spans.filter(({ name }) => name === 'mqtt publish').map((span) => span.traceId));
  expect([...traces].sort()).toEqual(['1', '2', '3'].map(traceOf));
});

test('a collector that hangs keeps no sample from being acknowledged and stored; lost spans are counted', async () => {
  receiver.will('hang');
  const { api, thing, send } = await start({ OTEL_TRACES_SAMPLER_ARG: '1' });
  for (let i = 0; i < 30; i++) {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, j) => send(i * 50 + j)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }
  const path = `/api/v1/readings/range?series=${thing.series[0]}&from=0&to=${Date.now() * 1000 + 1e9}`;
  await until(async () => {
    const values = (await api.get(path)).items[0].readings.map(({ value }: { value: number }) => value);
    return new Set(values).size === 1500;
  }, 'they are stored');
  const headers = { authorization: `Bearer ${token}` };
  const metrics = (await api.request('GET', '/metrics', { headers })).text;
  expect(metrics).toMatch(/^luban_trace_spans_exported_total 0$/m);
  expect(Number(/^luban_trace_spans_dropped_total\{reason="full"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
});

test('without a collector in the settings nothing goes out, whatever a request asks; its trace is still named', async () => {
  const origins = new Set<string>();
  const note = (message: unknown) => origins.add(String((message as { request: { origin: unknown } }).request.origin));
  subscribe('undici:request:create', note);
  try {
    expect(readConfig({ OTEL_TRACES_SAMPLER_ARG: '1', OTEL_SERVICE_NAME: 'x' }).tracing).toBeNull();
    const { url, send, api } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_SAMPLER_ARG: '1' });
    expect((await send(1, asked)).status).toBe(200);
    const refused = await api.request('GET', '/api/v1/things/thing:none', { headers: asked });
    expect(refused.body.traceId).toBe(traceId);
    const own = await api.request('GET', '/api/v1/things/thing:none');
    expect(own.body.traceId).toMatch(/^[\da-f]{32}$/);
    await platform?.stop();
    platform = undefined;
    expect([...origins]).toEqual([url]);
    expect(receiver.requests()).toBe(0);
  } finally {
    unsubscribe('undici:request:create', note);
  }
});
