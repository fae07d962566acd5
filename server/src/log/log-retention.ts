/** Stored samples leave the log after this long: time enough to replay what a restored backup of the store lacks. */
export const maxAgeMs = 10 * 60_000;
export const trimIntervalMs = 5_000;
