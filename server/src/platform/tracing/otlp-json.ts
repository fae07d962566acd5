import type { Span, SpanAttributes, SpanKind, SpanPlace } from './span.ts';

/** The numbers of the protocol. */
const kinds: Record<SpanKind, number> = { internal: 1, server: 2, client: 3, consumer: 5 };
const statusError = 2;

/** Spans as the body of an OTLP export request in its JSON form: ids in hex, 64-bit numbers as text. */
export function otlpTraces(spans: readonly Span[], resource: SpanAttributes, version: string): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: 'luban', version }, spans: spans.map(spanJson) }],
      },
    ],
  });
}

function spanJson(span: Span) {
  return {
    ...place(span),
    ...(span.parentId !== null && { parentSpanId: span.parentId }),
    flags: 1,
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs ?? span.startMs),
    attributes: keyValues(span.attributes),
    ...(span.links.length > 0 && { links: span.links.map((link) => ({ ...place(link), flags: 1 })) }),
    ...(span.failure !== null && { status: { code: statusError, message: span.failure } }),
  };
}

function place({ traceId, spanId }: SpanPlace) {
  return { traceId, spanId };
}

/** In two parts: as one number it would be beyond what a number holds exactly. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`;
}

function keyValues(attributes: SpanAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
