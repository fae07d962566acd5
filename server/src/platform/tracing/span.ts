import { newSpanId } from './trace-context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'consumer';
export type SpanAttributes = Record<string, string | number | boolean>;
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

interface SpanBeginning {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly parentId: string | null;
  readonly startMs: number;
  readonly attributes: SpanAttributes;
  readonly links?: readonly SpanPlace[];
  /** The first span of ours in its trace; left out: it is that itself. */
  readonly root?: Span;
}

/** One piece of work of a trace. Attributes never hold what a person typed or a secret: they leave the platform. */
export class Span implements SpanPlace {
  readonly spanId = newSpanId();
  readonly traceId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** ms since 1970 UTC, with fractions. */
  readonly startMs: number;
  endMs: number | null = null;
  readonly attributes: SpanAttributes;
  readonly links: readonly SpanPlace[];
  readonly root: Span;
  /** Why it failed. */
  failure: string | null = null;

  constructor({ name, kind, traceId, parentId, startMs, attributes, links = [], root }: SpanBeginning) {
    this.traceId = traceId;
    this.parentId = parentId;
    this.name = name;
    this.kind = kind;
    this.startMs = startMs;
    this.attributes = attributes;
    this.links = links;
    this.root = root ?? this;
  }
}
