/**
 * What is known of one bucket from some of its samples. Numbers and booleans count; other kinds are passed over unless
 * their quality is bad. Values of bad quality are in `bad` only, and end the holding of the value before them.
 */
export interface BucketPart {
  readonly startUs: number;
  readonly count: number;
  readonly bad: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Times of the oldest and the newest sample, bad ones too. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** The value that holds after the newest sample; null when that one is bad. */
  readonly holds: number | null;
  /** Sum of value × µs that it held, each until the next sample or the end of the bucket; and of those µs. */
  readonly weighted: number;
  readonly weightUs: number;
}
