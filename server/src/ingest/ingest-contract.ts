import type { Batch, Sample } from '@luban/contracts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';
import type { RefusalCount, Refused, RefusedReason } from './refusal-counts.ts';

export type IngestRefusal = Extract<IngestOutcome, { ok: false }>['reason'];

/** Of one tenant, since the start. */
export interface IngestCounts {
  samples: number;
  messages: number;
  refused: Record<RefusedReason, { samples: number; batches: number }>;
}

/** The one way in for samples: every door ends here. `ok` means that the samples are on disk. */
export interface Ingest {
  /**
   * A batch as it came from the wire. Batches that became durable together have the same promise, so that an answer to
   * each costs little.
   */
  accept(sender: Sender, encoded: Uint8Array): IngestOutcome | Promise<IngestOutcome>;
  acceptSamples(sender: Sender, given: readonly Sample[]): IngestOutcome | Promise<IngestOutcome>;
  /** Samples that are columns already. */
  acceptColumns(sender: Sender, batch: Batch): IngestOutcome | Promise<IngestOutcome>;
  /** Of one tenant, since the start. */
  rates(tenantNumber: number): { samplesPerSecond: number; messagesPerSecond: number };
  /** By the tenant's number, since the start. */
  counts(): Map<number, IngestCounts>;
  /** A door has refused what it could not make samples of. */
  refused(sender: Sender, what: Refused): void;
  /** Since the start. */
  refusals(): Iterable<RefusalCount>;
  /** Samples of all tenants that were acknowledged since the start. */
  total(): number;
}
