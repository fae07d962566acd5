import type { TimeSpan } from '../part-sql.ts';

/** Where the server that stores has come to. Positions are of the log. */
export interface StoreState {
  /** Everything before it is stored. */
  readonly inserted: number;
  /** Everything before it can be read there. */
  readonly read: number;
  /** Another with each deletion. */
  readonly deletions: string;
  readonly deleting: boolean;
}

export interface RawSpans {
  /** Which of the span is to be read from the samples; the rest is in the roll-ups. */
  readonly spans: readonly TimeSpan[];
  /** Another whenever sums by minute have changed. */
  readonly sums: string;
}

/** What servers that only read ask of the one that stores. Undefined: none does, or it does not answer. */
export interface FollowedStore {
  state(): Promise<StoreState | undefined>;
  rawSpans(tenant: number, series: readonly number[], span: TimeSpan): Promise<RawSpans | undefined>;
  /** Resolves to true when all that the log holds now is stored. */
  drain(): Promise<true | undefined>;
}
