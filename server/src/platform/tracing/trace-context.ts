import { randomBytes, randomUUID } from 'node:crypto';

/** What a request says of the trace that it belongs to (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string;
  /** Of the caller's span. */
  readonly spanId: string;
  /** The caller records its own spans, and asks that we do. */
  readonly sampled: boolean;
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Null where there is none or it is broken: then the trace begins here. */
export function parseTraceparent(header: unknown): TraceContext | null {
  if (typeof header !== 'string') return null;
  const [, version, traceId = '', spanId = '', flags = '', more] = form.exec(header.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function newTraceId(): string {
  return randomUUID().replaceAll('-', '');
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
