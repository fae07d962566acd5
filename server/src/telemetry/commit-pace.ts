export interface SinceCommit {
  readonly ageMs: number;
  /** Samples inserted since. */
  readonly rows: number;
  /** Series with another latest value since. */
  readonly changed: number;
}

/** What a start reads again from the log is at most this old … */
const everyMs = 10_000;
/** … or this, where ever more series send seldom. */
const atLatestMs = 60_000;
const many = 20_000;
const rowsEach = 4;

/**
 * In how many milliseconds the latest values are to be saved, and with them the place in the log. Where many series send
 * seldom nearly each sample is a latest value: saved as often as else, they would cost as much as the samples.
 */
export function commitDueInMs({ ageMs, rows, changed }: SinceCommit): number {
  const worth = changed <= many || rows >= rowsEach * changed;
  return Math.max(0, (worth ? everyMs : atLatestMs) - ageMs);
}
