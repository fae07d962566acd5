/** Who sends: an edge, a thing by itself, or a user in the name of a thing. */
export interface Sender {
  readonly tenantNumber: number;
  /** What series must be owned by (`SeriesDirectory`). */
  readonly number: number;
}

export type IngestOutcome =
  | { ok: true }
  | { ok: false; reason: 'malformed' | 'not-authorized' | 'unavailable'; message: string };
