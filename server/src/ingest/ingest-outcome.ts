import type { ThingId } from '@luban/contracts';

/** Who sends: an edge, a thing by itself, or a user in the name of a thing. */
export interface Sender {
  readonly tenantNumber: number;
  /** What series must be owned by (`SeriesDirectory`). */
  readonly number: number;
  /** Of a thing by itself: what is refused is shown with it. */
  readonly thing?: ThingId;
}

export type IngestOutcome =
  | { ok: true }
  | { ok: false; reason: 'malformed' | 'not-authorized' | 'unavailable'; message: string };
