import type { RetentionPolicy } from '@luban/contracts';

/** One series: what comes in a day, and what is kept of it. */
interface Daily {
  readonly policy: RetentionPolicy;
  readonly samples: number;
  /** Hours of a day with any sample. */
  readonly hours: number;
}

interface RowBytes {
  readonly sampleBytes: number | null;
  readonly minuteBytes: number | null;
  readonly hourBytes: number | null;
}

/** Where none was written yet: as measured on values of two decimals, one a second. */
const usual = { sampleBytes: 1.9, minuteBytes: 40, hourBytes: 60 };

/** Bytes on disk after so many days. A minute with a sample has a row, at most as many as there are samples. */
export function bytesAfter(days: number, { policy, samples, hours }: Daily, bytes: RowBytes): number {
  const kept = (limit: number | null) => (limit === null ? days : Math.min(days, limit));
  return (
    samples * kept(policy.sampleDays) * (bytes.sampleBytes ?? usual.sampleBytes) +
    Math.min(samples, hours * 60) * kept(policy.minuteDays) * (bytes.minuteBytes ?? usual.minuteBytes) +
    hours * kept(policy.hourDays) * (bytes.hourBytes ?? usual.hourBytes)
  );
}
