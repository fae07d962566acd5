import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { errorLine, type LogLines } from '../log-lines.ts';
import { version } from '../version.ts';
import { createOtlpExporter } from './otlp-exporter.ts';
import { Span, type SpanAttributes, type SpanKind, type SpanPlace } from './span.ts';
import { newTraceId, type TraceContext } from './trace-context.ts';

export interface TracingConfig {
  /** Of the collector that takes the spans. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Of the work that nobody asked to trace, so much is traced: 0 none, 1 all. */
  readonly ratio: number;
}

interface RootOptions {
  readonly kind: SpanKind;
  /** What the caller says of its trace. */
  readonly context?: TraceContext | null;
  /** Of a trace that begins here. */
  readonly traceId?: string;
  readonly attributes?: SpanAttributes;
}

export type Tracing = ReturnType<typeof createTracing>;

/** Lines that say which trace they belong to. */
export function traceLines(write: LogLines, tracing: Tracing): LogLines {
  return (level, event, fields) => {
    const span = tracing.current();
    write(level, event, span === undefined ? fields : { traceId: span.traceId, ...fields });
  };
}

function childOf({ traceId, spanId: parentId, root }: Span) {
  return { traceId, parentId, root };
}

/** Appends whose samples are not stored yet, remembered to link the block that stores them. */
const maxRemembered = 1024;

/**
 * Traces of requests and messages, for as long as somebody asked for them: by the sampled flag of `traceparent`, or by
 * the ratio. There is one only where a collector is set; the rest of the product has `undefined` instead of it.
 */
export function createTracing({ url, headers, serviceName, ratio }: TracingConfig, lines: LogLines) {
  const exporter = createOtlpExporter({
    ...{ url, headers, lines },
    resource: {
      'service.name': serviceName,
      'service.version': version,
      'service.instance.id': randomUUID(),
      'host.name': hostname(),
      'process.pid': process.pid,
    },
  });
  const storage = new AsyncLocalStorage<Span>();
  /** Roots that have not ended. While there is none the storage is off: on Node 20 it makes every promise dearer. */
  let open = 0;
  const appended = new Map<number, SpanPlace>();
  const now = () => performance.timeOrigin + performance.now();

  function current(): Span | undefined {
    if (open === 0) return undefined;
    const span = storage.getStore();
    // What a request has left running, or a connection that it opened, is no part of it once it has been answered.
    return span === undefined || span.root.endMs !== null ? undefined : span;
  }

  function finish(span: Span, endMs: number): void {
    span.endMs = endMs;
    exporter.put(span);
  }

  return {
    /** The span that the work of this moment belongs to. */
    current,
    /** The first span of ours in a trace, if this one is to be traced. Whoever gets it ends it with `endRoot`. */
    root(name: string, { kind, context = null, traceId, attributes = {} }: RootOptions): Span | undefined {
      if (context === null ? Math.random() >= ratio : !context.sampled) return undefined;
      open++;
      const begun = { name, kind, startMs: now(), attributes };
      return context === null
        ? new Span({ ...begun, traceId: traceId ?? newTraceId(), parentId: null })
        : new Span({ ...begun, traceId: context.traceId, parentId: context.spanId });
    },
    endRoot(span: Span): void {
      if (span.endMs !== null) return;
      finish(span, now());
      open--;
      if (open === 0) storage.disable();
    },
    /** Does `work` as a part of `span`. */
    within: <T>(span: Span, work: () => T): T => storage.run(span, work),
    /** Does `work` as a span of its own in the trace of this moment, if there is one. */
    async part<T>(name: string, attributes: SpanAttributes, work: (span?: Span) => Promise<T> | T): Promise<T> {
      const parent = current();
      if (parent === undefined) return work();
      const span = new Span({ ...childOf(parent), name, kind: 'internal', startMs: now(), attributes });
      try {
        return await storage.run(span, work, span);
      } catch (error) {
        span.failure = errorLine(error);
        throw error;
      } finally {
        finish(span, now());
      }
    },
    /** What took `ms` until now, in the trace of this moment. */
    past(name: string, kind: SpanKind, attributes: SpanAttributes, ms: number, failure: string | null = null): void {
      const parent = current();
      if (parent === undefined) return;
      const endMs = now();
      const span = new Span({ ...childOf(parent), name, kind, startMs: endMs - ms, attributes });
      span.failure = failure;
      finish(span, endMs);
    },
    /** The log has what `span` appended. */
    remember(position: number, span: SpanPlace): void {
      if (appended.size < maxRemembered) appended.set(position, span);
    },
    /** A trace of its own for a block of the log that took `ms` until now, linked to the traces that appended to it. */
    block(name: string, { from, to }: { from: number; to: number }, attributes: SpanAttributes, ms: number): void {
      const links: SpanPlace[] = [];
      for (const [position, span] of appended) {
        if (position >= to) continue;
        appended.delete(position);
        if (position >= from) links.push(span);
      }
      if (links.length === 0 && Math.random() >= ratio) return;
      const endMs = now();
      const places = { 'luban.log.from': from, 'luban.log.to': to };
      const begun = { name, kind: 'consumer' as const, traceId: newTraceId(), parentId: null, startMs: endMs - ms };
      finish(new Span({ ...begun, links, attributes: { ...places, ...attributes } }), endMs);
    },
    counts: exporter.counts,
    stop: exporter.stop,
  };
}
