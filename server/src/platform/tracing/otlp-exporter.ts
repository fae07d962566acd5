import { z } from 'zod';
import { errorLine, type LogLines } from '../log-lines.ts';
import { version } from '../version.ts';
import { otlpTraces } from './otlp-json.ts';
import type { Span, SpanAttributes } from './span.ts';

interface OtlpExporterOptions {
  /** Of the collector, with its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: SpanAttributes;
  readonly lines: LogLines;
}

const maxWaiting = 4096;
const maxBatch = 256;
const gatherMs = 1000;
const maxPauseMs = 30_000;
const timeoutMs = 10_000;
/** What a stop waits for at most. */
const lastFlushMs = 2000;

const answerSchema = z.object({
  partialSuccess: z.object({ rejectedSpans: z.coerce.number().int().min(0).default(0) }).optional(),
});

/**
 * Sends finished spans to a collector by OTLP over HTTP, one request at a time, beside everything else. Spans are worth
 * less than samples: what the collector does not take, or no room is left for, is dropped and counted.
 */
export function createOtlpExporter({ url, headers, resource, lines }: OtlpExporterOptions) {
  const waiting: Span[] = [];
  const counts = { exported: 0, dropped: { full: 0, failed: 0, rejected: 0 } };
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let failedInRow = 0;

  function schedule(): void {
    if (timer !== undefined || sending !== undefined || waiting.length === 0 || stopping.signal.aborted) return;
    const pauseMs = Math.min(maxPauseMs, gatherMs * 2 ** failedInRow);
    timer = setTimeout(start, failedInRow === 0 && waiting.length >= maxBatch ? 0 : pauseMs);
    timer.unref();
  }

  function start(): void {
    timer = undefined;
    sending = send().finally(() => {
      sending = undefined;
      schedule();
    });
  }

  async function send(): Promise<void> {
    const batch = waiting.splice(0, maxBatch);
    try {
      const rejected = Math.min(await post(batch), batch.length);
      counts.dropped.rejected += rejected;
      counts.exported += batch.length - rejected;
      if (failedInRow > 0) lines('info', 'traces are taken again', {});
      failedInRow = 0;
    } catch (error) {
      counts.dropped.failed += batch.length;
      if (failedInRow === 0) lines('warn', 'traces not taken', { cause: errorLine(error) });
      failedInRow = Math.min(failedInRow + 1, 10);
    }
  }

  /** How many of them the collector threw away. */
  async function post(batch: readonly Span[]): Promise<number> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: otlpTraces(batch, resource, version),
      redirect: 'error',
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the collector answered ${response.status}`);
    if (text === '' || !response.headers.get('content-type')?.includes('json')) return 0;
    return answerSchema.parse(JSON.parse(text)).partialSuccess?.rejectedSpans ?? 0;
  }

  return {
    put(span: Span): void {
      if (waiting.length >= maxWaiting || stopping.signal.aborted) counts.dropped.full++;
      else waiting.push(span);
      if (waiting.length === 1 || waiting.length === maxBatch) hurry();
    },
    counts: () => counts,
    /** Sends what waits, for two seconds at most. */
    async stop(): Promise<void> {
      clearTimeout(timer);
      const deadline = setTimeout(() => stopping.abort(), lastFlushMs);
      await sending;
      while (waiting.length > 0 && failedInRow === 0 && !stopping.signal.aborted) await send();
      clearTimeout(deadline);
      stopping.abort();
      clearTimeout(timer);
      counts.dropped.failed += waiting.splice(0).length;
    },
  };

  function hurry(): void {
    if (waiting.length >= maxBatch && failedInRow === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
    schedule();
  }
}
