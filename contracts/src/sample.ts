import { z } from 'zod';
import { isQualityCode, qualityReasons } from './quality.ts';

/** Integer microseconds since 1970-01-01T00:00:00Z: exact in a number until the year 2255. */
export type Micros = number;

/** One data series of the platform: the number that a point has on the wire and in storage, 1 … 2³²−1. */
export type Series = number & { readonly __series: true };

export const maxSeries = 0xffff_ffff;

export function toSeries(value: number): Series {
  if (!Number.isInteger(value) || value < 1 || value > maxSeries) throw new TypeError(`not a series: ${value}`);
  return value as Series;
}

/** The range is what makes the brand true; zod cannot carry it in the type. */
export const seriesSchema = z.int().min(1).max(maxSeries) as unknown as z.ZodType<Series, Series>;

/** What a point's value is. The order is the wire code (two bits and more of `status`): append only. */
export const valueKinds = ['number', 'boolean', 'string', 'json', 'none'] as const;
export type ValueKind = (typeof valueKinds)[number];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** `null` only with bad quality: nothing was read. */
export type SampleValue = number | boolean | string | Json;

/**
 * The status word of a stored sample, 16 bits: quality code in bits 0–7, simulated in bit 8, value kind in bits 9–11.
 * One word, so that a batch in which all is well carries it once.
 */
export type Status = number;
export const simulatedBit = 0x100;

export function packStatus(quality: number, simulated: boolean, kind: ValueKind): Status {
  return quality | (simulated ? simulatedBit : 0) | (valueKinds.indexOf(kind) << 9);
}
export function statusQuality(status: Status): number {
  return status & 0xff;
}
export function statusSimulated(status: Status): boolean {
  return (status & simulatedBit) !== 0;
}
export function statusKind(status: Status): ValueKind {
  return valueKinds[(status >> 9) & 7] ?? 'none';
}
/** False for bits that this version gives no meaning. */
export function isStatus(status: number): boolean {
  return status >> 12 === 0 && status >> 9 < valueKinds.length && isQualityCode(status & 0xff);
}

/** A sample as the edge and the readings carry it. `time` is the source's clock, `arrival` the platform's. */
export interface Sample {
  readonly series: Series;
  readonly time: Micros;
  readonly value: SampleValue;
  readonly quality: number;
  readonly simulated: boolean;
}

/** Any JSON value. Recursive, so it has a name of its own in the API document. */
export const json: z.ZodType<Json, Json> = z
  .lazy(() => z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]))
  .meta({ id: 'Json' });

/** A sample as the API shows it. Times are integer microseconds since 1970 UTC. */
export const reading = z.object({
  time: z.int().meta({ description: 'Source time, µs since 1970 UTC' }),
  arrival: z.int().meta({ description: 'When the platform took it, µs since 1970 UTC' }),
  /** Number, boolean, string or JSON; null when nothing could be read. */
  value: json,
  quality: z.enum(['good', 'uncertain', 'bad']),
  reason: z.enum(qualityReasons as [string, ...string[]]),
  simulated: z.boolean(),
});
export type Reading = z.infer<typeof reading>;

/** Series in an address: `1,2,3`. */
export const seriesList = z
  .string()
  .max(12_000)
  .regex(/^\d+(,\d+)*$/, 'series numbers, separated by commas')
  .meta({ description: 'Series numbers, separated by commas', examples: ['1,2,3'] });
