import { z } from 'zod';
import { reading, seriesSchema } from './sample.ts';

/** Most rows that one read of history returns; the API says when there are more. */
export const maxRangeRows = 50_000;
export const maxBuckets = 5_000;

export const latestReading = z.object({
  series: seriesSchema,
  /** Null: no sample was ever stored. */
  reading: reading.nullable(),
  /** Twice the longest normal silence has passed. */
  stale: z.boolean(),
});
export type LatestReading = z.infer<typeof latestReading>;

export const seriesReadings = z.object({
  series: seriesSchema,
  readings: z.array(reading),
  /** True when the range holds more than was asked for: go on from the last time. */
  more: z.boolean(),
});
export type SeriesReadings = z.infer<typeof seriesReadings>;

/**
 * One bucket of history, half open [start, start + width). Numbers only, over samples that are not bad; all of them
 * null where there is none. `bad` counts the bad ones apart.
 */
export const bucket = z.object({
  start: z.int().meta({ description: 'µs since 1970 UTC' }),
  count: z.int(),
  bad: z.int(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  mean: z.number().nullable(),
  first: z.number().nullable(),
  last: z.number().nullable(),
  /** Time-weighted mean (each value holds until the next one, OPC UA Part 13 TimeAverage2 with stepped interpolation). */
  timeMean: z.number().nullable(),
});
export type Bucket = z.infer<typeof bucket>;
export const seriesBuckets = z.object({ series: seriesSchema, widthUs: z.int(), buckets: z.array(bucket) });
export type SeriesBuckets = z.infer<typeof seriesBuckets>;
