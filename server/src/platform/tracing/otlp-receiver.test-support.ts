import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** The published names and numbers of the protocol's fields, for a receiver that knows nothing of our sender. */
const schema = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; bytes bytes_value = 7; }
}
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16;
  string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated Link links = 13; Status status = 15;
  enum SpanKind {
    SPAN_KIND_UNSPECIFIED = 0; SPAN_KIND_INTERNAL = 1; SPAN_KIND_SERVER = 2; SPAN_KIND_CLIENT = 3; SPAN_KIND_PRODUCER = 4; SPAN_KIND_CONSUMER = 5;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; fixed32 flags = 6; }
}
message Status { string message = 2; StatusCode code = 3; enum StatusCode { STATUS_CODE_UNSET = 0; STATUS_CODE_OK = 1; STATUS_CODE_ERROR = 2; } }
`;
const requestType = protobuf.parse(schema).root.lookupType('ExportTraceServiceRequest');
const idLengths: Record<string, number> = { traceId: 32, spanId: 16, parentSpanId: 16 };

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { traceId: string; spanId: string }[];
  readonly failure: string | undefined;
  readonly service: string;
}

/** A collector on a port of its own that refuses what is not OTLP in its JSON form, field by field. */
export async function startOtlpReceiver() {
  const spans: ReceivedSpan[] = [];
  const faults: string[] = [];
  const headers: Record<string, unknown>[] = [];
  let requests = 0;
  /** What it does with the next requests. */
  let answer: 'take' | 'refuse' | 'reject-all' | 'hang' = 'take';
  const server = createServer((request, response) => {
    requests++;
    headers.push(request.headers);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (answer === 'hang') return;
      if (answer === 'refuse') return response.writeHead(503).end();
      response.setHeader('content-type', 'application/json');
      try {
        if (request.method !== 'POST' || request.url !== '/v1/traces')
          throw new Error(`${request.method} ${request.url}`);
        if (request.headers['content-type'] !== 'application/json') throw new Error('not application/json');
        const received = read(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        if (answer === 'take') spans.push(...received);
        const rejectedSpans = String(received.length);
        response.end(
          JSON.stringify(answer === 'take' ? {} : { partialSuccess: { rejectedSpans, errorMessage: 'no' } }),
        );
      } catch (error) {
        faults.push(String(error));
        response.writeHead(400).end(JSON.stringify({ message: String(error) }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    faults,
    headers,
    requests: () => requests,
    will(what: typeof answer): void {
      answer = what;
    },
    async stop(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: it is checked against the schema before anybody looks into it
function read(body: any): ReceivedSpan[] {
  check(body, requestType, '');
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return body.resourceSpans.flatMap((group: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    group.scopeSpans.flatMap((scope: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      scope.spans.map((span: any) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        startNs: BigInt(span.startTimeUnixNano),
        endNs: BigInt(span.endTimeUnixNano),
        attributes: plain(span.attributes),
        links: span.links ?? [],
        failure: span.status?.code === 2 ? span.status.message : undefined,
        service: plain(group.resource.attributes)['service.name'],
      })),
    ),
  );
}

/** Every key is a field of the message by its published name, every value in the JSON form of the field's type. */
function check(value: unknown, type: protobuf.Type, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${path} is no object`);
  for (const [key, given] of Object.entries(value)) {
    const field = type.fields[key]?.resolve();
    if (field === undefined) throw new Error(`${path}.${key} is no field of ${type.name}`);
    if (field.repeated !== Array.isArray(given)) throw new Error(`${path}.${key} is a list or is not`);
    for (const one of field.repeated ? (given as unknown[]) : [given])
      if (field.resolvedType instanceof protobuf.Type) check(one, field.resolvedType, `${path}.${key}`);
      else if (!isScalar(one, field)) throw new Error(`${path}.${key}: ${JSON.stringify(one)} is no ${field.type}`);
  }
  if (type.name === 'Span')
    for (const key of ['traceId', 'spanId', 'name', 'startTimeUnixNano', 'endTimeUnixNano'])
      if (!(key in value)) throw new Error(`${path} has no ${key}`);
}

function isScalar(value: unknown, { type, name, resolvedType }: protobuf.Field): boolean {
  if (resolvedType instanceof protobuf.Enum) return Object.values(resolvedType.values).includes(value as number);
  switch (type) {
    case 'bytes':
      return (
        typeof value === 'string' && /^[\da-f]+$/.test(value) && !/^0+$/.test(value) && value.length === idLengths[name]
      );
    case 'fixed64':
    case 'int64':
      return typeof value === 'string' && /^-?\d+$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value);
    case 'fixed32':
    case 'uint32':
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    default:
      return typeof value === type;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: checked before
function plain(attributes: any[]): Record<string, any> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, 'intValue' in value ? Number(value.intValue) : Object.values(value)[0]]),
  );
}
