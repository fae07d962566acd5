import { z } from 'zod';
import { seriesSchema } from './sample.ts';

/**
 * The aggregates of OPC UA Part 13 that this platform computes, by their standard names (first letter small).
 * Durations are in ms, `total` in unit × seconds.
 */
export const aggregateFunctions = [
  'interpolative',
  'average',
  'timeAverage',
  'timeAverage2',
  'total',
  'minimum',
  'maximum',
  'minimumActualTime',
  'maximumActualTime',
  'range',
  'count',
  'start',
  'end',
  'delta',
  'durationGood',
  'durationBad',
  'percentGood',
  'percentBad',
  'worstQuality',
  'durationInStateZero',
  'durationInStateNonZero',
  'numberOfTransitions',
  'standardDeviationSample',
  'standardDeviationPopulation',
] as const;
export type AggregateFunction = (typeof aggregateFunctions)[number];

/** Those that have a meaning for values that are not numbers. Booleans count as 0 and 1. */
export const anyTypeAggregates: readonly AggregateFunction[] = [
  'count',
  'start',
  'end',
  'durationGood',
  'durationBad',
  'percentGood',
  'percentBad',
  'worstQuality',
  'numberOfTransitions',
];

/** AggregateConfiguration of Part 13, with the standard's defaults; booleans are always stepped. */
export const aggregateConfiguration = z.object({
  treatUncertainAsBad: z.boolean(),
  /** From this share of bad data on a result is bad. */
  percentDataBad: z.number().min(0).max(100),
  /** From this share of good data on a result is good; between the two it is uncertain. */
  percentDataGood: z.number().min(0).max(100),
  useSlopedExtrapolation: z.boolean(),
  /** True: a value holds until the next one. False: a straight line leads to it. */
  stepped: z.boolean(),
});
export type AggregateConfiguration = z.infer<typeof aggregateConfiguration>;
export const standardConfiguration: AggregateConfiguration = {
  treatUncertainAsBad: true,
  percentDataBad: 100,
  percentDataGood: 100,
  useSlopedExtrapolation: false,
  stepped: false,
};

/** One result: of one function for one interval. */
export const aggregateResult = z.object({
  /** Start of the interval, or the time of the sample that is the result; µs since 1970 UTC. */
  time: z.int(),
  /** Null when there is none: the status is bad then. `worstQuality` gives good, uncertain or bad. */
  value: z.union([z.number(), z.boolean(), z.string(), z.null(), z.unknown()]),
  /** The status codes of the standard that can occur. */
  status: z.enum(['Good', 'Uncertain', 'UncertainDataSubNormal', 'Bad', 'BadNoData']),
  /** Where the value comes from. */
  source: z.enum(['raw', 'calculated', 'interpolated']),
  /** The interval is not covered by data to both its ends. */
  partial: z.boolean(),
  /** More than one sample of the interval has this value. */
  multipleValues: z.boolean(),
});
export type AggregateResult = z.infer<typeof aggregateResult>;
export const seriesAggregates = z.object({
  series: seriesSchema,
  aggregates: z.array(z.object({ function: z.enum(aggregateFunctions), results: z.array(aggregateResult) })),
});
export type SeriesAggregates = z.infer<typeof seriesAggregates>;
