import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOtlpExporter } from './otlp-exporter.ts';
import { startOtlpReceiver } from './otlp-receiver.test-support.ts';
import { Span } from './span.ts';
import { newTraceId } from './trace-context.ts';

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let exporter: ReturnType<typeof createOtlpExporter>;
const said: string[] = [];
function makeExporter(url = `${receiver.url}/v1/traces`) {
  const lines = (_level: string, event: string) => void said.push(event);
  return createOtlpExporter({ url, headers: { authorization: 'Bearer x' }, resource: { 'service.name': 'a' }, lines });
}
beforeEach(async () => {
  said.length = 0;
  receiver = await startOtlpReceiver();
  exporter = makeExporter();
});
afterEach(async () => {
  await exporter.stop();
  await receiver.stop();
});

function makeSpan(startMs = 1_790_000_000_000.25, endMs = startMs + 2.5) {
  const links = [{ traceId: newTraceId(), spanId: '00f067aa0ba902b7' }];
  const attributes = { text: '鲁班', whole: 7, part: 0.5, yes: true };
  const span = new Span({
    name: 'work',
    kind: 'internal',
    traceId: newTraceId(),
    parentId: null,
    startMs,
    attributes,
    links,
  });
  span.endMs = endMs;
  return span;
}
const put = (count: number) => {
  for (let i = 0; i < count; i++) exporter.put(makeSpan());
};

test('a span arrives whole, with its times to the microsecond', async () => {
  const span = makeSpan();
  span.failure = 'broke';
  exporter.put(span);
  await expect.poll(() => receiver.spans.length).toBe(1);
  const [received] = receiver.spans;
  expect(received).toMatchObject({
    ...{ traceId: span.traceId, spanId: span.spanId, name: 'work', kind: 1, failure: 'broke', service: 'a' },
    attributes: { text: '鲁班', whole: 7, part: 0.5, yes: true },
    links: [{ spanId: '00f067aa0ba902b7' }],
  });
  expect(Number(received!.startNs / 1000n)).toBeCloseTo(span.startMs * 1000, -1);
  expect(Number(received!.endNs - received!.startNs) / 1e6).toBeCloseTo(2.5, 2);
  expect(receiver.headers[0]).toMatchObject({ authorization: 'Bearer x' });
  expect(receiver.faults).toEqual([]);
});

test('many spans go in few requests, and none is lost or sent twice', async () => {
  put(1500);
  await expect.poll(() => receiver.spans.length).toBe(1500);
  expect(receiver.requests()).toBeLessThan(10);
  expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(1500);
  await expect.poll(() => exporter.counts().exported).toBe(1500);
});

test('while the collector answers nothing no more waits than there is room for; what is beyond is counted', async () => {
  receiver.will('hang');
  put(10_000);
  expect(exporter.counts().dropped.full).toBeGreaterThan(5000);
  await expect.poll(() => receiver.requests()).toBe(1);
  await exporter.stop();
  const { exported, dropped } = exporter.counts();
  expect(exported).toBe(0);
  expect(dropped.full + dropped.failed).toBe(10_000);
});

test('a collector that is away costs the spans of that time, is told of once, and gets those that come later', async () => {
  receiver.will('refuse');
  put(1);
  await expect.poll(() => exporter.counts().dropped.failed).toBe(1);
  put(1);
  await expect.poll(() => exporter.counts().dropped.failed).toBe(2);
  receiver.will('take');
  put(1);
  await expect.poll(() => exporter.counts().exported).toBe(1);
  expect(said).toEqual(['traces not taken', 'traces are taken again']);
});

test('what the collector takes the request with but throws away is counted', async () => {
  receiver.will('reject-all');
  put(3);
  await expect.poll(() => exporter.counts()).toEqual({ exported: 0, dropped: { full: 0, failed: 0, rejected: 3 } });
});

test('a stop sends what still waits', async () => {
  put(300);
  await exporter.stop();
  expect(receiver.spans.length).toBe(300);
});

test('an address where nobody listens fails alike', async () => {
  exporter = makeExporter('http://127.0.0.1:1/v1/traces');
  put(1);
  await expect.poll(() => exporter.counts().dropped.failed).toBe(1);
});
